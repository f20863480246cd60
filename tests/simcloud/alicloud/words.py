"""What Alibaba Cloud's properties mean to the engine: addresses, groups, public addresses. Pure."""

import base64
import binascii
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud.clouds import Mapped
from tests.simcloud.store import Account, Record

ACCOUNT = "1234567890123456"
METADATA = "100.100.100.200"


def new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(8)


def addresses(account: Account) -> set[str]:
    """Private addresses that somebody has."""
    found = {str(one["props"]["privateIp"]) for one in account.of("instance") if "privateIp" in one["props"]}
    return found | {
        str(one["sim"]["address"]) for one in account.of("mountTarget") if "address" in one["sim"]
    }


def groups_of(account: Account, instance: Record) -> list[str]:
    del account
    return list(instance["props"].get("securityGroups", []))


def members(account: Account) -> dict[str, set[str]]:
    """Private addresses by group."""
    found: dict[str, set[str]] = {}
    for instance in account.of("instance"):
        for group in groups_of(account, instance):
            found.setdefault(group, set()).add(instance["props"]["privateIp"])
    return found


def mapped(account: Account) -> Iterator[Mapped]:
    """Elastic addresses of instances, and addresses that instances have of their own."""
    for one in account.of("eipAssociation"):
        instance = account.get("instance", one["props"]["instanceId"])
        if instance is not None:
            eip = account.one("eip", one["props"]["allocationId"])
            yield _leads(eip["id"], eip["props"]["ipAddress"], instance)
    for instance in account.of("instance"):
        if public := instance["props"].get("publicIp"):
            yield _leads(instance["id"], public, instance)


def _leads(identity: str, public: str, instance: Record) -> Mapped:
    return Mapped(identity, public, instance["props"]["privateIp"], instance["sim"]["vpc"])


def taken(account: Account) -> list[str]:
    """Public addresses."""
    found = [one["props"].get("ipAddress") for one in account.of("eip")]
    found += [one["props"].get("publicIp") for one in account.of("instance")]
    return [address for address in found if address]


def user_data(props: Mapping[str, Any]) -> bytes:
    """The provider takes it as text or in base64."""
    given = str(props.get("userData") or "")
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return given.encode()


def implied(account: Account, kind: str, identity: str) -> bool:
    del account, kind, identity
    return False
