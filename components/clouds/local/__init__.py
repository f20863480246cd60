"""The cloud `local`: machines are podman containers on the operator's computer. Needs no account."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.clouds.local.identities import Identities
    from components.clouds.local.look_ups import look_up
    from components.clouds.local.machine import Machine
    from components.clouds.local.network import Network
    from components.clouds.local.security_groups import SecurityGroups
    from components.clouds.local.shared_storage import SharedStorage

__all__ = ["Identities", "Machine", "Network", "SecurityGroups", "SharedStorage", "look_up"]

_MODULES = {
    "Identities": "identities",
    "Machine": "machine",
    "Network": "network",
    "SecurityGroups": "security_groups",
    "SharedStorage": "shared_storage",
    "look_up": "look_ups",
}


def __getattr__(name: str) -> object:
    """The faces are imported when asked for: the operator's commands need `operate` alone, without Pulumi."""
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
