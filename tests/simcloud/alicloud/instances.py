"""ECS instances: where they are placed, and what is refused."""

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from tests.simcloud import addresses, faults, firewall, instances, publishing
from tests.simcloud.alicloud import lookups
from tests.simcloud.alicloud.words import taken, user_data
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store

# ECS's own limit, before base64
LARGEST_USER_DATA = 32768
_RELEASE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SYSTEM_DISKS = ("cloud_efficiency", "cloud_ssd", "cloud_essd", "cloud_auto", "cloud_essd_entry")


def _prepare(store: Store, account: Account, record: Record) -> None:
    props, sim = record["props"], record["sim"]
    kind = props.get("instanceType")
    if not kind or not props.get("imageId") or not props.get("vswitchId"):
        raise RefusedError("MissingParameter", "ImageId, InstanceType and VSwitchId must be given")
    subnet = account.one("subnet", props["vswitchId"])
    zone, vpc = subnet["props"]["zoneId"], subnet["props"]["vpcId"]
    lookups.check_sold(kind, zone, props["systemDiskCategory"])
    image = _check_image(kind, props["imageId"])
    _check_disk(props, image)
    _check_times(props)
    if len(user_data(props)) > LARGEST_USER_DATA:
        raise RefusedError("InvalidUserData.SizeExceeded", "User data is limited to 32768 bytes")
    if not props.get("securityGroups"):
        raise RefusedError("MissingParameter.SecurityGroupId", "an instance is in a security group")
    firewall.check_groups(account, vpc, props["securityGroups"])
    if faults.hit(store, "capacity", instanceType=kind, zone=zone):
        raise RefusedError("OperationDenied.NoStock", no_stock(kind, zone), "RunInstances")
    address = addresses.private(account, subnet["id"], props.get("privateIp"))
    sim |= {
        "vpc": vpc,
        "zone": zone,
        "mac": "00:16:3e:" + ":".join(secrets.token_hex(1) for _ in range(3)),
        "interface": f"eni-bp1{secrets.token_hex(8)}",
        "hostname": props.get("hostName") or f"iZbp1{record['id'].removeprefix('i-bp1')}Z",
        "launched": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "userData": user_data(props).decode("utf-8", "replace"),
    }
    found = lookups.of_type(kind)
    props |= {
        "availabilityZone": zone,
        "vpcId": vpc,
        "privateIp": address,
        "primaryIpAddress": address,
        "publicIp": addresses.public(taken(account)) if int(props["internetMaxBandwidthOut"]) else "",
        "hostName": sim["hostname"],
        "cpu": found["cpus"],
        "memory": int(found["memory"] * 1024),
        "osName": image["os"],
        "networkInterfaceId": sim["interface"],
    }


def no_stock(kind: str, zone: str) -> str:
    others = ", ".join(other for other in lookups.zones_with(kind, zone[:-2]) if other != zone)
    return (
        f"The requested resource is sold out in the specified zone; try other types of resources or other "
        f"regions and zones. (simcloud: {kind} in {zone}; it is sold in {others or 'no other zone'})"
    )


def _check_image(kind: str, wanted: str) -> Any:
    image = next((one for one in lookups.table()["images"] if one["id"] == wanted), None)
    if image is None:
        raise RefusedError("InvalidImageId.NotFound", f"The specified ImageId {wanted} does not exist.")
    architecture = lookups.of_type(kind).get("architecture", "x86_64")
    if image["architecture"] != architecture:
        raise RefusedError(
            "ImageNotSupportInstanceType",
            f"The specified image {wanted} ({image['architecture']}) does not support {kind}",
        )
    return image


def _check_disk(props: dict[str, Any], image: Any) -> None:
    category, size = props["systemDiskCategory"], int(props["systemDiskSize"])
    if category not in _SYSTEM_DISKS:
        raise RefusedError("InvalidSystemDiskCategory.ValueNotSupported", f"no {category}")
    if not image["size"] <= size <= 2048:
        raise RefusedError("InvalidSystemDiskSize", f"{size} GiB: from {image['size']} to 2048")


def _check_times(props: dict[str, Any]) -> None:
    release = props.get("autoReleaseTime")
    if release and (not _RELEASE.fullmatch(release) or datetime.fromisoformat(release) <= datetime.now(UTC)):
        raise RefusedError(
            "InvalidAutoReleaseTime.Malformed", f"The specified Automatic release time {release} is not valid"
        )


def _free(store: Store, account: Account, record: Record) -> None:
    del store, account
    if record["props"].get("deletionProtection"):
        raise RefusedError(
            "OperationDenied",
            f"The operation is not allowed: {record['id']} has deletion protection enabled.",
            "DeleteInstance",
        )


def _gone(store: Store, record: Record) -> None:
    """Its elastic address is free again; the association is gone with the instance."""
    with store.change() as account:
        for one in list(account.of("eipAssociation")):
            if one["props"]["instanceId"] == record["id"]:
                account.drop("eipAssociation", one["id"])
    instances.gone(store, record)


def _changed(store: Store, before: Record, record: Record) -> None:
    instances.changed(store, before, record)
    publishing.reconcile(store)


HOOKS = {
    "instance": Hooks(
        prepare=_prepare,
        made=instances.made,
        changed=_changed,
        gone=_gone,
        alive=instances.alive,
        free=_free,
    ),
}
