"""AWS as the engine sees it; tests/simcloud/clouds.py says what for."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud import addresses as places
from tests.simcloud import firewall, gpus
from tests.simcloud.aws import endpoint, instances, lookups, storage, volumes, vpc
from tests.simcloud.aws.rules import rules
from tests.simcloud.aws.told import instance, parameters
from tests.simcloud.aws.words import (
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
from tests.simcloud.clouds import Target
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
    "parameters",
    "rules",
    "user_data",
]

NAME = "aws"
TITLE = "AWS"
# The version that the SDK asks for; any would do.
VERSION = "7.51.1"
HOOKS = {**vpc.HOOKS, **instances.HOOKS, **storage.HOOKS, **volumes.HOOKS}
LOOK_UPS = lookups.LOOK_UPS
# Whatever the real plugin computes on its own and programs may read before it is known.
BY_HOOKS = {
    "instance": ("privateIp", "publicIp", "privateDns", "publicDns", "primaryNetworkInterfaceId", "subnetId",
                 "vpcSecurityGroupIds", "availabilityZone", "rootBlockDevice"),
    "networkInterface": ("privateIp", "privateIps", "macAddress", "privateDnsName"),
    "eip": ("publicIp", "publicDns", "privateIp", "associationId"),
    "mountTarget": ("ipAddress", "availabilityZoneName", "mountTargetDnsName"),
    "launchTemplate": ("latestVersion",),
}  # fmt: skip
memory_gib = lookups.memory_gib
device = volumes.device
start = endpoint.start


class CODES:
    address_outside = "InvalidParameterValue"
    address_taken = "InvalidIPAddress.InUse"
    addresses_used_up = "InsufficientFreeAddressesInSubnet"
    other_network = "InvalidGroup.NotFound"
    exists = "EntityAlreadyExists"
    throttled = "RequestLimitExceeded"

    @staticmethod
    def not_found(kind: str) -> str:
        return f"Invalid{kind[0].upper()}{kind[1:]}ID.NotFound"


def region(given: Mapping[str, Any]) -> str:
    return str(given.get("region") or given.get("AWS_REGION") or "eu-central-1")


def told(refusal: RefusedError, action: str, kind: str, operation: str) -> str:
    """As the provider reports it: `creating EC2 Instance: operation error RunInstances, api error ...`"""
    status = 503 if refusal.code == CODES.throttled else 400
    return (
        f"{action} {kind}: operation error EC2: {refusal.operation or operation}, https response error "
        f"StatusCode: {status}, RequestID: simulated, api error {refusal}"
    )


def follows(kind: Kind, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    del kind
    return {"tagsAll": inputs.get("tags", {})}


def replaced(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Inputs whose change replaces by a rule that no schema tells."""
    found: set[str] = set()
    if kind.name == "instance" and new.get("userDataReplaceOnChange"):
        found |= {"userData", "userDataBase64"}
    if kind.name == "parameter" and "SecureString" in (old.get("type"), new.get("type")):
        found.add("type")
    return found


def of_next_version(kind: Kind) -> tuple[str, ...]:
    return ("latestVersion",) if kind.name == "launchTemplate" else ()


def targets(account: Account) -> Iterator[Target]:
    for one in account.of("mountTarget"):
        props = one["props"]
        network = account.one("subnet", props["subnetId"])["props"]["vpcId"]
        cidr = places.cidr_of_vpc(account, network)
        yield Target(
            vpc=network,
            address=props["ipAddress"],
            name=props["dnsName"],
            file_system=props["fileSystemId"],
            lets_in=tuple(firewall.verdicts(account, cidr, props.get("securityGroups", []), "in")),
            tls=True,
        )


def names(account: Account, instance: Record) -> list[tuple[str, str]]:
    """Names of file systems with their mount target of the instance's zone, as the VPC's name server says."""

    def zone(record: Record) -> str:
        return account.one("subnet", record["props"]["subnetId"])["props"]["availabilityZone"]

    return [
        (one["props"]["dnsName"], one["props"]["ipAddress"])
        for one in account.of("mountTarget")
        if zone(one) == zone(instance)
    ]


def environment(account: Account, instance: Record) -> Mapping[str, str]:
    """Where the SDKs on the host find the simulated APIs."""
    answering = places.served(places.cidr_of_vpc(account, instance["sim"]["vpc"]))
    return {
        "AWS_ENDPOINT_URL": f"http://{answering}",
        "AWS_ENDPOINT_URL_SSM": f"http://{answering}",
        "AWS_REGION": instance["region"],
    }


def files(instance: Record) -> Mapping[str, tuple[int, bytes]]:
    kind = lookups.of_type(instance["props"]["instanceType"])
    return gpus.files(kind.get("gpus", 0), kind.get("gpu", ""))
