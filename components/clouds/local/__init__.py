"""The cloud `local`: machines are podman containers on the operator's computer. Needs no account."""

from typing import TYPE_CHECKING

from components.clouds.faces import imported_when_asked

if TYPE_CHECKING:
    from components.clouds.local.identities import Identities
    from components.clouds.local.look_ups import look_up
    from components.clouds.local.machine import Machine
    from components.clouds.local.network import Network
    from components.clouds.local.security_groups import SecurityGroups
    from components.clouds.local.shared_storage import SharedStorage
    from components.clouds.local.state_volume import StateVolume

__all__ = ["Identities", "Machine", "Network", "SecurityGroups", "SharedStorage", "StateVolume", "look_up"]

_MODULES = {
    "Identities": "identities",
    "Machine": "machine",
    "Network": "network",
    "SecurityGroups": "security_groups",
    "SharedStorage": "shared_storage",
    "StateVolume": "state_volume",
    "look_up": "look_ups",
}

__getattr__ = imported_when_asked(__name__, _MODULES)
