"""What a platform asks a machine to do: a verb of its script with settings and secrets. Plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

Setting = str | int | float | bool | Sequence[str]

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
