"""The cloud `alicloud`: machines are ECS instances in one zone."""

from typing import TYPE_CHECKING

from components.clouds.faces import imported_when_asked

if TYPE_CHECKING:
    from components.clouds.alicloud.identities import Identities
    from components.clouds.alicloud.look_ups import look_up
    from components.clouds.alicloud.machine import Machine
    from components.clouds.alicloud.network import Network
    from components.clouds.alicloud.security_groups import SecurityGroups
    from components.clouds.alicloud.shared_storage import SharedStorage
    from components.clouds.alicloud.state_volume import StateVolume

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
