"""Storage that every machine of a cluster sees at one path: NAS, by NFS 4.0 inside the VPC."""

from typing import cast

import pulumi
import pulumi_alicloud as alicloud

from components.cloud import Network, SecurityGroups
from components.cloud_init import Setup
from components.clouds.alicloud.mounting import mounting
from components.clouds.alicloud.network import Network as AlicloudNetwork
from components.clouds.alicloud.tags import access_group, tags
from components.config.alicloud import AlicloudStorage
from components.fleet import Fleet

KIND = "standard"
TYPE = "Performance"
# With NAS's own key: the one of the account's KMS is for another product.
ENCRYPTED = 1


class SharedStorage(pulumi.ComponentResource):
    """An encrypted general-purpose NAS file system, or the one that `fileSystemId` names.

    Outputs: `id`; `mounting`, known when there is a mount target that the vSwitch's addresses, and no others,
    may use. NAS knows no security groups, so that is every machine in the vSwitch; and root on a machine is
    root on the files, because the master's script writes what workers run. There is no TLS on the way: NAS
    has it for its own client alone, whose CA Debian does not carry. Alibaba Cloud keeps VPCs apart.

    With `onDestroy: retain` a destroy leaves the file system; the mount target and its rules go.
    `fileSystemId` takes it up again, in this stack or another one: then a mount target is made and nothing
    else. Another zone of the stack's network leaves it where it is: machines reach it from there as well.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:alicloud:SharedStorage", name, None, opts)
        del groups
        storage = cast(AlicloudStorage, fleet.config.storage)
        where = cast(AlicloudNetwork, network)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.id: pulumi.Output[str] = (
            pulumi.Output.from_input(storage.file_system_id)
            if storage.file_system_id
            else self._make(fleet, storage, where).id
        )
        host = self._target(self._access(fleet, where), where).mount_target_domain
        path = str(storage.mount_path)
        self.mounting: pulumi.Output[Setup] = host.apply(lambda host: mounting(host, path))
        self.register_outputs({"id": self.id})

    def _make(
        self, fleet: Fleet, storage: AlicloudStorage, network: AlicloudNetwork
    ) -> alicloud.nas.FileSystem:
        return alicloud.nas.FileSystem(
            f"{self._name}-files",
            file_system_type=KIND,
            protocol_type="NFS",
            storage_type=TYPE,
            encrypt_type=ENCRYPTED,
            zone_id=network.zone,
            description=f"{fleet.tags['project']}-{fleet.stack}",
            tags=tags(fleet),
            opts=pulumi.ResourceOptions.merge(
                self._child,
                pulumi.ResourceOptions(
                    retain_on_delete=storage.on_destroy == "retain", ignore_changes=["zoneId"]
                ),
            ),
        )

    def _access(self, fleet: Fleet, network: AlicloudNetwork) -> alicloud.nas.AccessGroup:
        group = alicloud.nas.AccessGroup(
            f"{self._name}-access",
            access_group_name=access_group(fleet.config.team, fleet.stack),
            access_group_type="Vpc",
            file_system_type=KIND,
            description=f"{fleet.tags['project']}-{fleet.stack}",
            opts=self._child,
        )
        self._rule = alicloud.nas.AccessRule(
            f"{self._name}-access-rule",
            access_group_name=group.access_group_name,
            file_system_type=KIND,
            source_cidr_ip=network.cidr,
            rw_access_type="RDWR",
            user_access_type="no_squash",
            priority=1,
            opts=self._child,
        )
        return group

    def _target(self, access: alicloud.nas.AccessGroup, network: AlicloudNetwork) -> alicloud.nas.MountTarget:
        return alicloud.nas.MountTarget(
            f"{self._name}-mount-target",
            file_system_id=self.id,
            access_group_name=access.access_group_name,
            network_type="Vpc",
            vpc_id=network.id,
            vswitch_id=network.vswitch,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[self._rule])),
        )
