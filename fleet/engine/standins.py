"""Stacks whose world outside is a stand-in on this computer: what runs beside them, and secrets for it."""

from typing import Protocol

from fleet.engine import paths
from tests.atlas import standins as atlas
from tests.supervisely import standins as supervisely


class _Standins(Protocol):
    def start(self) -> None: ...

    def remove(self) -> None: ...


_OF: dict[str, tuple[str, _Standins]] = {
    supervisely.LOCAL: (
        "a Supervisely server and a registry",
        supervisely.Standins(supervisely.LOCAL, supervisely.SUBNET),
    ),
    atlas.LOCAL: (
        "the archive and the images of Atlas, and a registry",
        atlas.Standins(atlas.LOCAL, atlas.SUBNET),
    ),
}


def secrets(stack: str) -> dict[str, str]:
    """Secret keys that the stack's file lacks, because they open a stand-in only."""
    ours = paths.short_name(stack) == supervisely.LOCAL
    return {"superviselyApiTokens": supervisely.API_TOKEN} if ours else {}


def start(stack: str) -> None:
    if found := _OF.get(paths.short_name(stack)):
        print(f"==> stand-ins for {found[0]}, on this computer", flush=True)
        found[1].start()


def remove(stack: str) -> None:
    if found := _OF.get(paths.short_name(stack)):
        found[1].remove()
