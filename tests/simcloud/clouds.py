"""What the engine must know of a cloud: `tests/simcloud/<cloud>/face.py` has these names.

Kinds that all clouds have are called the same in their tables: vpc, subnet, securityGroup, instance, eip,
fileSystem, mountTarget. Of their properties the engine reads those that are called the same everywhere
(cidrBlock, vpcId, privateIp, instanceType, tags); the rest it asks a face for.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.kind import Kind
from tests.simcloud.store import Account, Record

Answer = dict[str, Any]
LookUp = Callable[[Account, Answer, str], Answer]
Side = Literal["in", "out"]
DEFAULT = "aws"


@dataclass(frozen=True)
class Rule:
    """One rule of a security group. Its other side is a `cidr`, the members of a `group`, or `blocks`."""

    protocol: str
    first: int | None = None
    last: int | None = None
    cidr: str = ""
    group: str = ""
    blocks: tuple[str, ...] = ()
    verdict: Literal["accept", "drop"] = "accept"
    priority: int = 1


@dataclass(frozen=True)
class Mapped:
    """A public address that leads to a private one."""

    id: str
    public: str
    private: str
    vpc: str


@dataclass(frozen=True)
class Target:
    """Where a file system is mounted from. `lets_in`: nftables' matches; `tls`: it speaks nothing else."""

    vpc: str
    address: str
    name: str
    file_system: str
    lets_in: tuple[str, ...]
    tls: bool


class Codes(Protocol):
    """The API's codes of what the engine itself refuses."""

    address_outside: str
    address_taken: str
    addresses_used_up: str
    other_network: str
    exists: str
    throttled: str

    @staticmethod
    def not_found(kind: str) -> str: ...


class Face(Protocol):
    """A module. `METADATA` is the metadata service's address, `BY_HOOKS` what hooks compute, by kind."""

    NAME: str
    TITLE: str
    VERSION: str
    ACCOUNT: str
    METADATA: str
    HOOKS: Mapping[str, Hooks]
    LOOK_UPS: Mapping[str, LookUp]
    BY_HOOKS: Mapping[str, tuple[str, ...]]
    CODES: type[Codes]

    @staticmethod
    def region(given: Mapping[str, Any]) -> str: ...

    @staticmethod
    def told(refusal: RefusedError, action: str, kind: str, operation: str) -> str: ...

    @staticmethod
    def new_id(prefix: str) -> str: ...

    @staticmethod
    def follows(kind: Kind, inputs: Mapping[str, Any]) -> Mapping[str, Any]: ...

    @staticmethod
    def implied(account: Account, target: str, identity: str) -> bool: ...

    @staticmethod
    def replaced(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]: ...

    @staticmethod
    def of_next_version(kind: Kind) -> tuple[str, ...]: ...

    @staticmethod
    def addresses(account: Account) -> set[str]: ...

    @staticmethod
    def groups_of(account: Account, instance: Record) -> list[str]: ...

    @staticmethod
    def members(account: Account) -> Mapping[str, set[str]]: ...

    @staticmethod
    def rules(account: Account, groups: list[str], side: Side) -> Iterable[Rule]: ...

    @staticmethod
    def mapped(account: Account) -> Iterable[Mapped]: ...

    @staticmethod
    def targets(account: Account) -> Iterable[Target]: ...

    @staticmethod
    def names(account: Account, instance: Record) -> list[tuple[str, str]]: ...

    @staticmethod
    def user_data(props: Mapping[str, Any]) -> bytes: ...

    @staticmethod
    def device(disk: str) -> str: ...

    @staticmethod
    def memory_gib(instance_type: str) -> float: ...

    @staticmethod
    def environment(account: Account, instance: Record) -> Mapping[str, str]: ...

    @staticmethod
    def files(instance: Record) -> Mapping[str, tuple[int, bytes]]: ...

    @staticmethod
    def instance(account: Account, record: Record) -> Mapping[str, Any]: ...

    @staticmethod
    def parameters(account: Account) -> Mapping[str, Any]: ...

    @staticmethod
    def start() -> None: ...


def named(cloud: str) -> Face:
    return cast(Face, importlib.import_module(f"tests.simcloud.{cloud}.face"))


def of(account: Account) -> Face:
    """The cloud of an account; an account that holds nothing is of any."""
    return named(account.cloud or DEFAULT)
