"""Questions to Alibaba Cloud, by the provider's own look-ups, each asked once in a run. Nothing else invokes.

What is not there is an empty list in all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

import pulumi_alicloud as alicloud
from pulumi_alicloud.ecs import outputs as ecs
from pulumi_alicloud.nas import outputs as nas
from pulumi_alicloud.quotas import outputs as quota_outputs
from pulumi_alicloud.vpc import outputs as vpc_outputs

from components.clouds.answers import AbsentError, UnansweredError
from components.clouds.state_disks import Disk

T = TypeVar("T")

SPOT = {"onDemand": "NoSpot", "spot": "SpotAsPriceGo"}

Type = ecs.GetInstanceTypesInstanceTypeResult


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as error:
        raise UnansweredError(" ".join(str(error).split())) from None


def _only(found: Sequence[T], what: str) -> T:
    if not found:
        raise AbsentError(f"there is no {what}")
    return found[0]


@cache
def region() -> str:
    return _only(_asked(lambda: alicloud.get_regions(current=True)).ids, "region")


@cache
def account() -> str:
    return _asked(alicloud.get_caller_identity).account_id


@cache
def zones() -> frozenset[str]:
    return frozenset(_asked(alicloud.get_zones).ids)


@cache
def types(market: str, disk_category: str) -> Mapping[str, Type]:
    """All types that are on sale in the region, with the zones that have them with such a disk.

    The whole list at once: the API filters by family, not by type.
    """
    found = _asked(
        lambda: alicloud.ecs.get_instance_types(
            instance_charge_type="PostPaid", spot_strategy=SPOT[market], system_disk_category=disk_category
        )
    )
    return {told.id: told for told in found.instance_types}


@cache
def price(name: str, family: str, cpus: int, gib: float) -> float:
    """For an hour, on demand, without disk and traffic, in the account's currency."""
    found = _asked(
        lambda: alicloud.ecs.get_instance_types(
            instance_charge_type="PostPaid",
            instance_type_family=family,
            cpu_core_count=cpus,
            memory_size=gib,
            sorted_by="Price",
        )
    )
    return float(_only([told.price for told in found.instance_types if told.id == name], "price"))


@cache
def image(image_id: str) -> ecs.GetImagesImageResult:
    # the look-up wants an owner or a pattern besides
    found = _asked(lambda: alicloud.ecs.get_images(image_id=image_id, name_regex="."))
    return _only(found.images, f"image {image_id}")


@cache
def newest_image(pattern: str, arch: str) -> ecs.GetImagesImageResult:
    """Of those that Alibaba Cloud publishes itself."""
    found = _asked(
        lambda: alicloud.ecs.get_images(
            owners="system", name_regex=pattern, architecture=arch, os_type="linux", most_recent=True
        )
    )
    return _only(found.images, f"image {pattern} for {arch}")


@cache
def vpc(vpc_id: str) -> vpc_outputs.GetNetworksVpcResult:
    return _only(_asked(lambda: alicloud.vpc.get_networks(ids=[vpc_id])).vpcs, f"VPC {vpc_id}")


@cache
def vswitch(vswitch_id: str) -> vpc_outputs.GetSwitchesVswitchResult:
    found = _asked(lambda: alicloud.vpc.get_switches(ids=[vswitch_id]))
    return _only(found.vswitches, f"vSwitch {vswitch_id}")


@cache
def nat_gateways(vpc_id: str) -> int:
    return len(_asked(lambda: alicloud.vpc.get_nat_gateways(vpc_id=vpc_id)).ids)


@cache
def nat_zones() -> frozenset[str]:
    """Where a NAT gateway may stand."""
    found = _asked(alicloud.vpc.get_enhanced_nat_available_zones)
    return frozenset(told.zone_id for told in found.zones)


@cache
def storage_zones(storage_type: str) -> frozenset[str]:
    """Where general-purpose NAS has file systems of this type for NFS."""
    found = _asked(lambda: alicloud.nas.get_zones(file_system_type="standard"))
    return frozenset(
        told.zone_id
        for told in found.zones
        if any(
            (kind.storage_type.lower(), kind.protocol_type.lower()) == (storage_type.lower(), "nfs")
            for kind in told.instance_types
        )
    )


@cache
def file_system(file_system_id: str) -> nas.GetFileSystemsSystemResult:
    found = _asked(lambda: alicloud.nas.get_file_systems(ids=[file_system_id]))
    return _only(found.systems, f"file system {file_system_id}")


@cache
def disk(disk_id: str) -> Disk:
    return _disk(_only(_asked(lambda: alicloud.ecs.get_ecs_disks(ids=[disk_id])).disks, f"disk {disk_id}"))


@cache
def attached_disk(name: str, stack: str, team: str) -> Disk:
    """The one of this name that a machine of the stack has."""
    mine = {"stack": stack, "team": team}
    found = _asked(lambda: alicloud.ecs.get_ecs_disks(disk_name=name, status="In_use", tags=mine))
    return _disk(_only(found.disks, f"disk {name}"))


def _disk(found: ecs.GetEcsDisksDiskResult) -> Disk:
    return Disk(found.disk_id, found.zone_id, found.size, found.encrypted == "on")


@cache
def quotas(instance_type: str) -> Sequence[quota_outputs.GetQuotasQuotaResult]:
    """Of the account for this type in the region, one per way of paying and kind of network."""
    where = [alicloud.quotas.GetQuotasDimensionArgs(key="regionId", value=region())]
    return _asked(
        lambda: alicloud.quotas.get_quotas(
            product_code="ecs-spec", quota_action_code=instance_type, dimensions=where
        )
    ).quotas


def own_machines(vswitch_id: str, stack: str, team: str) -> int:
    """Machines of the stack that have an address in the vSwitch already."""
    mine = {"stack": stack, "team": team}
    return len(_asked(lambda: alicloud.ecs.get_instances(vswitch_id=vswitch_id, tags=mine)).ids)


def forget() -> None:
    """Answers are those of one run, and a process may run the program more than once."""
    for question in _KEPT:
        question.cache_clear()


_KEPT = (
    region,
    account,
    zones,
    types,
    price,
    image,
    newest_image,
    vpc,
    vswitch,
    nat_gateways,
    nat_zones,
    storage_zones,
    file_system,
    disk,
    attached_disk,
    quotas,
)
