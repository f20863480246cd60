"""The look-ups (invokes), answered from lookups.yaml and from the stack's own account."""

import fnmatch
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.simcloud import addresses
from tests.simcloud.aws.words import ACCOUNT
from tests.simcloud.aws.zones import zone_id
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
            "InvalidInstanceType",
            f"The following supplied instance types do not exist: [{name}] "
            "(tests/simcloud/lookups.yaml has those that simcloud knows)",
            "DescribeInstanceTypes",
        )
    return found


def memory_gib(name: str) -> float:
    return of_type(name)["memory"] / 1024


def architecture(name: str) -> str:
    return of_type(name).get("architecture", "x86_64")


def zones_with(kind: str, region: str) -> list[str]:
    left_out = of_type(kind).get("not", [])
    return [f"{region}{letter}" for letter in table()["zones"] if letter not in left_out]


def check_offered(kind: str, zone: str) -> None:
    if zone not in zones_with(kind, zone[:-1]):
        raise RefusedError(
            "Unsupported",
            f"Your requested instance type ({kind}) is not supported in your requested Availability Zone "
            f"({zone}).",
        )


def image(identity: str) -> Mapping[str, Any] | None:
    return next((one for one in table()["images"] if one["id"] == identity), None)


def _filters(asked: Answer) -> dict[str, list[str]]:
    return {one["name"]: one["values"] for one in asked.get("filters") or []}


def _get_ami(account: Account, asked: Answer, region: str) -> Answer:
    del account
    wanted = _filters(asked)
    facts = {"name": "name", "architecture": "architecture", "image-id": "id"}
    aliases = {"amazon": "898082745236"}
    owners = [aliases.get(owner, owner) for owner in asked.get("owners") or []]
    found = [
        one
        for one in table()["images"]
        if (not owners or one["owner"] in owners)
        and all(
            any(fnmatch.fnmatchcase(one[fact], value) for value in wanted[name])
            for name, fact in facts.items()
            if name in wanted
        )
    ]
    if not found:
        raise RefusedError(
            "Client", "Your query returned no results. Please change your search criteria and try again."
        )
    one = found[0]
    return {
        **{"id": one["id"], "imageId": one["id"], "name": one["name"], "ownerId": one["owner"]},
        **{"architecture": one["architecture"], "rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs"},
        **{
            "arn": f"arn:aws:ec2:{region}::image/{one['id']}",
            "virtualizationType": "hvm",
            "state": "available",
        },
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {"volume_size": "8", "volume_type": "gp3", "encrypted": "false"},
                "noDevice": "",
                "virtualName": "",
            }
        ],
        "tags": {},
        "creationDate": "2026-11-03T00:00:00.000Z",
        "public": True,
    }


