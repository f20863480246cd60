"""EBS volumes: what is refused, and what happens to an instance that has one."""

from tests.simcloud import disks, hosts, instances
from tests.simcloud.aws import lookups
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store

LARGEST = 16384


def device(volume: str) -> str:
    """As udev names it on a type of the Nitro system."""
    return f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"


def _check_volume(store: Store, account: Account, record: Record) -> None:
    del store, account
    props = record["props"]
    zones = [f"{record['region']}{letter}" for letter in lookups.table()["zones"]]
    if props["availabilityZone"] not in zones:
        raise RefusedError(
            "InvalidParameterValue", f"Value ({props['availabilityZone']}) for availabilityZone is invalid."
        )
    if not 1 <= int(props["size"]) <= LARGEST:
        raise RefusedError("InvalidParameterValue", f"Volume of {props['size']} GiB is invalid.")


def _check_attachment(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    volume = account.one("volume", props["volumeId"])
    instance = account.one("instance", props["instanceId"])
    if volume["props"]["availabilityZone"] != instance["props"]["availabilityZone"]:
        raise RefusedError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume['id']}' is not in the same availability zone as instance "
            f"'{instance['id']}'",
        )
    if not disks.free(account, volume["id"]):
        raise RefusedError("VolumeInUse", f"{volume['id']} is already attached to an instance")
    for other in disks.attachments(account, "instanceId", instance["id"]):
        if other["props"]["deviceName"] == props["deviceName"]:
            raise RefusedError(
                "InvalidParameterValue",
                f"Invalid value '{props['deviceName']}' for unixDevice. "
                f"Attachment point {props['deviceName']} is already in use",
            )


def _free(store: Store, account: Account, record: Record) -> None:
    del account
    if not record["props"].get("stopInstanceBeforeDetaching"):
        disks.refuse_mounted(store, record)


def instance_gone(store: Store, record: Record) -> None:
    """EC2 lets a system shut down before it ends it; here only where something depends on it."""
    if disks.attachments(store.read(), "instanceId", record["id"]):
        hosts.stop(store, record["id"])
    instances.gone(store, record)


HOOKS = {
    "volume": Hooks(prepare=_check_volume, made=disks.make, changed=disks.grow, gone=disks.gone),
    "volumeAttachment": Hooks(prepare=_check_attachment, made=disks.attach, gone=disks.detach, free=_free),
}
