"""What a platform asks a machine, or a controller elsewhere, to do. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.scripts import Setting

# An install from a slow package index is still cut off before an operator gives up on it.
STEP_SECONDS = 1800


@dataclass(frozen=True)
class Call:
    """A verb of a platform's script. Values may be Outputs.

    `scripts` name files in `userdata/`, in the order in which they travel; the last one is the platform's own
    and gives the installed script its name. `settings` and `secrets` reach it as shell variables on standard
    input, never in argv. `undo` is the verb that takes a membership back. `timeout` is in seconds.
    """

    scripts: tuple[str, ...]
    verb: str
    settings: Mapping[str, pulumi.Input[Setting]]
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    undo: str | None = None
    timeout: int = STEP_SECONDS


@dataclass(frozen=True)
class ApiCall:
    """A verb of a Python module that asks a controller elsewhere, run on the operator's computer.

    `settings`, secrets among them, reach it as JSON on standard input. `undo` is the verb of its end, which
    finds what it printed in PULUMI_COMMAND_STDOUT. Another of `triggers` makes it anew, the new one first;
    `with_machine`: so does another machine, the old one first.
    """

    module: str
    verb: str
    settings: Mapping[str, Any]
    undo: str | None = None
    triggers: tuple[str | int, ...] = ()
    with_machine: bool = False
