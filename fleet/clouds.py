"""Which cloud a stack is on, and what it is asked past Pulumi."""

import importlib
from typing import Protocol, cast

from components.operated import CloudError, Machine, Place
from fleet.engine import paths, sim, stacks
from fleet.errors import UserError

__all__ = ["CloudError", "Machine", "Operate", "Place", "operate_of", "place_of"]


class Operate(Protocol):
    """A cloud's module `operate`; components/operated.py says what each function is for."""

    def machines(self, place: Place) -> list[Machine] | None: ...

    def leftovers(self, place: Place) -> list[str]: ...

    def start(self, place: Place) -> list[str]: ...

    def check(self, place: Place) -> str: ...


def operate_of(cloud: object) -> Operate:
    """The cloud's own; where it is simulated, the simulation's."""
    name = "tests.simcloud.operate" if sim.stands_in_for(cloud) else f"components.clouds.{cloud}.operate"
    try:
        return cast(Operate, importlib.import_module(name))
    except ModuleNotFoundError as error:
        if error.name and not name.startswith(error.name):
            raise
        raise UserError(f"cloud: {cloud} is none that is known here") from None


def place_of(stack: str, team: str | None = None) -> Place:
    """From the stack's file, which is there before the stack and after it."""
    found = stacks.config_if_any(paths.ROOT, stack)
    provider = {key: value for key, value in found.items() if ":" in key}
    own = {key: value for key, value in found.items() if ":" not in key}
    return Place(paths.short_name(stack), team or str(found.get("team", "")), provider, own)
