"""The disk on which the master keeps its databases."""

import pulumi

from components.cloud import Machine, Network
from components.cloud_init import Setup
from components.clouds.local import driver
from components.fleet import Fleet


class StateVolume(pulumi.ComponentResource):
    """A podman volume named after the stack.

    Outputs: `id`; `mounting`, empty, because the container brings the mount along. With `storage.onDestroy:
    retain` a destroy leaves the volume, and the next `up` of the stack finds its databases.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,  # noqa: ARG002 - the face of every cloud: a disk stands in a zone
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:local:StateVolume", name, None, opts)
        which = ["--of", "state", "--stack", fleet.stack]
        command = driver.call(
            f"{name}-volume",
            create=["storage", "create", *which, "--team", fleet.config.team],
            delete=["storage", "remove", *which],
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=fleet.config.storage.on_destroy == "retain"
            ),
        )
        self.id: pulumi.Output[str] = driver.outputs(command)["id"]
        self.mounting: pulumi.Output[Setup] = self.id.apply(lambda _: Setup())
        self.register_outputs({"id": self.id})

    def attach(
        self,
        machine: Machine,  # noqa: ARG002 - the face of every cloud
        opts: pulumi.ResourceOptions,  # noqa: ARG002 - as above
    ) -> list[pulumi.Resource]:
        """Nothing to do: the container was made with it."""
        return []
