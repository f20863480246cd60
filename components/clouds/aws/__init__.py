"""The cloud `aws`: machines are EC2 instances in one region."""

from typing import TYPE_CHECKING

from components.clouds.faces import imported_when_asked

if TYPE_CHECKING:
    from components.clouds.aws.identities import Identities
    from components.clouds.aws.launch import Launch
    from components.clouds.aws.look_ups import look_up
    from components.clouds.aws.machine import Machine
    from components.clouds.aws.network import Network
    from components.clouds.aws.reaper import Reaper
    from components.clouds.aws.secret import Secret
    from components.clouds.aws.security_groups import SecurityGroups
    from components.clouds.aws.shared_storage import SharedStorage
    from components.clouds.aws.state_volume import StateVolume

__all__ = [
    "Identities",
    "Launch",
    "Machine",
    "Network",
    "Reaper",
    "Secret",
    "SecurityGroups",
    "SharedStorage",
    "StateVolume",
    "look_up",
]

_MODULES = {
    "Identities": "identities",
    "Launch": "launch",
    "Machine": "machine",
    "Network": "network",
    "Reaper": "reaper",
    "Secret": "secret",
    "SecurityGroups": "security_groups",
    "SharedStorage": "shared_storage",
    "StateVolume": "state_volume",
    "look_up": "look_ups",
}

__getattr__ = imported_when_asked(__name__, _MODULES)
