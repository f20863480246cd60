"""What AWS's properties mean to the engine: addresses, groups, where a public address leads. Pure."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud.clouds import Mapped
from tests.simcloud.resources import values
from tests.simcloud.store import Account, Record

ACCOUNT = "123456789012"
METADATA = "169.254.169.254"


def new_id(prefix: str) -> str:
    """17 hexadecimal digits, as AWS makes them; IAM's are capitals."""
    if prefix.isupper():
        return prefix + secrets.token_hex(8).upper() + "Q"
    return prefix + "0" + secrets.token_hex(8)


def addresses(account: Account) -> set[str]:
    """Private addresses that somebody has."""
    found: set[str] = set()
    for record in account.of("networkInterface", "instance", "mountTarget"):
        props = record["props"]
        found |= {
            str(address) for key in ("privateIp", "privateIps", "ipAddress") for address in values(props, key)
        }
    return found


def groups_of(account: Account, instance: Record) -> list[str]:
    """An instance's groups: its own, or those of the network interface that it was given."""
    interface = account.get("networkInterface", instance["sim"].get("interface", ""))
    if interface is not None:
        return list(interface["props"].get("securityGroups", []))
    return list(instance["props"].get("vpcSecurityGroupIds", []))


def members(account: Account) -> dict[str, set[str]]:
    """Private addresses by group."""
    found: dict[str, set[str]] = {}
    for instance in account.of("instance"):
        for group in groups_of(account, instance):
            found.setdefault(group, set()).add(instance["props"]["privateIp"])
    for one in account.of("mountTarget"):
        for group in one["props"].get("securityGroups", []):
            found.setdefault(group, set()).add(one["props"]["ipAddress"])
    return found


def target(account: Account, props: Mapping[str, Any]) -> tuple[str, str] | None:
    """Private address and VPC that an address or its association leads to, if it leads anywhere."""
    interface = props.get("networkInterfaceId") or props.get("networkInterface")
    instance = props.get("instanceId") or props.get("instance")
    found = account.get("networkInterface", interface) if interface else None
    found = found or (account.get("instance", instance) if instance else None)
    if found is None:
        return None
    vpc = account.one("subnet", found["props"]["subnetId"])["props"]["vpcId"]
    return found["props"]["privateIp"], vpc


def mapped(account: Account) -> Iterator[Mapped]:
    """Each address in use with the private one and the VPC that it leads to."""
    associated = {one["props"]["allocationId"]: one["props"] for one in account.of("eipAssociation")}
    for eip in account.of("eip"):
        where = target(account, associated.get(eip["id"], eip["props"]))
        if where is not None:
            yield Mapped(eip["id"], eip["props"]["publicIp"], *where)


def user_data(props: Mapping[str, Any]) -> bytes:
    if encoded := props.get("userDataBase64"):
        return base64.b64decode(encoded)
    return str(props.get("userData") or "").encode()


def implied(account: Account, kind: str, identity: str) -> bool:
    """What comes with a VPC and is no resource of its own."""
    of_vpc = {"securityGroup": "defaultSecurityGroupId", "routeTable": "defaultRouteTableId"}.get(kind)
    return of_vpc is not None and any(vpc["props"][of_vpc] == identity for vpc in account.of("vpc"))
