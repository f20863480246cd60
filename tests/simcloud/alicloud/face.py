"""Alibaba Cloud as the engine sees it; tests/simcloud/clouds.py says what for."""

import json
from collections.abc import Mapping
from typing import Any

from tests.simcloud import gpus
from tests.simcloud.alicloud import disks, instances, lookups, network, storage
from tests.simcloud.alicloud.rules import rules
from tests.simcloud.alicloud.storage import targets
from tests.simcloud.alicloud.told import instance
from tests.simcloud.alicloud.words import (
    ACCOUNT,
    METADATA,
    addresses,
    groups_of,
    implied,
    mapped,
    members,
    new_id,
    user_data,
)
from tests.simcloud.errors import RefusedError
from tests.simcloud.kind import Kind
from tests.simcloud.store import Account, Record

__all__ = [
    "ACCOUNT",
    "METADATA",
    "addresses",
    "groups_of",
    "implied",
    "instance",
    "mapped",
    "members",
    "new_id",
    "rules",
    "targets",
    "user_data",
]

NAME = "alicloud"
TITLE = "Alibaba Cloud"
# The version that the SDK asks for; any would do.
VERSION = "4.0.0"
HOOKS = {**network.HOOKS, **instances.HOOKS, **storage.HOOKS, **disks.HOOKS}
LOOK_UPS = lookups.LOOK_UPS
# Whatever the real plugin computes on its own and programs may read before it is known.
BY_HOOKS = {
    "instance": ("privateIp", "publicIp", "primaryIpAddress", "vpcId", "availabilityZone", "hostName", "cpu",
                 "memory", "osName", "networkInterfaceId"),
    "eip": ("ipAddress",),
}  # fmt: skip
memory_gib = lookups.memory_gib
device = disks.device
# The words of mount options that NAS takes; image/files/usr/local/lib/simcloud/mount-nfs reads them.
NFS = {"tls": False, "versions": ["3", "4.0"], "name": "NAS"}
_NOT_FOUND = {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidVSwitchId.NotFound",
    "instance": "InvalidInstanceId.NotFound",
    "eip": "InvalidAllocationId.NotFound",
    "securityGroup": "InvalidSecurityGroupId.NotFound",
    "natGateway": "InvalidNatGatewayId.NotFound",
    "fileSystem": "InvalidFileSystem.NotFound",
    "disk": "InvalidDiskId.NotFound",
}


class CODES:
    address_outside = "InvalidPrivateIpAddress.NotInVSwitch"
    address_taken = "InvalidPrivateIpAddress.Duplicated"
    addresses_used_up = "InvalidVSwitchId.IpNotEnough"
    other_network = "InvalidSecurityGroupId.VPCMismatch"
    exists = "EntityExists"
    throttled = "Throttling.User"

    @staticmethod
    def not_found(kind: str) -> str:
        return _NOT_FOUND.get(kind, f"Invalid{kind[0].upper()}{kind[1:]}.NotFound")


def region(given: Mapping[str, Any]) -> str:
    return str(given.get("region") or given.get("ALICLOUD_REGION") or "cn-hangzhou")


def told(refusal: RefusedError, action: str, kind: str, operation: str) -> str:
    """As the provider reports it."""
    return (
        f"{action}: Resource alicloud_{kind} {refusal.operation or operation} Failed!!! "
        f"[SDK alibaba-cloud-sdk-go ERROR]: SDKError: StatusCode: 400 Code: {refusal.code} "
        f"Message: {refusal.message} RequestId: simulated"
    )


def follows(kind: Kind, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    del kind, inputs
    return {}


def replaced(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Inputs whose change replaces by a rule that no schema tells."""
    return disks.replaced(old, new) if kind.name == "disk" else set()


def of_next_version(kind: Kind) -> tuple[str, ...]:
    del kind
    return ()


def names(account: Account, instance: Record) -> list[tuple[str, str]]:
    """Mount targets, as the VPC's name server says; their zone does not matter."""
    return [(one.name, one.address) for one in targets(account) if one.vpc == instance["sim"]["vpc"]]


def environment(account: Account, instance: Record) -> Mapping[str, str]:
    del account, instance
    return {}


def files(instance: Record) -> Mapping[str, tuple[int, bytes]]:
    kind = lookups.of_type(instance["props"]["instanceType"])
    nfs = {"etc/simcloud/nfs.json": (0o644, json.dumps(NFS).encode())}
    return {**nfs, **gpus.files(kind.get("gpus", 0), kind.get("gpu", ""))}


def parameters(account: Account) -> Mapping[str, Any]:
    del account
    return {}


def start() -> None:
    """No SDK of Alibaba's is asked while a run lasts."""
