"""The disk on which the master keeps its databases: an EBS volume."""

from typing import cast

import pulumi
import pulumi_aws as aws

from components.cloud import STATE_PATH, Machine, Network
from components.cloud_init import Setup
from components.clouds.aws.mounting import STATE_DEVICE, state_mounting
from components.clouds.aws.network import Network as AwsNetwork
from components.clouds.aws.tags import tags
from components.config.aws import AwsStorage
from components.fleet import Fleet
from components.ports import MASTER

NAME = "state"


class StateVolume(pulumi.ComponentResource):
    """An encrypted gp3 volume in the master's zone, or the one that `stateVolumeId` names.

    Outputs: `id`; `mounting`. It outlives the master's machine, and nothing replaces it: `stateGiB` grows it
    in place, and AWS refuses to make it smaller. A volume cannot leave its zone; where the master is to move
    without it, look_ups.py refuses, else EC2 does when it is attached.

    With `onDestroy: retain` a destroy leaves it; `stateVolumeId` takes it up again, in this stack or another
    one, and then it is never deleted.
    """

    def __init__(
        self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:aws:StateVolume", name, None, opts)
        storage = cast(AwsStorage, fleet.config.storage)
        self._name = name
        self.id: pulumi.Output[str] = (
            pulumi.Output.from_input(storage.state_volume_id)
            if storage.state_volume_id
            else self._make(fleet, storage, cast(AwsNetwork, network)).id
        )
        self.mounting: pulumi.Output[Setup] = self.id.apply(lambda id: state_mounting(id, STATE_PATH))
        self.register_outputs({"id": self.id})

    def _make(self, fleet: Fleet, storage: AwsStorage, network: AwsNetwork) -> aws.ebs.Volume:
        return aws.ebs.Volume(
            f"{self._name}-volume",
            availability_zone=network.of_role(MASTER).zone,
            type="gp3",
            size=storage.state_gib,
            encrypted=True,
            tags=tags(fleet, NAME),
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=storage.on_destroy == "retain",
                # another one would be an empty one
                ignore_changes=["availabilityZone"],
            ),
        )

    def attach(self, machine: Machine, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        """Gives it to the master's instance, when that runs.

        Nothing takes it away again but the instance's end: EC2 shuts the system down in order and lets the
        volume go. The provider would have to stop the instance first, and fails where it is gone.
        """
        attachment = aws.ec2.VolumeAttachment(
            f"{self._name}-attachment",
            volume_id=self.id,
            instance_id=machine.id,
            device_name=STATE_DEVICE,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(delete_before_replace=True, retain_on_delete=True)
            ),
        )
        return [attachment]
