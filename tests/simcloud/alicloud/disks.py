"""Disks of ECS, beside those that an instance is made with: what is refused."""

from collections.abc import Mapping
from typing import Any

from tests.simcloud import disks
from tests.simcloud.alicloud import lookups
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store

# The least of each category (CreateDisk, Size); an ESSD is of level PL1 unless it is told.
_LEAST = {"cloud_efficiency": 20, "cloud_ssd": 20, "cloud_essd": 20, "cloud_auto": 1, "cloud_essd_entry": 10}
LARGEST = 65536
# Changes of a category that the provider makes in place (CustomizeDiff).
_TO_ESSD = {("cloud_ssd", "cloud_essd"), ("cloud_essd", "cloud_essd")}


def device(disk: str) -> str:
    """As udev names a virtio disk, by its serial number."""
    return f"/dev/disk/by-id/virtio-{disk.removeprefix('d-')}"


def replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    before, after = old.get("size"), new.get("size")
    if isinstance(before, int | float) and isinstance(after, int | float) and after < before:
        found.add("size")
    categories = (old.get("category"), new.get("category"))
    if categories[0] != categories[1] and categories[0] != "cloud_efficiency" and categories not in _TO_ESSD:
        found.add("category")
    return found


def _check_disk(store: Store, account: Account, record: Record) -> None:
    del store, account
    props = record["props"]
    zones = [f"{record['region']}-{letter}" for letter in lookups.table()["zones"]]
    if props.get("zoneId") not in zones:
        raise RefusedError("InvalidZoneId.NotFound", f"The zone {props.get('zoneId')} does not exist.")
    least = _LEAST.get(props["category"])
    if least is None:
        raise RefusedError("InvalidDiskCategory.ValueNotSupported", f"no {props['category']}")
    if not least <= int(props["size"]) <= LARGEST:
        raise RefusedError("InvalidDiskSize", f"{props['size']} GiB: from {least} to {LARGEST}")


def _check_attachment(store: Store, account: Account, record: Record) -> None:
    del store
    disk = account.one("disk", record["props"]["diskId"])
    instance = account.one("instance", record["props"]["instanceId"])
    if disk["props"]["zoneId"] != instance["props"]["availabilityZone"]:
        raise RefusedError(
            "ResourcesNotInSameZone", f"{disk['id']} and {instance['id']} are not in the same zone."
        )
    if not disks.free(account, disk["id"]):
        raise RefusedError("IncorrectDiskStatus", f"{disk['id']} is attached to another instance.")


def _free(store: Store, account: Account, record: Record) -> None:
    del account
    disks.refuse_mounted(store, record)


HOOKS = {
    "disk": Hooks(prepare=_check_disk, made=disks.make, changed=disks.grow, gone=disks.gone),
    "diskAttachment": Hooks(prepare=_check_attachment, made=disks.attach, gone=disks.detach, free=_free),
}
