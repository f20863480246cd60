"""What the answering host of each VPC is told: instances, mount targets, parameters, and its firewall."""

import json
from collections.abc import Iterator
from typing import Any

from tests.simcloud import addresses, certificates, firewall, publishing, vpc_zones, wires
from tests.simcloud.resources import ACCOUNT
from tests.simcloud.store import Account, Record, Store, stacks, write


def settle(store: Store) -> None:
    """Brings everything that follows from the account up to date: firewalls, metadata, mount targets."""
    firewall.refresh(store)
    refresh(store)


def refresh(store: Store) -> None:
    """Writes the state of every VPC, and waits until what changed is in force."""
    with store.lock("served"):
        account = store.read()
        for vpc in account.of("vpc"):
            file = wires.folder(store, vpc["id"]) / "state.json"
            if not file.parent.exists():
                continue
            before: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"serial": 0}
            told = {"serial": before["serial"], **_state(store, account, vpc["id"])}
            if told == before:
                continue
            told["serial"] = before["serial"] + 1
            write(file, json.dumps(told))
            answering = addresses.served(addresses.cidr_of_vpc(account, vpc["id"]))
            wires.wait_for(store, vpc["id"], str(answering), told["serial"])


def _state(store: Store, account: Account, vpc: str) -> dict[str, Any]:
    targets = [target for target in account.of("mountTarget") if _vpc_of(account, target) == vpc]
    return {
        "account": ACCOUNT,
        "targets": {
            target["props"]["ipAddress"]: {
                "fs": target["props"]["fileSystemId"],
                "certificate": certificates.of_server(
                    store, wires.folder(store, vpc) / "certificates", target["props"]["dnsName"]
                ),
            }
            for target in targets
        },
        "instances": {
            instance["props"]["privateIp"]: _instance(account, instance)
            for instance in account.of("instance")
            if instance["sim"].get("vpc") == vpc
        },
        "parameters": {
            parameter["id"]: {
                "type": parameter["props"]["type"],
                "value": parameter["props"].get("value", ""),
            }
            for parameter in account.of("parameter")
        },
        "nft": _closed(account, vpc, targets),
    }


def everywhere() -> dict[str, Any]:
    """What the API tells, of all stacks of this copy of the project."""
    found: dict[str, Any] = {"account": ACCOUNT, "instances": {}, "parameters": {}}
    for stack in stacks():
        account = Store(stack).read()
        for instance in account.of("instance"):
            found["instances"][f"{stack} {instance['id']}"] = _instance(account, instance)
    return found


def _vpc_of(account: Account, record: Record) -> str:
    return account.one("subnet", record["props"]["subnetId"])["props"]["vpcId"]


def _closed(account: Account, vpc: str, targets: list[Record]) -> str:
    """Mount targets let in what their groups say; the rest of the host answers to all of the VPC."""
    cidr = addresses.cidr_of_vpc(account, vpc)
    lines: list[str] = []
    for target in targets:
        groups = target["props"].get("securityGroups", [])
        where = f"ip daddr {target['props']['ipAddress']}"
        for match in firewall.matches(account, cidr, "securityGroupIngressRule", groups, "saddr"):
            lines.append(f"        {where} {match} accept")
        lines.append(f"        {where} drop")
    return "\n".join(
        [
            *(
                "table inet simcloud",
                "delete table inet simcloud",
                "table inet simcloud {",
                "    chain input {",
            ),
            "        type filter hook input priority filter; policy accept;",
            "        ct state established accept",
            *lines,
            *("    }", "}", ""),
        ]
    )


def _instance(account: Account, instance: Record) -> dict[str, Any]:
    props, sim = instance["props"], instance["sim"]
    options = next(iter(_dicts(props.get("metadataOptions"))), {})
    subnet = account.one("subnet", props["subnetId"])["props"]
    profile = account.get("instanceProfile", str(props.get("iamInstanceProfile") or ""))
    role = str(profile["props"].get("role") or "") if profile else ""
    tags = dict(props.get("tags") or {})
    return {
        "id": instance["id"],
        "account": ACCOUNT,
        "type": props["instanceType"],
        "state": "running",
        "image": props.get("ami") or "",
        "privateIp": props["privateIp"],
        "publicIp": publishing.public_of(account, props["privateIp"]) or sim.get("autoPublicIp") or "",
        "hostname": sim["hostname"],
        "launched": sim["launched"],
        "zone": subnet["availabilityZone"],
        "zoneId": vpc_zones.zone_id(subnet["availabilityZone"]),
        "region": instance["region"],
        "subnet": props["subnetId"],
        "subnetCidr": subnet["cidrBlock"],
        "vpc": sim["vpc"],
        "vpcCidr": str(addresses.cidr_of_vpc(account, sim["vpc"])),
        "interface": sim.get("interface") or "eni-of-its-own",
        "mac": sim["mac"],
        "groups": firewall.groups_of(account, instance),
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
