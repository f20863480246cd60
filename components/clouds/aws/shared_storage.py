"""Storage that every machine of the stack sees at one path: EFS, by NFS 4.1 through TLS."""

import json
from typing import cast

import pulumi
import pulumi_aws as aws

from components.cloud import Network, SecurityGroups
from components.cloud_init import Setup
from components.clouds.aws import ask
from components.clouds.aws.mounting import mounting
from components.clouds.aws.network import Network as AwsNetwork
from components.clouds.aws.security_groups import SecurityGroups as AwsGroups
from components.clouds.aws.tags import tags
from components.config.aws import AwsStorage
from components.fleet import Fleet


class SharedStorage(pulumi.ComponentResource):
    """An encrypted EFS file system over all zones of the region, or the one that `fileSystemId` names.

    Outputs: `id`; `mounting`; `ready`, which Identities waits for: a mount target in every zone of the stack,
    and a policy that refuses whoever comes without TLS. What is stored stays in the fast class.

    With `onDestroy: retain` a destroy leaves the file system with its policy and its backups; mount targets
    go. `fileSystemId` takes it up again, in this stack or another one: then mount targets are made and
    nothing else, whatever its own settings are.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:aws:SharedStorage", name, None, opts)
        storage = cast(AwsStorage, fleet.config.storage)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.ready: list[pulumi.Resource] = []
        if storage.file_system_id:
            self.id = pulumi.Output.from_input(storage.file_system_id)
            host = pulumi.Output.from_input(ask.file_system(storage.file_system_id).dns_name)
        else:
            made, policies = self._make(fleet, storage)
            self.id, host = made.id, made.dns_name
            self.ready += policies
        self.ready += self._targets(cast(AwsNetwork, network), cast(AwsGroups, groups))
        path = str(storage.mount_path)
        self.mounting: pulumi.Output[Setup] = host.apply(lambda host: mounting(host, path))
        self.register_outputs({"id": self.id})

    def _make(self, fleet: Fleet, storage: AwsStorage) -> tuple[aws.efs.FileSystem, list[pulumi.Resource]]:
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=storage.on_destroy == "retain")
        made = aws.efs.FileSystem(
            f"{self._name}-files",
            encrypted=True,
            throughput_mode="elastic",
            tags=tags(fleet, "storage"),
            opts=kept,
        )
        backup = aws.efs.BackupPolicy(
            f"{self._name}-backup",
            file_system_id=made.id,
            backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(
                status="ENABLED" if storage.backup else "DISABLED"
            ),
            opts=kept,
        )
        policy = aws.efs.FileSystemPolicy(
            f"{self._name}-policy", file_system_id=made.id, policy=made.arn.apply(tls_only), opts=kept
        )
        return made, [backup, policy]

    def _targets(self, network: AwsNetwork, groups: AwsGroups) -> list[aws.efs.MountTarget]:
        return [
            aws.efs.MountTarget(
                f"{self._name}-{subnet.zone}",
                file_system_id=self.id,
                subnet_id=subnet.id,
                security_groups=groups.storage,
                # a zone takes one
                opts=pulumi.ResourceOptions.merge(
                    self._child, pulumi.ResourceOptions(delete_before_replace=True)
                ),
            )
            for subnet in network.zonal
        ]


def tls_only(arn: str) -> str:
    """Whoever reaches a mount target may use the files, as without a policy; without TLS nobody does."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "MountTargetsOnly",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        "elasticfilesystem:ClientMount",
                        "elasticfilesystem:ClientRootAccess",
                        "elasticfilesystem:ClientWrite",
                    ],
                    "Resource": arn,
                    "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
                },
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": "*",
                    "Resource": arn,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        }
    )
