"""Security groups, enforced by nftables inside every instance: in and out, nothing but what a rule names.

A source or destination that is a group stands for its members' private addresses; the rules are written anew
wherever members change. A public CIDR stands for this computer, which is all of the world that there is: it
reaches instances from the VPC's first address. As on AWS, the metadata service and name servers need no rule.
"""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.simcloud import addresses, names
from tests.simcloud.errors import RefusedError
from tests.simcloud.resources import values
from tests.simcloud.store import Account, Record, Store, write
from tools.local_hosts import podman

# Where hosts find their rules; the image's own /etc/nftables.conf reads them.
MOUNTED_AT = "/etc/agent-fleet-firewall"

_RULE_KEYS = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
)


def check_groups(account: Account, vpc: str, groups: list[str]) -> None:
    """Raises RefusedError for a group of another VPC."""
    for group in groups:
        found = account.get("securityGroup", group)
        if found is not None and found["props"].get("vpcId") != vpc:
            raise RefusedError(
                "InvalidGroup.NotFound", f"The security group '{group}' does not exist in VPC '{vpc}'"
            )


def check_rule(store: Store, account: Account, record: Record) -> None:
    del store
    mine = record["props"]
    sources = [key for key in _RULE_KEYS[3:] if mine.get(key)]
    if len(sources) != 1:
        raise RefusedError(
            "InvalidParameterCombination", f"one source or destination per rule, not {sources}"
        )
    for other in account.of(record["kind"]):
        theirs = other["props"]
        if theirs["securityGroupId"] == mine["securityGroupId"] and all(
            theirs.get(key) == mine.get(key) for key in _RULE_KEYS
        ):
            raise RefusedError(
                "InvalidPermission.Duplicate", "the specified rule already exists in the security group"
            )


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
    for target in account.of("mountTarget"):
        for group in target["props"].get("securityGroups", []):
            found.setdefault(group, set()).add(target["props"]["ipAddress"])
    return found


def _rules(account: Account, kind: str, groups: list[str]) -> Iterator[Mapping[str, Any]]:
    for rule in account.of(kind):
        if rule["props"]["securityGroupId"] in groups:
            yield rule["props"]
    inline = "ingress" if kind == "securityGroupIngressRule" else "egress"
    for group in account.of("securityGroup", "defaultSecurityGroup"):
        if group["id"] in groups:
            for rule in group["props"].get(inline, []):
                yield from _spread(rule, group["id"])


def _spread(rule: Mapping[str, Any], group: str) -> Iterator[Mapping[str, Any]]:
    """A rule that is written inside a group, as rules of their own."""
    what = {"ipProtocol": str(rule["protocol"]), "fromPort": rule["fromPort"], "toPort": rule["toPort"]}
    for cidr in rule.get("cidrBlocks", []):
        yield {**what, "cidrIpv4": cidr}
    for other in [*rule.get("securityGroups", []), *([group] if rule.get("self") else [])]:
        yield {**what, "referencedSecurityGroupId": other}


def matches(account: Account, vpc: IPv4Network, kind: str, groups: list[str], side: str) -> Iterator[str]:
    """nftables' matches of a machine's rules; `side` is saddr or daddr."""
    known = members(account)
    for rule in _rules(account, kind, groups):
        what = _ports(rule)
        if group := rule.get("referencedSecurityGroupId"):
            for address in sorted(known.get(group, ())):
                yield f"ip {side} {address}{what}"
        elif cidr := rule.get("cidrIpv4"):
            yield from (f"{where}{what}" for where in _places(IPv4Network(cidr), vpc, side))
        elif prefixes := rule.get("prefixListId"):
            for endpoint in account.of("vpcEndpoint"):
                if endpoint["props"]["prefixListId"] == prefixes:
                    for block in values(endpoint["props"], "cidrBlocks"):
                        yield f"ip {side} {block}{what}"


def _places(cidr: IPv4Network, vpc: IPv4Network, side: str) -> list[str]:
    operator = addresses.gateway(vpc)
    if cidr.supernet_of(vpc) and cidr != vpc:
        return [f"ip {side} {cidr}"]
    if cidr.subnet_of(vpc):
        return [f"ip {side} {cidr} ip {side} != {operator}"]
    return [f"ip {side} {cidr}", f"ip {side} {operator}"]


def _ports(rule: Mapping[str, Any]) -> str:
    protocol = {"-1": "", "all": "", "6": "tcp", "17": "udp", "1": "icmp"}.get(
        str(rule["ipProtocol"]), str(rule["ipProtocol"])
    )
    if not protocol:
        return ""
    first, last = rule.get("fromPort"), rule.get("toPort")
    if protocol == "icmp" or first is None or int(first) < 0:
        return f" meta l4proto {protocol}"
    ports = f"{int(first)}" if first == last else f"{int(first)}-{int(last or 65535)}"
    return f" {protocol} dport {ports}"


def ruleset(account: Account, instance: Record) -> str:
    """What an instance loads: its own table whole, in one transaction."""
    vpc = addresses.cidr_of_vpc(account, instance["sim"]["vpc"])
    groups = groups_of(account, instance)
    ingress = matches(account, vpc, "securityGroupIngressRule", groups, "saddr")
    egress = matches(account, vpc, "securityGroupEgressRule", groups, "daddr")
    return table(ingress, egress)


def table(ingress: Iterator[str], egress: Iterator[str]) -> str:
    """An nftables file: everything is dropped, in and out, but what the matches name."""
    state = "ct state vmap { established : accept, related : accept, invalid : drop }"
    chains = {
        "input": [state, 'iifname "lo" accept', *sorted({f"{match} accept" for match in ingress})],
        "output": [
            state,
            'oifname "lo" accept',
            f"ip daddr {addresses.METADATA} accept",
            "meta l4proto { tcp, udp } th dport 53 accept",
            *sorted({f"{match} accept" for match in egress}),
        ],
    }
    lines = ["table inet agent_fleet", "delete table inet agent_fleet", "table inet agent_fleet {"]
    for hook, rules in chains.items():
        lines += [f"    chain {hook} {{", f"        type filter hook {hook} priority filter; policy drop;"]
        lines += [*(f"        {rule}" for rule in rules), "    }"]
    return "\n".join([*lines, "}", ""])


def folder(store: Store, instance: str) -> Path:
    return store.folder / "firewall" / instance


def refresh(store: Store) -> None:
    """Writes every instance's rules, and loads those that changed into the running hosts."""
    with store.lock("firewall"):
        account = store.read()
        changed: list[str] = []
        for instance in account.of("instance"):
            if "vpc" not in instance["sim"]:
                continue
            file = folder(store, instance["id"]) / "rules.nft"
            text = ruleset(account, instance)
            if not file.exists() or file.read_text() != text:
                write(file, text)
                changed.append(names.container(store.stack, instance["id"]))
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(_load, changed))


def _load(host: str) -> None:
    """A host that is not there yet, or no longer, reads its file at boot."""
    try:
        podman.run("exec", host, "nft", "--file", "/etc/nftables.conf")
    except podman.PodmanError:
        if podman.running(host):
            raise


def forget(store: Store, instance: str) -> None:
    shutil.rmtree(folder(store, instance), ignore_errors=True)
