"""What the answering host is told of instances."""

from typing import Any

from tests.simcloud import addresses, publishing
from tests.simcloud.alicloud.words import ACCOUNT
from tests.simcloud.store import Account, Record


def instance(account: Account, record: Record) -> dict[str, Any]:
    props, sim = record["props"], record["sim"]
    subnet = account.one("subnet", props["vswitchId"])["props"]
    return {
        "id": record["id"],
        "account": ACCOUNT,
        "name": props["instanceName"],
        "type": props["instanceType"],
        "image": props["imageId"],
        "privateIp": props["privateIp"],
        "ownIp": props.get("publicIp") or "",
        "eip": "" if props.get("publicIp") else publishing.public_of(account, props["privateIp"]),
        "hostname": sim["hostname"],
        "zone": sim["zone"],
        "region": record["region"],
        "vswitch": props["vswitchId"],
        "vswitchCidr": subnet["cidrBlock"],
        "vpc": sim["vpc"],
        "vpcCidr": str(addresses.cidr_of_vpc(account, sim["vpc"])),
        "interface": sim["interface"],
        "mac": sim["mac"],
        "spot": props["spotStrategy"] != "NoSpot",
        "notice": sim.get("notice") or "",
        "endpoint": props["httpEndpoint"],
        "tokens": props["httpTokens"],
        "tags": dict(props.get("tags") or {}) if props.get("instanceMetadataTags") == "enabled" else None,
        "userData": sim["userData"],
    }
