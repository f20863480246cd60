"""What AWS would answer to the look-ups, as tables that a test may change; and what it would make."""

import copy
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-central-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
DEBIAN = "136693071363"
VPC = "vpc-0a1b2c3d4e5f60718"
VOLUME = "vol-0123456789abcdef0"
ACCOUNT = "123456789012"


class NoAnswerError(Exception):
    """The text that the provider would fail with."""


def _type(cpus: int, gib: int, arch: str = "x86_64", gpus: int = 0) -> dict[str, Any]:
    return {
        "defaultVcpus": cpus,
        "memorySize": gib * 1024,
        "supportedArchitectures": [arch],
        "gpuses": [{"count": gpus, "manufacturer": "NVIDIA", "memorySize": 1, "name": "T4"}] if gpus else [],
    }


def _image(arch: str, root: str = "/dev/xvda", gib: int = 8) -> dict[str, Any]:
    disk = {"deviceName": root, "ebs": {"volume_size": str(gib)}, "noDevice": "", "virtualName": ""}
    return {"architecture": arch, "rootDeviceName": root, "blockDeviceMappings": [disk]}


@dataclass
class AwsCloud:
    types: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "m5.2xlarge": _type(8, 32),
            "m5.large": _type(2, 8),
            "c5.large": _type(2, 4),
            "c5a.large": _type(2, 4),
            "c5.2xlarge": _type(8, 16),
            "c6g.large": _type(2, 4, "arm64"),
            "g4dn.xlarge": _type(4, 16, gpus=1),
        }
    )
    sold: dict[str, list[str]] = field(default_factory=lambda: {})
    images: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "ami-0123456789abcdef0": _image("x86_64"),
            "ami-0fedcba9876543210": _image("arm64"),
        }
    )
    quotas: dict[str, float] = field(default_factory=lambda: {})
    quota: float = 1152
    vpcs: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {VPC: {"enableDnsSupport": True, "enableDnsHostnames": True}}
    )
    subnets: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            f"subnet-0000000000000000{number}": {
                "vpcId": VPC,
                "availabilityZone": zone,
                "availableIpAddressCount": 250,
            }
            for number, zone in enumerate([*ZONES, ZONES[0]])
        }
    )
    routes: dict[str, str] = field(default_factory=lambda: {})
    file_systems: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "fs-0123456789abcdef0": {"encrypted": True, "availabilityZoneName": ""},
        }
    )
    # by id
    volumes: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            VOLUME: {"encrypted": True, "availabilityZone": ZONES[0], "size": 20, "volumeId": VOLUME}
        }
    )
    # that a machine of the stack has
    attached: dict[str, Any] | None = None
    roles: set[str] = field(default_factory=lambda: {"AWSServiceRoleForEC2Spot"})
    own_machines: int = 0
    # by the name of a look-up: the text that it fails with
    failing: dict[str, str] = field(default_factory=lambda: {})
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=lambda: [])

    def answer(self, token: str, given: Mapping[str, Any]) -> dict[str, Any]:
        name = token.rpartition(":")[2]
        self.asked.append((name, dict(given)))
        if name in self.failing:
            raise NoAnswerError(self.failing[name])
        return {"id": "id", **getattr(self, f"_{name}")(dict(given))}

    def _getRegion(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the look-up's name
        return {"region": REGION, "name": REGION, "description": "", "endpoint": ""}

    def _getCallerIdentity(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"accountId": ACCOUNT, "arn": "", "userId": ""}

    def _getPartition(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}

    def _getAvailabilityZones(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"names": ZONES, "zoneIds": [], "groupNames": []}

    def _getInstanceTypeOfferings(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        (name,) = _filters(given)["instance-type"]
        zones = self.sold.get(name, ZONES if name in self.types else [])
        return {"locations": zones, "instanceTypes": [name] * len(zones), "locationTypes": []}

    def _getInstanceType(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return _found(self.types, given["instanceType"], "no matching EC2 Instance Type found")

    def _getAmi(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        wanted = _filters(given)
        if "image-id" in wanted:
            (name,) = wanted["image-id"]
            return {"imageId": name, **_found(self.images, name, "Your query returned no results")}
        (arch,), (name,) = wanted["architecture"], wanted["name"]
        if given["owners"] == [DEBIAN]:
            return {"imageId": f"ami-newest-{name}", **_image(arch)}
        return {"imageId": "ami-gpu", **_image(arch, "/dev/sda1", 35)}

    def _getVpc(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return _found(self.vpcs, given["id"], "no matching EC2 VPC found")

    def _getSubnet(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return _found(self.subnets, given["id"], "no matching EC2 Subnet found")

    def _getRouteTable(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        target = self.routes.get(given.get("subnetId", ""), "igw-1")
        kind = "gatewayId" if target.startswith("igw") else "natGatewayId"
        return {"routes": [{"cidrBlock": "0.0.0.0/0", kind: target}] if target else []}

    def _getInstances(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"ids": [f"i-{number}" for number in range(self.own_machines)]}

    def _getServiceQuota(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"value": self.quotas.get(given["quotaCode"], self.quota)}

    def _getRole(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        if given["name"] not in self.roles:
            raise NoAnswerError("reading IAM Role: couldn't find resource")
        return {"name": given["name"]}

    def _getFileSystem(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        name = given["fileSystemId"]
        found = _found(self.file_systems, name, "reading EFS FileSystem: no matching FileSystem found")
        return {"fileSystemId": name, "dnsName": f"{name}.efs.{REGION}.amazonaws.com", **found}

    def _getVolume(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        wanted = _filters(given)
        if "volume-id" in wanted:
            (name,) = wanted["volume-id"]
            return _found(self.volumes, name, _NO_VOLUME)
        if not self.attached:
            raise NoAnswerError(_NO_VOLUME)
        return self.attached


_NO_VOLUME = "reading EC2 EBS Volume: no matching EC2 EBS Volume found"


def _found(table: Mapping[str, dict[str, Any]], name: str, otherwise: str) -> dict[str, Any]:
    if name not in table:
        raise NoAnswerError(otherwise)
    return copy.deepcopy(table[name])


def _filters(given: Mapping[str, Any]) -> dict[str, list[str]]:
    return {one["name"]: one["values"] for one in given["filters"]}


def made(kind: str, name: str) -> dict[str, Any]:
    """Outputs of a resource that AWS would choose; an address follows from the name."""
    number = zlib.crc32(name.encode()) % 4000
    address = f"10.90.{number // 250}.{number % 250 + 4}"
    arn = f"arn:aws:any:{REGION}:{ACCOUNT}:{name}"
    return {
        "aws:ec2/instance:Instance": {"privateIp": address},
        "aws:ec2/networkInterface:NetworkInterface": {"privateIp": address},
        "aws:ec2/eip:Eip": {"publicIp": f"203.0.113.{number % 250}"},
        "aws:efs/fileSystem:FileSystem": {"dnsName": f"{name}.efs.{REGION}.amazonaws.com", "arn": arn},
        "aws:iam/role:Role": {"arn": arn},
        "aws:iam/instanceProfile:InstanceProfile": {"arn": arn},
        "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1, "arn": arn},
    }.get(kind, {})
