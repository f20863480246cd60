"""The instance metadata service: a tree of texts. Standard library only."""

import json
from collections.abc import Mapping
from typing import Any


def find(instance: Mapping[str, Any], path: str) -> str | None:
    """The text at a path such as /latest/meta-data/placement/region; a folder lists what is in it."""
    version, _, rest = path.split("?")[0].lstrip("/").partition("/")
    if not version:
        return "latest"
    node: Any = _tree(instance)
    for part in filter(None, rest.split("/")):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    if isinstance(node, Mapping):
        return "\n".join(f"{name}/" if isinstance(value, Mapping) else name for name, value in node.items())
    return None if node is None else str(node)


def _tree(instance: Mapping[str, Any]) -> dict[str, Any]:
    address, zone, region = instance["privateIp"], instance["zone"], instance["region"]
    network = {
        "device-number": "0",
        "interface-id": instance["interface"],
        "local-ipv4s": address,
        "mac": instance["mac"],
        "security-group-ids": "\n".join(instance["groups"]),
        "subnet-id": instance["subnet"],
        "subnet-ipv4-cidr-block": instance["subnetCidr"],
        "vpc-id": instance["vpc"],
        "vpc-ipv4-cidr-block": instance["vpcCidr"],
    }
    data: dict[str, Any] = {
        "ami-id": instance["image"],
        "hostname": instance["hostname"],
        "instance-id": instance["id"],
        "instance-life-cycle": "spot" if instance["spot"] else "on-demand",
        "instance-type": instance["type"],
        "local-hostname": instance["hostname"],
        "local-ipv4": address,
        "mac": instance["mac"],
        "network": {"interfaces": {"macs": {instance["mac"]: network}}},
        "placement": {
            "availability-zone": zone,
            "availability-zone-id": instance["zoneId"],
            "region": region,
        },
        "security-groups": "\n".join(instance["groups"]),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    if instance["publicIp"]:
        data["public-ipv4"] = instance["publicIp"]
    if instance["role"]:
        data["iam"] = {
            "info": json.dumps({"Code": "Success", "InstanceProfileArn": instance["profileArn"]}),
            "security-credentials": {instance["role"]: _credentials()},
        }
    if instance["notice"]:
        notice = {"action": "terminate", "time": instance["notice"]}
        data["spot"] = {"instance-action": json.dumps(notice), "termination-time": instance["notice"]}
    if instance["tags"] is not None:
        data["tags"] = {"instance": dict(instance["tags"])}
    document = {
        "accountId": instance["account"],
        "availabilityZone": zone,
        "imageId": instance["image"],
        "instanceId": instance["id"],
        "instanceType": instance["type"],
        "privateIp": address,
        "region": region,
    }
    return {
        "meta-data": data,
        "dynamic": {"instance-identity": {"document": json.dumps(document)}},
        "user-data": instance["userData"],
    }


def _credentials() -> str:
    """Shaped as AWS's; they open nothing."""
    return json.dumps(
        {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": "ASIASIMULATED0000000",
            "SecretAccessKey": "simulated",
            "Token": "simulated",
            "Expiration": "2099-01-01T00:00:00Z",
            "LastUpdated": "2026-01-01T00:00:00Z",
        }
    )
