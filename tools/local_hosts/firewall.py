"""A role's firewall: one nftables file that all hosts of the role read at boot, and again when it changes."""

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tools.local_hosts import addresses, network, podman, state
from tools.local_hosts.errors import HostError

# Where hosts find the file; the image's /etc/nftables.conf reads it.
MOUNTED_AT = "/etc/agent-fleet-firewall"
OPERATOR = "operator"
# The interface that podman gives a host.
OUTSIDE = "eth0"


@dataclass(frozen=True)
class Rule:
    """TCP ports `first` to `last`, open to `source`: a role, a CIDR, or `operator` (this computer)."""

    source: str
    first: int
    last: int

    @classmethod
    def parsed(cls, raw: Mapping[str, Any]) -> "Rule":
        try:
            rule = cls(str(raw["source"]), int(raw["first"]), int(raw["last"]))
        except (KeyError, TypeError, ValueError) as error:
            raise HostError(f"{raw} is no firewall rule: it needs source, first and last") from error
        if not 1 <= rule.first <= rule.last <= 65535:
            raise HostError(
                f"{raw} is no firewall rule: ports run from 1 to 65535, the first not after the last"
            )
        return rule


def source_network(source: str, cidr: IPv4Network) -> IPv4Network:
    if source == OPERATOR:
        return IPv4Network(addresses.gateway(cidr))
    if source in addresses.ROLES:
        return addresses.role_range(cidr, source)
    try:
        return IPv4Network(source)
    except ValueError as error:
        raise HostError(
            f"{source!r} is no source of a firewall rule: use a role, a CIDR or operator"
        ) from error


def ruleset(rules: Sequence[Rule], cidr: IPv4Network) -> str:
    """The nftables file of a role: everything that comes in is dropped but what `rules` name.

    It acts before addresses are translated, as a security group outside of the machine does: Docker leads
    ports that it publishes past the input chain. What a machine's own containers ask of it does not come in.
    It replaces its own table only, in one transaction: there is no moment without rules, and what other
    software on the host keeps in nftables stays. What goes out is not filtered.
    """
    allowed = sorted({(source_network(rule.source, cidr), rule.first, rule.last) for rule in rules})
    lines = [
        f"ip saddr {source} tcp dport {first if first == last else f'{first}-{last}'} accept"
        for source, first, last in allowed
    ]
    body = "\n        ".join(
        [
            "type filter hook prerouting priority mangle; policy drop;",
            f'iifname != "{OUTSIDE}" accept',
            "ct state vmap { established : accept, related : accept, invalid : drop }",
            f"ip saddr {cidr} icmp type echo-request accept",
            *lines,
        ]
    )
    return (
        "table inet agent_fleet\n"
        "delete table inet agent_fleet\n"
        "table inet agent_fleet {\n"
        "    chain outside {\n"
        f"        {body}\n"
        "    }\n"
        "}\n"
    )


def folder(stack: str, role: str) -> Path:
    return state.stack_folder(stack) / "firewall" / role


def write(stack: str, role: str, rules: Sequence[Rule]) -> None:
    """Writes the role's file and loads it into every running host of the role."""
    cidr = network.get(stack).cidr
    addresses.role_range(cidr, role)
    text = ruleset(rules, cidr)
    target = folder(stack, role) / "rules.nft"
    with state.lock(f"firewall-{stack}-{role}"):
        state.write(target, text)
        hosts = [
            str(host["Names"][0])
            for host in podman.containers(state.labels(stack, role=role))
            if host["State"] == "running"
        ]
        with ThreadPoolExecutor(max_workers=8) as pool:
            problems = [problem for problem in pool.map(_load, hosts) if problem]
    if problems:
        raise HostError(
            f"stack {stack}: the firewall of role {role} is not in force everywhere: {'; '.join(problems)}"
        )


def _load(host: str) -> str | None:
    """Loads the file in one host; what went wrong, if anything did. A host that stops meanwhile is fine."""
    try:
        podman.run("exec", host, "nft", "--file", "/etc/nftables.conf")
    except podman.PodmanError as error:
        if podman.running(host):
            return f"{host}: {error.reason}"
    return None


def remove(stack: str, role: str) -> None:
    """Removes the file; fine if it is gone already. Hosts that run keep what they loaded."""
    shutil.rmtree(folder(stack, role), ignore_errors=True)
