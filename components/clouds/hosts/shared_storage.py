"""A folder that all machines share already."""

import pulumi

from components.cloud import Network, SecurityGroups
from components.cloud_init import WITHOUT, Setup
from components.fleet import Fleet


class SharedStorage:
    """Makes nothing, and nothing removes it: a machine without a mount there is not taken (machine.py).

    Outputs: `id`, its path; `mounting`, which has nothing to do.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        opts: pulumi.ResourceOptions,
    ) -> None:
        del name, network, groups, opts
        self.id: pulumi.Output[str] = pulumi.Output.from_input(str(fleet.config.storage.mount_path))
        self.mounting: pulumi.Output[Setup] = pulumi.Output.from_input(WITHOUT)
