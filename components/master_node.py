"""The master: a machine and the step that installs the controller on it."""

import pulumi

from components import commands
from components.elastic_pools import launches
from components.fleet import Node
from components.platform import Platform
from components.site import Site, machine, with_logins


class MasterNode(pulumi.ComponentResource):
    """The machine that the controller runs on, and the cluster's way in.

    Outputs: `machine`, and `step`, which workers wait for. A change of its size replaces the machine; then
    every worker rejoins and is verified. A change of settings, script or secrets updates the step. What the
    platform's scaler needs to start workers of elastic pools is made before the step. The databases of a
    platform that has any lie on a volume that a replaced machine takes up again.
    """

    def __init__(
        self, node: Node, site: Site, platform: Platform, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:components:MasterNode", node.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        fleet = site.fleet
        volume = site.cloud.StateVolume("state", fleet, site.network, child) if fleet.keeps_state else None
        self.machine = machine(
            site,
            node,
            public=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=site.before_master),
            tags=platform.master_tags(fleet) if fleet.elastic else {},
            state_volume=volume,
        )
        attached = volume.attach(self.machine, child) if volume else []
        elastic = launches(site, platform, self.machine)
        call = with_logins(site, platform.master(fleet, site.keys, self.machine, elastic))
        self.step = commands.step(
            call, self.machine, pulumi.ResourceOptions(parent=self, depends_on=attached)
        )
        self.register_outputs({"privateIp": self.machine.private_ip, "publicIp": self.machine.public_ip})
