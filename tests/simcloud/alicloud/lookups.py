"""The look-ups (invokes), answered from lookups.yaml and from the stack's own account."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.simcloud import addresses
from tests.simcloud.alicloud.words import ACCOUNT
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Account, Record

TABLE = Path(__file__).with_name("lookups.yaml")

Answer = dict[str, Any]


@cache
def table() -> Mapping[str, Any]:
    return yaml.safe_load(TABLE.read_text())


def of_type(name: str) -> Mapping[str, Any]:
    found = table()["types"].get(name)
    if found is None:
        raise RefusedError(
            "InvalidInstanceType.ValueNotSupported",
            f"The specified InstanceType {name} does not exist "
            "(tests/simcloud/alicloud/lookups.yaml has those that simcloud knows)",
        )
    return found


def memory_gib(name: str) -> float:
    return float(of_type(name)["memory"])


def family(name: str) -> str:
    return name.split(".")[1].partition("-")[0]


def zones_with(name: str, region: str) -> list[str]:
    left_out = of_type(name).get("not", [])
    return [f"{region}-{letter}" for letter in table()["zones"] if letter not in left_out]


def _takes(name: str, disk: str | None) -> bool:
    return disk is None or family(name) not in table()["without"].get(disk, [])


def check_sold(name: str, zone: str, disk: str) -> None:
    if zone not in zones_with(name, zone[:-2]):
        raise RefusedError(
            "Zone.NotOnSale", f"The resource {name} in the specified zone {zone} is not on sale."
        )
    if not _takes(name, disk):
        raise RefusedError(
            "InvalidSystemDiskCategory.ValueNotSupported", f"{name} takes no system disk of category {disk}"
        )


def _regions(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked
    one = {"id": region, "regionId": region, "localName": region}
    return {"id": region, "ids": [region], "regions": [one], "current": True, "name": region}


def _caller(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked, region
    arn = f"acs:ram::{ACCOUNT}:user/simulated"
    return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": arn, "identityType": "RAMUser"}


def _account(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked, region
    return {"id": ACCOUNT}


def _zones(account: Account, asked: Answer, region: str) -> Answer:
    del account
    wanted, disk = asked.get("availableInstanceType"), asked.get("availableDiskCategory")
    found = [f"{region}-{letter}" for letter in table()["zones"]]
    if wanted:
        sold = zones_with(wanted, region) if wanted in table()["types"] and _takes(wanted, disk) else []
        found = [zone for zone in found if zone in sold]
    lists = (
        *("availableDiskCategories", "availableInstanceTypes", "availableResourceCreations"),
        *("multiZoneIds", "slbSlaveZoneIds"),
    )
    return {
        "id": region,
        "ids": found,
        "zones": [{"id": zone, "localName": zone, **{name: [] for name in lists}} for zone in found],
    }


_NUMBERS = (
    *("eniAmount", "eniIpv6AddressQuantity", "eniPrivateIpAddressQuantity", "eniQuantity"),
    *(
        "maximumQueueNumberPerEni",
        "primaryEniQueueNumber",
        "secondaryEniQueueNumber",
        "totalEniQueueQuantity",
    ),
)


def _instance_types(account: Account, asked: Answer, region: str) -> Answer:
    """Only what is on sale somewhere, as the provider does it."""
    del account
    facts: dict[str, Callable[[str, Mapping[str, Any]], Any]] = {
        "instanceType": lambda name, _: name,
        "instanceTypeFamily": lambda name, _: f"ecs.{family(name)}",
        "cpuCoreCount": lambda _, one: one["cpus"],
        "memorySize": lambda _, one: one["memory"],
        "gpuAmount": lambda _, one: one.get("gpus", 0),
        "gpuSpec": lambda _, one: one.get("gpu", ""),
    }
    found = [
        (
            name,
            one,
            [zone for zone in zones_with(name, region) if asked.get("availabilityZone", zone) == zone],
        )
        for name, one in table()["types"].items()
        if _takes(name, asked.get("systemDiskCategory"))
        and all(fact(name, one) == asked[key] for key, fact in facts.items() if asked.get(key))
    ]
    types = [_instance_type(name, one, zones, asked) for name, one, zones in found if zones]
    if asked.get("sortedBy") == "Price":
        types.sort(key=lambda one: float(one["price"]))
    return {"id": region, "ids": [one["id"] for one in types], "instanceTypes": types}


def _instance_type(name: str, one: Mapping[str, Any], zones: list[str], asked: Answer) -> Answer:
    return {
        "id": name,
        "family": f"ecs.{family(name)}",
        "cpuCoreCount": one["cpus"],
        "memorySize": float(one["memory"]),
        "availabilityZones": zones,
        "gpus": [{"amount": str(one.get("gpus", 0)), "category": one.get("gpu", "")}],
        "price": one["price"] if asked.get("sortedBy") == "Price" else "",
        "burstableInstances": [],
        "localStorages": [],
        "nvmeSupport": "unsupported",
        **dict.fromkeys(_NUMBERS, 1),
    }


def _images(account: Account, asked: Answer, region: str) -> Answer:
    del account
    expression = re.compile(asked.get("nameRegex") or "")
    found = [
        one
        for one in sorted(table()["images"], key=lambda one: one["id"].rpartition("_")[2], reverse=True)
        if expression.search(one["id"])
        and asked.get("architecture", one["architecture"]) == one["architecture"]
        and asked.get("imageId", one["id"]) == one["id"]
        and asked.get("owners", "system") == "system"
    ]
    if asked.get("mostRecent"):
        found = found[:1]
    return {"id": region, "ids": [one["id"] for one in found], "images": [_image(one) for one in found]}


def _image(one: Mapping[str, Any]) -> Answer:
    texts = ("description", "imageVersion", "isSelfShared", "productCode")
    return {
        "id": one["id"],
        "imageId": one["id"],
        "name": one["id"],
        "architecture": one["architecture"],
        "size": one["size"],
        "creationTime": "2026-10-20T00:00:00Z",
        "imageOwnerAlias": "system",
        "osName": one["os"],
        "osNameEn": one["os"],
        "osType": "linux",
        "platform": one["os"].split()[0],
        "progress": "100%",
        "state": "Available",
        "status": "Available",
        "usage": "instance",
        "diskDeviceMappings": [],
        "isCopied": False,
        "isSubscribed": False,
        "isSupportIoOptimized": True,
        "tags": {},
        **dict.fromkeys(texts, ""),
    }


def _chosen(account: Account, kind: str, asked: Answer) -> list[Record]:
    """Of the account, by ids; what is not there is left out."""
    return [one for one in account.of(kind) if not asked.get("ids") or one["id"] in asked["ids"]]


def _networks(account: Account, asked: Answer, region: str) -> Answer:
    found = [one for one in _chosen(account, "vpc", asked) if _tagged(one, asked)]
    texts = ("dhcpOptionsSetId", "dhcpOptionsSetStatus", "dnsHostnameStatus", "ipv6CidrBlock")
    vpcs = [
        {
            "id": one["id"],
            "vpcId": one["id"],
            "vpcName": one["props"].get("vpcName", ""),
            "cidrBlock": one["props"]["cidrBlock"],
            "status": "Available",
            "description": one["props"].get("description", ""),
            "creationTime": one["props"]["createTime"],
            "isDefault": False,
            "regionId": region,
            "resourceGroupId": one["props"]["resourceGroupId"],
            "routeTableId": one["props"]["routeTableId"],
            "routerId": one["props"]["routerId"],
            "vrouterId": one["props"]["routerId"],
            "secondaryCidrBlocks": [],
            "tags": one["props"].get("tags", {}),
            "userCidrs": [],
            "vswitchIds": [sub["id"] for sub in account.of("subnet") if sub["props"]["vpcId"] == one["id"]],
            **dict.fromkeys(texts, ""),
        }
        for one in found
    ]
    known = [one["id"] for one in found]
    return {"id": region, "ids": known, "names": known, "vpcs": vpcs, "totalCount": len(known)}


def _switches(account: Account, asked: Answer, region: str) -> Answer:
    found = [
        one
        for one in _chosen(account, "subnet", asked)
        if asked.get("vpcId", one["props"]["vpcId"]) == one["props"]["vpcId"] and _tagged(one, asked)
    ]
    vswitches = [
        {
            "id": one["id"],
            "vswitchId": one["id"],
            "name": one["props"].get("vswitchName", ""),
            "vswitchName": one["props"].get("vswitchName", ""),
            "vpcId": one["props"]["vpcId"],
            "zoneId": one["props"]["zoneId"],
            "cidrBlock": one["props"]["cidrBlock"],
            "availableIpAddressCount": addresses.free_in(account, one["id"]),
            "creationTime": one["props"]["createTime"],
            "description": one["props"].get("description", ""),
            "enableIpv6": False,
            "ipv6CidrBlock": "",
            "isDefault": False,
            "resourceGroupId": "",
            "routeTableId": account.one("vpc", one["props"]["vpcId"])["props"]["routeTableId"],
            "status": "Available",
            "tags": one["props"].get("tags", {}),
        }
        for one in found
    ]
    known = [one["id"] for one in found]
    return {"id": region, "ids": known, "names": known, "vswitches": vswitches}


def _tagged(one: Record, asked: Answer) -> bool:
    return (asked.get("tags") or {}).items() <= (one["props"].get("tags") or {}).items()


def _instances(account: Account, asked: Answer, region: str) -> Answer:
    found = [
        one
        for one in _chosen(account, "instance", asked)
        if asked.get("vswitchId", one["props"]["vswitchId"]) == one["props"]["vswitchId"]
        and _tagged(one, asked)
    ]
    known = [one["id"] for one in found]
    return {"id": region, "ids": known, "names": known, "instances": [], "totalCount": len(known)}


def _disks(account: Account, asked: Answer, region: str) -> Answer:
    attached = {one["props"]["diskId"] for one in account.of("diskAttachment")}
    states = {True: "In_use", False: "Available"}
    found = [
        {
            "id": one["id"],
            "diskId": one["id"],
            "diskName": one["props"].get("diskName", ""),
            "category": one["props"]["category"],
            "encrypted": "on" if one["props"]["encrypted"] else "off",
            "regionId": region,
            "size": int(one["props"]["size"]),
            "status": states[one["id"] in attached],
            "tags": one["props"].get("tags", {}),
            "zoneId": one["props"]["zoneId"],
        }
        for one in _chosen(account, "disk", asked)
        if _tagged(one, asked)
        and asked.get("diskName", one["props"].get("diskName")) == one["props"].get("diskName")
        and asked.get("status", states[one["id"] in attached]) == states[one["id"] in attached]
    ]
    return {"id": region, "ids": [one["id"] for one in found], "disks": found, "totalCount": len(found)}


def _nas_zones(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked
    zones = [
        {
            "zoneId": f"{region}-{letter}",
            "instanceTypes": [
                {"storageType": storage, "protocolType": "nfs"}
                for storage, left_out in table()["nas"].items()
                if letter not in left_out
            ],
        }
        for letter in table()["zones"]
    ]
    return {"id": region, "zones": zones}


def _file_systems(account: Account, asked: Answer, region: str) -> Answer:
    found = _chosen(account, "fileSystem", asked)
    systems = [
        {
            "id": one["id"],
            "regionId": region,
            "zoneId": one["props"]["zoneId"],
            "protocolType": one["props"]["protocolType"],
            "storageType": one["props"]["storageType"],
            "encryptType": int(one["props"]["encryptType"]),
            "fileSystemType": "standard",
            "description": one["props"].get("description", ""),
            "createTime": one["props"]["createTime"],
            "capacity": 10995116277760,
            "meteredSize": 0,
            "kmsKeyId": "",
        }
        for one in found
    ]
    known = [one["id"] for one in found]
    return {"id": region, "ids": known, "descriptions": known, "systems": systems}


def _mount_targets(account: Account, asked: Answer, region: str) -> Answer:
    found = [
        one for one in account.of("mountTarget") if one["props"]["fileSystemId"] == asked.get("fileSystemId")
    ]
    known = [one["props"]["mountTargetDomain"] for one in found]
    targets = [
        {
            "id": one["props"]["mountTargetDomain"],
            "mountTargetDomain": one["props"]["mountTargetDomain"],
            "accessGroupName": one["props"]["accessGroupName"],
            "networkType": "Vpc",
            "status": "Active",
            "type": "Vpc",
            "vpcId": one["sim"]["vpc"],
            "vswitchId": one["props"]["vswitchId"],
        }
        for one in found
    ]
    return {"id": region, "ids": known, "targets": targets}


def _quotas(account: Account, asked: Answer, region: str) -> Answer:
    """Of one type of ECS; nobody has asked for other quotas yet."""
    del account
    name = str(asked.get("quotaActionCode") or "")
    found = asked["productCode"] == "ecs-spec" and name in table()["types"]
    quotas = [
        {
            "id": f"{name} {how}",
            "quotaActionCode": name,
            "quotaName": f"{name} ({how})",
            "quotaDescription": f"vCPUs of {name}, {how}",
            "quotaType": "normal",
            "quotaUnit": "vCPU",
            "totalQuota": float(table()["quota"]),
            "totalUsage": 0.0,
            "adjustable": True,
            "applicableRanges": [],
            "applicableType": "continuous",
            "consumable": True,
            "unadjustableDetail": "",
        }
        for how in ("pay-as-you-go", "preemptible")
        if found
    ]
    known = [str(one["id"]) for one in quotas]
    return {"id": region, "ids": known, "names": known, "quotas": quotas}


def _nat_gateways(account: Account, asked: Answer, region: str) -> Answer:
    found = [
        one["id"]
        for one in account.of("natGateway")
        if asked.get("vpcId", one["props"]["vpcId"]) == one["props"]["vpcId"]
    ]
    return {"id": region, "ids": found, "names": found, "gateways": [], "totalCount": len(found)}


def _nat_zones(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked
    zones = [f"{region}-{letter}" for letter in table()["zones"]]
    return {"id": region, "ids": zones, "zones": [{"zoneId": zone, "localName": zone} for zone in zones]}


LOOK_UPS: Mapping[str, Callable[[Account, Answer, str], Answer]] = {
    "alicloud:ecs/getEcsDisks:getEcsDisks": _disks,
    "alicloud:ecs/getImages:getImages": _images,
    "alicloud:ecs/getInstanceTypes:getInstanceTypes": _instance_types,
    "alicloud:ecs/getInstances:getInstances": _instances,
    "alicloud:index/getAccount:getAccount": _account,
    "alicloud:index/getCallerIdentity:getCallerIdentity": _caller,
    "alicloud:index/getRegions:getRegions": _regions,
    "alicloud:index/getZones:getZones": _zones,
    "alicloud:nas/getFileSystems:getFileSystems": _file_systems,
    "alicloud:nas/getMountTargets:getMountTargets": _mount_targets,
    "alicloud:nas/getZones:getZones": _nas_zones,
    "alicloud:quotas/getQuotas:getQuotas": _quotas,
    "alicloud:vpc/getEnhancedNatAvailableZones:getEnhancedNatAvailableZones": _nat_zones,
    "alicloud:vpc/getNatGateways:getNatGateways": _nat_gateways,
    "alicloud:vpc/getNetworks:getNetworks": _networks,
    "alicloud:vpc/getSwitches:getSwitches": _switches,
}
