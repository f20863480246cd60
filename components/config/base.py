"""What every model of the configuration is built from."""

from collections.abc import Mapping
from enum import Enum
from typing import ClassVar, Never

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


def stack_file_key(attribute: str) -> str:
    """`memory_gib` is `memoryGiB` in a stack file."""
    return to_camel(attribute).replace("Gib", "GiB")


class Model(BaseModel):
    """Closed and frozen: an unknown key is an error, and nobody changes a value after loading.

    `ELSEWHERE`: keys that people look for here and that are said otherwise, with how.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        alias_generator=stack_file_key,
        # Programs and tests say `Pool(memory_gib=2)`; a stack file's keys are checked by alias only.
        validate_by_name=True,
        validate_by_alias=True,
    )


class Change(Enum):
    """What a changed value does to a stack that is up. Every field carries one."""

    IN_PLACE = "in place"
    WORKERS = "adds or removes only the workers that it names"
    NEW_MACHINES = "in place; machines that are up keep what they were made with"
    MACHINE = "replaces the machine, or the machines of the pool"
    WORKER_MACHINES = "replaces every worker"
    ALL_MACHINES = "replaces every machine"
    SUBNETS = "adds or removes only the subnets that it names; another first one replaces every machine"
    NETWORK = "replaces the network and every machine"
    STORAGE = "replaces every machine; data in shared storage is not carried over"
    STATE = "replaces the master; its databases are not carried over to another volume"
    EVERYTHING = "replaces everything; data in shared storage is not carried over"
    PER_FIELD = "see the fields below"


def refuse(rule: str, remedy: str) -> Never:
    """Raised by a type of `types.py`: what must hold, and what to do about it. Never quotes the value."""
    raise PydanticCustomError("refused", "{rule}. {remedy}", {"rule": rule, "remedy": remedy})
