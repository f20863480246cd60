"""Security groups, enforced by nftables inside every instance: in and out, nothing but what a rule names.

A source or destination that is a group stands for its members' private addresses; the rules are written anew
wherever members change. A public CIDR stands for this computer, which is all of the world that there is: it
reaches instances from the VPC's first address. As on the clouds, the metadata service and name servers need
no rule.
"""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Network
from pathlib import Path

from tests.simcloud import addresses, clouds, names
from tests.simcloud.clouds import Rule, Side
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Account, Record, Store, write
from tools.local_hosts import podman
from tools.local_hosts.firewall import OUTSIDE

# Where hosts find their rules; the image's own /etc/nftables.conf reads them.
MOUNTED_AT = "/etc/agent-fleet-firewall"


def check_groups(account: Account, vpc: str, groups: list[str]) -> None:
    """Raises RefusedError for a group of another VPC."""
    for group in groups:
        found = account.get("securityGroup", group)
        if found is not None and found["props"].get("vpcId") != vpc:
            raise RefusedError(
                clouds.of(account).CODES.other_network,
                f"The security group '{group}' does not exist in VPC '{vpc}'",
            )


def verdicts(account: Account, vpc: IPv4Network, groups: list[str], side: Side) -> list[str]:
    """nftables' rules of a machine, in the order in which they count: `in` by who asks, `out` by whom."""
    face = clouds.of(account)
    known = face.members(account)
    field = "saddr" if side == "in" else "daddr"
    found: set[tuple[int, bool, str]] = set()
    for rule in face.rules(account, groups, side):
        for where in _others(rule, known.get(rule.group, set()), vpc, field):
            line = f"{where}{_ports(rule)} {rule.verdict}"
            found.add((rule.priority, rule.verdict == "accept", line))
    return [line for *_, line in sorted(found)]


def _others(rule: Rule, members: set[str], vpc: IPv4Network, field: str) -> Iterable[str]:
    if rule.group:
        return [f"ip {field} {address}" for address in members]
    if rule.cidr:
        return _places(IPv4Network(rule.cidr), vpc, field)
    return [f"ip {field} {block}" for block in rule.blocks]


def _places(cidr: IPv4Network, vpc: IPv4Network, field: str) -> list[str]:
    operator = addresses.gateway(vpc)
    if cidr.supernet_of(vpc) and cidr != vpc:
        return [f"ip {field} {cidr}"]
    if cidr.subnet_of(vpc):
        return [f"ip {field} {cidr} ip {field} != {operator}"]
    return [f"ip {field} {cidr}", f"ip {field} {operator}"]


def _ports(rule: Rule) -> str:
    protocol = {"-1": "", "all": "", "6": "tcp", "17": "udp", "1": "icmp"}.get(rule.protocol, rule.protocol)
    if not protocol:
        return ""
    if protocol == "icmp" or rule.first is None or rule.first < 0:
        return f" meta l4proto {protocol}"
    last = 65535 if rule.last is None else rule.last
    return f" {protocol} dport {rule.first if rule.first == last else f'{rule.first}-{last}'}"


def ruleset(account: Account, instance: Record) -> str:
    """What an instance loads: its own table whole, in one transaction."""
    vpc = addresses.cidr_of_vpc(account, instance["sim"]["vpc"])
    face = clouds.of(account)
    groups = face.groups_of(account, instance)
    return table(face.METADATA, verdicts(account, vpc, groups, "in"), verdicts(account, vpc, groups, "out"))


def table(metadata: str, ingress: Iterable[str], egress: Iterable[str]) -> str:
    """An nftables file: everything is dropped, in and out, but what the rules let through.

    What comes in is judged before Docker leads ports that it publishes past the input chain.
    """
    state = "ct state vmap { established : accept, related : accept, invalid : drop }"
    chains = {
        "prerouting priority mangle": [f'iifname != "{OUTSIDE}" accept', state, *ingress],
        "output priority filter": [
            state,
            'oifname "lo" accept',
            f"ip daddr {metadata} accept",
            "meta l4proto { tcp, udp } th dport 53 accept",
            *egress,
        ],
    }
    lines = ["table inet agent_fleet", "delete table inet agent_fleet", "table inet agent_fleet {"]
    for hook, rules in chains.items():
        lines += [f"    chain {hook.split()[0]} {{", f"        type filter hook {hook}; policy drop;"]
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
