"""The stack's own network on the operator's computer."""

import pulumi

from components.clouds.local import driver
from components.fleet import Fleet


class Network(pulumi.ComponentResource):
    """A podman network: `network.cidr`, or a free /20. Every role has a range of its own in it.

    Outputs: `id`; `cidr`. The loopback port that leads to the master belongs to it, so the port outlives the
    master. Another `network.cidr` or team replaces the network and with it all machines. Fails if the CIDR
    overlaps what the computer uses already.
    """

    def __init__(self, name: str, fleet: Fleet, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("agent-fleet:local:Network", name, None, opts)
        team = fleet.config.team
        cidr = fleet.config.network.cidr
        given = [] if cidr is None else ["--cidr", str(cidr)]
        command = driver.call(
            f"{name}-podman",
            create=["network", "create", "--stack", fleet.stack, "--team", team, *given],
            delete=["network", "remove", "--stack", fleet.stack],
            triggers=[str(cidr or "free"), team],
            # the name is the stack's: the old one must be gone first
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.id: pulumi.Output[str] = driver.outputs(command)["id"]
        self.cidr: pulumi.Output[str] = driver.outputs(command)["cidr"]
        self.register_outputs({"id": self.id, "cidr": self.cidr})
