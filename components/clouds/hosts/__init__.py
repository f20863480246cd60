"""The cloud `hosts`: machines that exist already, by address; a stack takes them and gives them back."""

from typing import TYPE_CHECKING

from components.clouds.faces import imported_when_asked

if TYPE_CHECKING:
    from components.clouds.hosts.identities import Identities
    from components.clouds.hosts.look_ups import look_up
    from components.clouds.hosts.machine import Machine
    from components.clouds.hosts.network import Network
    from components.clouds.hosts.security_groups import SecurityGroups
    from components.clouds.hosts.shared_storage import SharedStorage
    from components.clouds.hosts.state_volume import StateVolume

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
