"""What the answering host is told of instances and parameters."""

import json
from collections.abc import Iterator
from typing import Any

from tests.simcloud import addresses, publishing
from tests.simcloud.aws import zones
from tests.simcloud.aws.words import ACCOUNT, groups_of
from tests.simcloud.store import Account, Record, Store, stacks


def instance(account: Account, record: Record) -> dict[str, Any]:
    props, sim = record["props"], record["sim"]
    options = next(iter(_dicts(props.get("metadataOptions"))), {})
    subnet = account.one("subnet", props["subnetId"])["props"]
    profile = account.get("instanceProfile", str(props.get("iamInstanceProfile") or ""))
    role = str(profile["props"].get("role") or "") if profile else ""
    tags = dict(props.get("tags") or {})
    return {
        "id": record["id"],
        "account": ACCOUNT,
        "type": props["instanceType"],
        "state": "running",
        "image": props.get("ami") or "",
        "privateIp": props["privateIp"],
        "publicIp": publishing.public_of(account, props["privateIp"]) or sim.get("autoPublicIp") or "",
        "hostname": sim["hostname"],
        "launched": sim["launched"],
        "zone": subnet["availabilityZone"],
        "zoneId": zones.zone_id(subnet["availabilityZone"]),
        "region": record["region"],
        "subnet": props["subnetId"],
        "subnetCidr": subnet["cidrBlock"],
        "vpc": sim["vpc"],
        "vpcCidr": str(addresses.cidr_of_vpc(account, sim["vpc"])),
        "interface": sim.get("interface") or "eni-of-its-own",
        "mac": sim["mac"],
        "groups": groups_of(account, record),
        "role": role,
        "profileArn": profile["props"]["arn"] if profile else "",
        "mayRead": sorted(_readable(account, role)),
        "spot": bool(props.get("instanceMarketOptions")),
        "notice": sim.get("notice") or "",
        "tokens": options.get("httpTokens") or "optional",
        "tags": tags if options.get("instanceMetadataTags") == "enabled" else None,
        "allTags": tags,
        "userData": sim.get("userData") or "",
    }


def parameters(account: Account) -> dict[str, Any]:
    return {
        parameter["id"]: {"type": parameter["props"]["type"], "value": parameter["props"].get("value", "")}
        for parameter in account.of("parameter")
    }


def everywhere() -> dict[str, Any]:
    """What the API tells, of all stacks of this copy of the project."""
    found: dict[str, Any] = {"account": ACCOUNT, "instances": {}, "parameters": {}}
    for stack in stacks():
        account = Store(stack).read()
        if account.cloud in ("", "aws"):
            for one in account.of("instance"):
                found["instances"][f"{stack} {one['id']}"] = instance(account, one)
    return found


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def _readable(account: Account, role: str) -> Iterator[str]:
    """Names of the parameters that a role's policies name. No wildcards: a policy is read as it stands."""
    for policy in account.of("rolePolicy"):
        if policy["props"]["role"] != role:
            continue
        for statement in _dicts(json.loads(policy["props"]["policy"]).get("Statement")):
            actions, resources = statement.get("Action"), statement.get("Resource")
            if "ssm:GetParameter" in (actions if isinstance(actions, list) else [actions]):
                for arn in resources if isinstance(resources, list) else [resources]:
                    name = str(arn).partition(":parameter/")[2]
                    yield from (name, f"/{name}")
