"""What Alibaba Cloud would answer to look-ups, as tables that a test may change; and what it would make."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.graph.aws_cloud import NoAnswerError

REGION = "cn-hangzhou"
ZONES = [f"{REGION}-{letter}" for letter in "hijk"]
VPC, VSWITCH = "vpc-bp1a2b3c4d5e6f7g8h9i0", "vsw-bp1a2b3c4d5e6f7g8h9i0"
FILES = "0a1b2c3d4e"
DISK = "d-bp1a2b3c4d5e6f7g8h9i"


def _type(cpus: int, gib: float, gpus: int = 0, price: str = "0.5000") -> dict[str, Any]:
    return {
        "cpuCoreCount": cpus,
        "memorySize": gib,
        "gpus": [{"amount": str(gpus), "category": "NVIDIA T4" if gpus else ""}],
        "price": price,
    }


def _image(arch: str, gib: int = 20) -> dict[str, Any]:
    return {"architecture": arch, "size": gib}


@dataclass
class AlicloudCloud:
    types: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "ecs.g7.xlarge": _type(4, 16, price="1.0000"),
            "ecs.g7.large": _type(2, 8),
            "ecs.c7.large": _type(2, 4),
            "ecs.c7.xlarge": _type(4, 8),
            "ecs.c8y.large": _type(2, 4),
            "ecs.gn6i-c4g1.xlarge": _type(4, 15, gpus=1, price="11.6300"),
        }
    )
    # by type, where it is not all zones
    sold: dict[str, list[str]] = field(default_factory=lambda: {})
    # categories of disks that a type does not take, and ways of buying that it has not
    without: dict[str, set[str]] = field(default_factory=lambda: {})
    images: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "debian_12_11_x64_20G_alibase_20250701.vhd": _image("x86_64"),
            "debian_13_0_x64_20G_alibase_20250825.vhd": _image("x86_64"),
            "debian_13_1_arm64_20G_alibase_20250925.vhd": _image("arm64"),
            "debian_13_1_x64_20G_alibase_20250925.vhd": _image("x86_64"),
            "m-bp1a2b3c4d5e6f7g8h9i0": _image("x86_64", 40),
            "m-bp1a2b3c4d5e6f7g8h9i1": _image("arm64"),
        }
    )
    vpcs: set[str] = field(default_factory=lambda: {VPC})
    vswitches: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            VSWITCH: {
                "vpcId": VPC,
                "zoneId": ZONES[-1],
                "cidrBlock": "172.16.8.0/24",
                "availableIpAddressCount": 250,
            }
        }
    )
    nat_gateways: int = 1
    nat_zones: list[str] = field(default_factory=lambda: list(ZONES))
    storage_zones: dict[str, list[str]] = field(
        default_factory=lambda: {zone: ["Performance", "Capacity"] for zone in ZONES}
    )
    file_systems: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {FILES: {"encryptType": 1, "protocolType": "NFS", "zoneId": ZONES[-1]}}
    )
    disks: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {DISK: {"encrypted": "on", "zoneId": ZONES[-1], "size": 20}}
    )
    # that a machine of the stack has
    attached: list[dict[str, Any]] = field(default_factory=lambda: [])
    quotas: dict[str, dict[str, Any]] = field(default_factory=lambda: {})
    own_machines: int = 0
    # by the name of a look-up: the text that it fails with
    failing: dict[str, str] = field(default_factory=lambda: {})
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=lambda: [])

    def answer(self, token: str, given: Mapping[str, Any]) -> dict[str, Any]:
        name = token.removeprefix("alicloud:").partition("/")[0] + "/" + token.rpartition(":")[2]
        self.asked.append((name, dict(given)))
        if name in self.failing:
            raise NoAnswerError(self.failing[name])
        return {"id": "id", **getattr(self, "_" + name.replace("/", "_"))(dict(given))}

    def _index_getRegions(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the look-up's name
        return {"ids": [REGION]}

    def _index_getCallerIdentity(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"accountId": "1234567890123456"}

    def _index_getZones(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"ids": ZONES}

    def _ecs_getInstanceTypes(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        lacking = {given.get("systemDiskCategory"), given.get("spotStrategy")}
        found = [
            {**told, "id": name, "family": _family(name), "availabilityZones": self.sold.get(name, ZONES)}
            for name, told in self.types.items()
            if not lacking & self.without.get(name, set())
            and given.get("instanceTypeFamily") in (None, _family(name))
        ]
        return {"instanceTypes": found}

    def _ecs_getImages(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        found = [
            {**told, "imageId": name, "name": name}
            for name, told in self.images.items()
            if re.search(given["nameRegex"], name)
            and given.get("imageId") in (None, name)
            and given.get("architecture") in (None, told["architecture"])
            and (given.get("owners") != "system" or name.endswith(".vhd"))
        ]
        # by creation, as the names say it
        return {"images": found[-1:] if given.get("mostRecent") else found}

    def _vpc_getNetworks(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"vpcs": [{"id": name} for name in given["ids"] if name in self.vpcs]}

    def _vpc_getSwitches(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"vswitches": _listed(self.vswitches, given["ids"])}

    def _vpc_getNatGateways(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"ids": [f"ngw-{number}" for number in range(self.nat_gateways)]}

    def _vpc_getEnhancedNatAvailableZones(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"zones": [{"zoneId": zone, "localName": zone} for zone in self.nat_zones]}

    def _nas_getZones(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {
            "zones": [
                {
                    "zoneId": zone,
                    "instanceTypes": [{"storageType": kind, "protocolType": "nfs"} for kind in kinds],
                }
                for zone, kinds in self.storage_zones.items()
            ]
        }

    def _nas_getFileSystems(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"systems": _listed(self.file_systems, given["ids"])}

    def _ecs_getEcsDisks(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        if "ids" in given:
            return {
                "disks": [{"diskId": name, **self.disks[name]} for name in given["ids"] if name in self.disks]
            }
        return {"disks": self.attached}

    def _ecs_getInstances(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"ids": [f"i-{number}" for number in range(self.own_machines)]}

    def _quotas_getQuotas(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - as above
        return {"quotas": _listed(self.quotas, [given["quotaActionCode"]])}


def _family(name: str) -> str:
    return re.split(r"[-.]", name)[0] + "." + re.split(r"[-.]", name)[1]


def _listed(table: Mapping[str, dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    return [{"id": name, **table[name]} for name in names if name in table]


def made(kind: str, name: str) -> dict[str, Any]:
    """Outputs of a resource that Alibaba Cloud would choose; an address follows from the name."""
    number = zlib.crc32(name.encode()) % 4000
    return {
        "alicloud:ecs/instance:Instance": {"privateIp": f"10.90.{number // 250}.{number % 250 + 1}"},
        "alicloud:ecs/eipAddress:EipAddress": {"ipAddress": f"203.0.113.{number % 250}"},
        "alicloud:vpc/natGateway:NatGateway": {"snatTableIds": f"stb-{name}"},
        "alicloud:nas/mountTarget:MountTarget": {"mountTargetDomain": f"{name}.{REGION}.nas.aliyuncs.com"},
    }.get(kind, {})
