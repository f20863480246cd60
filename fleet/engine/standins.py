"""The stack whose controller is a stand-in on this computer: what runs beside it, and the token for it."""

from fleet.engine import paths
from tests.supervisely.standins import API_TOKEN, LOCAL, SUBNET, Standins

_OURS = Standins(LOCAL, SUBNET)


def secrets(stack: str) -> dict[str, str]:
    """Secret keys that the stack's file lacks, because they open a stand-in only."""
    return {"superviselyApiTokens": API_TOKEN} if _is_ours(stack) else {}


def start(stack: str) -> None:
    if _is_ours(stack):
        print("==> stand-ins for a Supervisely server and a registry, on this computer", flush=True)
        _OURS.start()


def remove(stack: str) -> None:
    if _is_ours(stack):
        _OURS.remove()


def _is_ours(stack: str) -> bool:
    return paths.short_name(stack) == LOCAL
