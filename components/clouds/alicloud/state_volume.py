"""The disk on which the master keeps its databases."""

from typing import cast

import pulumi
import pulumi_alicloud as alicloud

from components.cloud import STATE_PATH, Machine, Network
from components.cloud_init import Setup
from components.clouds.alicloud.mounting import state_mounting
from components.clouds.alicloud.network import Network as AlicloudNetwork
from components.clouds.alicloud.tags import named, tags
from components.config.alicloud import AlicloudCluster, AlicloudStorage
from components.fleet import Fleet

NAME = "state"


class StateVolume(pulumi.ComponentResource):
    """An encrypted disk in the stack's zone, or the one that `stateVolumeId` names.

    Outputs: `id`; `mounting`. It outlives the master's machine, and nothing replaces it: `stateGiB` grows it
    in place, while the master runs. The provider would replace a disk that is to be smaller, so look_ups.py
    refuses that, and another zone, which it cannot be moved to. It has the category of the master's system
    disk, which is read at its making only.

    With `onDestroy: retain` a destroy leaves it; `stateVolumeId` takes it up again, in this stack or another
    one, and then it is never deleted.
    """

    def __init__(
        self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:alicloud:StateVolume", name, None, opts)
        storage = cast(AlicloudStorage, fleet.config.storage)
        self._name = name
        self.id: pulumi.Output[str] = (
            pulumi.Output.from_input(storage.state_volume_id)
            if storage.state_volume_id
            else self._make(fleet, storage, cast(AlicloudNetwork, network)).id
        )
        self.mounting: pulumi.Output[Setup] = self.id.apply(lambda id: state_mounting(id, STATE_PATH))
        self.register_outputs({"id": self.id})

    def _make(self, fleet: Fleet, storage: AlicloudStorage, network: AlicloudNetwork) -> alicloud.ecs.EcsDisk:
        return alicloud.ecs.EcsDisk(
            f"{self._name}-volume",
            zone_id=network.zone,
            category=cast(AlicloudCluster, fleet.config.cluster).master.disk_category,
            size=storage.state_gib,
            # a disk that is attached grows at once, not at the next stop
            type="online",
            encrypted=True,
            delete_with_instance=False,
            disk_name=named(fleet, NAME),
            tags=tags(fleet),
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=storage.on_destroy == "retain",
                # another one would be an empty one
                ignore_changes=["zoneId", "category"],
            ),
        )

    def attach(self, machine: Machine, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        """Gives it to the master's instance, when that runs.

        Nothing takes it away again but the instance's end: ECS ends it as a power cut does, and lets the disk
        go. To take it from an instance that runs would be no kinder to the databases.
        """
        attachment = alicloud.ecs.EcsDiskAttachment(
            f"{self._name}-attachment",
            disk_id=self.id,
            instance_id=machine.id,
            delete_with_instance=False,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(delete_before_replace=True, retain_on_delete=True)
            ),
        )
        return [attachment]
