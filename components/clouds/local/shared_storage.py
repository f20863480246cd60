"""Storage that every host of the stack sees at one path."""

import pulumi

from components.cloud import Network, SecurityGroups
from components.cloud_init import Setup
from components.clouds.local import driver
from components.fleet import Fleet


class SharedStorage(pulumi.ComponentResource):
    """A podman volume named after the stack.

    Outputs: `id`; `mounting`, empty, because the container brings the mount along. With `storage.onDestroy:
    retain` a destroy leaves the volume, and the next `up` of the stack finds its data.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,  # noqa: ARG002 - the face of every cloud: a network file system has an address in it
        groups: SecurityGroups,  # noqa: ARG002 - as above: a network file system has a port
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:local:SharedStorage", name, None, opts)
        command = driver.call(
            f"{name}-volume",
            create=["storage", "create", "--stack", fleet.stack, "--team", fleet.config.team],
            delete=["storage", "remove", "--stack", fleet.stack],
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=fleet.config.storage.on_destroy == "retain"
            ),
        )
        self.id: pulumi.Output[str] = driver.outputs(command)["id"]
        self.mounting: pulumi.Output[Setup] = self.id.apply(lambda _: Setup())
        self.register_outputs({"id": self.id})