def _get_instance_type(account: Account, asked: Answer, region: str) -> Answer:
    del account, region
    name = asked["instanceType"]
    one = of_type(name)
    gpus = one.get("gpus", 0)
    return {
        "id": name,
        "instanceType": name,
        "defaultVcpus": one["vcpus"],
        "defaultCores": max(1, one["vcpus"] // 2),
        "memorySize": one["memory"],
        "supportedArchitectures": [architecture(name)],
        "supportedUsagesClasses": ["on-demand", "spot"],
        "supportedVirtualizationTypes": ["hvm"],
        "currentGeneration": True,
        "hypervisor": "nitro",
        "gpuses": [
            {"count": gpus, "manufacturer": "NVIDIA", "memorySize": one["gpuMemory"], "name": one["gpu"]}
        ]
        if gpus
        else [],
        "totalGpuMemory": one.get("gpuMemory", 0) * gpus,
        "instanceStorageSupported": "d" in name.partition(".")[0][1:],
        "ebsEncryptionSupport": "supported",
        "bareMetal": False,
    }


def _get_offerings(account: Account, asked: Answer, region: str) -> Answer:
    del account
    wanted = _filters(asked)
    names = [
        name
        for name in table()["types"]
        if any(fnmatch.fnmatchcase(name, value) for value in wanted.get("instance-type", ["*"]))
    ]
    pairs = [(name, zone) for name in names for zone in zones_with(name, region)]
    if asked.get("locationType", "region") == "region":
        pairs = [(name, region) for name in names]
    elif asked["locationType"] == "availability-zone-id":
        pairs = [(name, zone_id(zone)) for name, zone in pairs]
    if "location" in wanted:
        pairs = [pair for pair in pairs if pair[1] in wanted["location"]]
    return {
        "id": region,
        "instanceTypes": [name for name, _ in pairs],
        "locations": [zone for _, zone in pairs],
        "locationTypes": [asked.get("locationType", "region")] * len(pairs),
    }


def _get_zones(account: Account, asked: Answer, region: str) -> Answer:
    del account, asked
    names = [f"{region}{letter}" for letter in table()["zones"]]
    return {
        "id": region,
        "names": names,
        "zoneIds": [zone_id(name) for name in names],
        "groupNames": [region],
    }


def _found(account: Account, kind: str, identity: str | None) -> Record:
    record = account.get(kind, identity or "")
    if record is None:
        raise RefusedError(
            f"Invalid{kind[0].upper()}{kind[1:]}ID.NotFound", f"The {kind} ID '{identity}' does not exist"
        )
    return record


def _get_vpc(account: Account, asked: Answer, region: str) -> Answer:
    del region
    record = _found(account, "vpc", asked.get("id"))
    return {**record["props"], "id": record["id"], "default": False, "state": "available"}


def _get_subnet(account: Account, asked: Answer, region: str) -> Answer:
    del region
    record = _found(account, "subnet", asked.get("id"))
    free = addresses.free_in(account, record["id"])
    return {**record["props"], "id": record["id"], "availableIpAddressCount": free, "state": "available"}


def _get_route_table(account: Account, asked: Answer, region: str) -> Answer:
    del region
    wanted = asked.get("routeTableId")
    for one in account.of("routeTableAssociation"):
        if asked.get("subnetId") and one["props"].get("subnetId") == asked["subnetId"]:
            wanted = one["props"]["routeTableId"]
    if wanted is None and asked.get("vpcId"):
        return {
            "id": account.one("vpc", asked["vpcId"])["props"]["mainRouteTableId"],
            "routes": [],
            "associations": [],
        }
    if wanted is None:
        raise RefusedError("Client", "query returned no results")
    routes = [
        {"cidrBlock": one["props"].get("destinationCidrBlock", ""), **_ways(one["props"])}
        for one in account.of("route")
        if one["props"]["routeTableId"] == wanted
    ]
    return {"id": wanted, "routeTableId": wanted, "routes": routes, "associations": []}


_NO_WAYS = (
    *("carrierGatewayId", "coreNetworkArn", "destinationPrefixListId", "egressOnlyGatewayId", "instanceId"),
    *("ipv6CidrBlock", "localGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId"),
    "vpcPeeringConnectionId",
)


def _ways(route: Answer) -> Answer:
    return {
        "gatewayId": route.get("gatewayId", ""),
        "natGatewayId": route.get("natGatewayId", ""),
        **dict.fromkeys(_NO_WAYS, ""),
    }


def _get_instances(account: Account, asked: Answer, region: str) -> Answer:
    wanted, tags = _filters(asked), asked.get("instanceTags") or {}
    found = [
        one
        for one in account.of("instance")
        if tags.items() <= (one["props"].get("tags") or {}).items()
        and one["props"]["subnetId"] in wanted.get("subnet-id", [one["props"]["subnetId"]])
    ]
    return {
        "id": region,
        "ids": [one["id"] for one in found],
        "privateIps": [one["props"]["privateIp"] for one in found],
        "publicIps": [one["props"]["publicIp"] for one in found if one["props"]["publicIp"]],
        "ipv6Addresses": [],
        "instanceStateNames": ["running"],
    }


def _get_quota(account: Account, asked: Answer, region: str) -> Answer:
    del account
    code = asked.get("quotaCode", "")
    found = table()["quotas"].get(code)
    if found is None:
        raise RefusedError("NoSuchResourceException", f"no quota {code}", "GetServiceQuota")
    return {
        "id": code,
        "arn": f"arn:aws:servicequotas:{region}:{ACCOUNT}:ec2/{code}",
        "quotaCode": code,
        "quotaName": found["name"],
        "serviceCode": "ec2",
        "serviceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "value": found["value"],
        "defaultValue": found["value"],
        "adjustable": True,
        "globalQuota": False,
        "usageMetrics": [],
    }


def _get_role(account: Account, asked: Answer, region: str) -> Answer:
    del region
    name = asked["name"]
    record = account.get("role", name)
    if record is None and name not in table()["roles"]:
        raise RefusedError("NoSuchEntity", f"The role with name {name} cannot be found.", "GetRole")
    known = record["props"] if record else {"arn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{name}"}
    return {"id": name, "name": name, "uniqueId": "AROASIMULATED", "path": "/", "description": "", **known}


def _get_file_system(account: Account, asked: Answer, region: str) -> Answer:
    del region
    record = account.get("fileSystem", asked.get("fileSystemId", ""))
    if record is None:
        raise RefusedError(
            "FileSystemNotFound",
            f"File system '{asked.get('fileSystemId')}' does not exist.",
            "DescribeFileSystems",
        )
    return {**record["props"], "id": record["id"], "fileSystemId": record["id"], "sizeInBytes": 6144}


def _get_volume(account: Account, asked: Answer, region: str) -> Answer:
    del region
    wanted = _filters(asked)
    attached = {one["props"]["volumeId"] for one in account.of("volumeAttachment")}

    def fits(record: Record) -> bool:
        told = {
            "volume-id": record["id"],
            "status": "in-use" if record["id"] in attached else "available",
            **{f"tag:{key}": value for key, value in (record["props"].get("tags") or {}).items()},
        }
        return all(told.get(name) in values for name, values in wanted.items())

    found = [one for one in account.of("volume") if fits(one)]
    if not found:
        raise RefusedError("Client", "no matching EC2 EBS Volume found", "DescribeVolumes")
    record = found[-1]
    props = {key: value for key, value in record["props"].items() if key != "type"}
    return {**props, "id": record["id"], "volumeId": record["id"], "volumeType": record["props"]["type"]}


def _get_mount_target(account: Account, asked: Answer, region: str) -> Answer:
    del region
    for record in account.of("mountTarget"):
        if (
            asked.get("mountTargetId") == record["id"]
            or asked.get("fileSystemId") == record["props"]["fileSystemId"]
        ):
            return {**record["props"], "id": record["id"], "mountTargetId": record["id"]}
    raise RefusedError("MountTargetNotFound", f"no mount target {asked}", "DescribeMountTargets")


def _get_parameter(account: Account, asked: Answer, region: str) -> Answer:
    del region
    record = account.get("parameter", asked["name"])
    if record is None:
        raise RefusedError("ParameterNotFound", f"there is no parameter {asked['name']}", "GetParameter")
    return {**record["props"], "id": record["id"], "withDecryption": True}


def _get_security_group(account: Account, asked: Answer, region: str) -> Answer:
    del region
    record = _found(account, "securityGroup", asked.get("id"))
    return {**record["props"], "id": record["id"]}


def _get_spot_price(account: Account, asked: Answer, region: str) -> Answer:
    del account
    return {
        "id": region,
        "instanceType": asked.get("instanceType", ""),
        "spotPrice": table()["spotPrice"],
        "spotPriceTimestamp": "2026-11-01T00:00:00Z",
    }


def _get_prefix_list(account: Account, asked: Answer, region: str) -> Answer:
    del account
    name = asked.get("name") or next(
        iter(_filters(asked).get("prefix-list-name", [])), f"com.amazonaws.{region}.s3"
    )
    return {"id": "pl-6ea54007", "name": name, "cidrBlocks": ["3.5.136.0/22"], "prefixListId": "pl-6ea54007"}


def _constant(**known: Any) -> Callable[[Account, Answer, str], Answer]:
    def answer(account: Account, asked: Answer, region: str) -> Answer:
        del account, asked
        return {key: value.format(region=region, account=ACCOUNT) for key, value in known.items()}

    return answer


LOOK_UPS: Mapping[str, Callable[[Account, Answer, str], Answer]] = {
    "aws:ebs/getVolume:getVolume": _get_volume,
    "aws:ec2/getAmi:getAmi": _get_ami,
    "aws:ec2/getInstanceType:getInstanceType": _get_instance_type,
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _get_offerings,
    "aws:ec2/getInstances:getInstances": _get_instances,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _get_prefix_list,
    "aws:ec2/getPrefixList:getPrefixList": _get_prefix_list,
    "aws:ec2/getRouteTable:getRouteTable": _get_route_table,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _get_security_group,
    "aws:ec2/getSpotPrice:getSpotPrice": _get_spot_price,
    "aws:ec2/getSubnet:getSubnet": _get_subnet,
    "aws:ec2/getVpc:getVpc": _get_vpc,
    "aws:efs/getFileSystem:getFileSystem": _get_file_system,
    "aws:efs/getMountTarget:getMountTarget": _get_mount_target,
    "aws:iam/getRole:getRole": _get_role,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _get_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _constant(
        id="{account}",
        accountId="{account}",
        arn="arn:aws:iam::{account}:user/simulated",
        userId="AIDASIMULATED",
    ),
    "aws:index/getPartition:getPartition": _constant(
        id="aws", partition="aws", dnsSuffix="amazonaws.com", reverseDnsPrefix="com.amazonaws"
    ),
    "aws:index/getRegion:getRegion": _constant(
        id="{region}",
        region="{region}",
        name="{region}",
        endpoint="ec2.{region}.amazonaws.com",
        description="",
    ),
    "aws:servicequotas/getServiceQuota:getServiceQuota": _get_quota,
    "aws:ssm/getParameter:getParameter": _get_parameter,
}
