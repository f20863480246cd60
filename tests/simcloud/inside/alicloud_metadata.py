"""Alibaba Cloud's instance metadata: a tree of texts. Standard library only."""

import json
from collections.abc import Mapping
from typing import Any


def find(instance: Mapping[str, Any], path: str) -> str | None:
    """The text at a path such as /latest/meta-data/zone-id; a folder lists what is in it."""
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
    network = {
        "mac": instance["mac"],
        "network-interface-id": instance["interface"],
        "primary-ip-address": instance["privateIp"],
        "private-ipv4s": json.dumps([instance["privateIp"]]),
        "vpc-id": instance["vpc"],
        "vpc-cidr-block": instance["vpcCidr"],
        "vswitch-id": instance["vswitch"],
        "vswitch-cidr-block": instance["vswitchCidr"],
    }
    data: dict[str, Any] = {
        "hostname": instance["hostname"],
        "image-id": instance["image"],
        "instance-id": instance["id"],
        "instance": {"instance-name": instance["name"], "instance-type": instance["type"]},
        "mac": instance["mac"],
        "network-type": "vpc",
        "network": {"interfaces": {"macs": {instance["mac"]: network}}},
        "owner-account-id": instance["account"],
        "private-ipv4": instance["privateIp"],
        "region-id": instance["region"],
        "serial-number": instance["id"],
        "vpc-cidr-block": instance["vpcCidr"],
        "vpc-id": instance["vpc"],
        "vswitch-cidr-block": instance["vswitchCidr"],
        "vswitch-id": instance["vswitch"],
        "zone-id": instance["zone"],
    }
    if instance["eip"]:
        data["eipv4"] = instance["eip"]
    if instance["ownIp"]:
        data["public-ipv4"] = instance["ownIp"]
    if instance["notice"]:
        data["instance"]["spot"] = {"termination-time": instance["notice"]}
    if instance["tags"] is not None:
        data["tags"] = {"instance": dict(instance["tags"])}
    document = {
        "owner-account-id": instance["account"],
        "image-id": instance["image"],
        "instance-id": instance["id"],
        "instance-type": instance["type"],
        "private-ipv4": instance["privateIp"],
        "region-id": instance["region"],
        "zone-id": instance["zone"],
    }
    return {
        "meta-data": data,
        "dynamic": {"instance-identity": {"document": json.dumps(document)}},
        "user-data": instance["userData"],
    }
