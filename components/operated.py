"""What the operator's commands ask of a cloud past Pulumi: `components/clouds/<cloud>/operate.py` answers.

Every cloud's `operate` has the same four functions, and needs no Pulumi:

    machines(place)   every machine that the stack has, also those that the platform's scaler started;
                      None where nobody but the machines themselves can be asked
    leftovers(place)  everything that still carries the stack's tags, a line each
    start(place)      starts machines that are stopped; returns their names
    check(place)      what must hold before anything is made; returns where it will be made, in one line
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class CloudError(Exception):
    """Why a cloud could not be asked, in a sentence that says what to do."""


@dataclass(frozen=True)
class Place:
    """A stack as its cloud knows it. `provider`: the stack file's keys of providers, such as aws:region.
    `own`: the project's own keys, unchecked."""

    stack: str
    team: str
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    own: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Machine:
    """One machine as its cloud sees it now.

    `node` is None for a machine of an elastic pool. `state`: running, or the cloud's own word for anything
    else. `age` is seconds since it was started.
    """

    id: str
    state: str
    node: str | None
    pool: str | None
    address: str | None
    kind: str = ""
    age: int | None = None
