"""Public addresses: a loopback address of this computer leads to an instance, as a NAT rule of the computer.

AWS's gateway translates a public address to a private one; here the computer's own iptables do. Nothing but
this computer can reach them. Whether a connection gets in is left to the instance's security groups.
Instances themselves cannot reach each other by public addresses, which on AWS they could.
"""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simcloud import addresses, wires
from tests.simcloud.store import Account, Record, Store
from tools.local_hosts import podman

_CHAINS = ("OUTPUT", "POSTROUTING")


def target(account: Account, props: dict[str, Any]) -> tuple[str, str] | None:
    """Private address and VPC that an address or its association leads to, if it leads anywhere."""
    interface = props.get("networkInterfaceId") or props.get("networkInterface")
    instance = props.get("instanceId") or props.get("instance")
    found = account.get("networkInterface", interface) if interface else None
    found = found or (account.get("instance", instance) if instance else None)
    if found is None:
        return None
    vpc = account.one("subnet", found["props"]["subnetId"])["props"]["vpcId"]
    return found["props"]["privateIp"], vpc


def mapped(account: Account) -> Iterator[tuple[Record, str, str]]:
    """Each address in use with the private one and the VPC that it leads to."""
    associated = {one["props"]["allocationId"]: one["props"] for one in account.of("eipAssociation")}
    for eip in account.of("eip"):
        where = target(account, associated.get(eip["id"], eip["props"]))
        if where is not None:
            yield eip, *where


def vpc_of(account: Account, eip: Record) -> str | None:
    return next((vpc for other, _, vpc in mapped(account) if other["id"] == eip["id"]), None)


def public_of(account: Account, private: str) -> str:
    """The public address that leads to a private one, or nothing."""
    return next((eip["props"]["publicIp"] for eip, address, _ in mapped(account) if address == private), "")


def _wanted(account: Account, late: set[str]) -> set[str]:
    # podman translates what leaves a network, on bridges too; the metadata service must see who asks
    rules = {
        f"POSTROUTING -s {vpc['props']['cidrBlock']} -d {addresses.METADATA}/32 -j ACCEPT"
        for vpc in account.of("vpc")
    }
    for eip, private, vpc in mapped(account):
        if private in late:
            continue
        gateway = addresses.gateway(addresses.cidr_of_vpc(account, vpc))
        rules.add(f"OUTPUT -d {eip['props']['publicIp']}/32 -j DNAT --to-destination {private}")
        rules.add(f"POSTROUTING -s 127.0.0.0/8 -d {private}/32 -j SNAT --to-source {gateway}")
    return rules


def reconcile(store: Store) -> None:
    """Makes the computer's NAT rules what the account says."""
    with store.lock("public"):
        account = store.read()
        late = {
            record["props"]["privateIp"] for record in account.of("instance") if record["sim"].get("late")
        }
        wanted, there = _wanted(account, late), _there(store.stack)
        for rule in sorted(there - wanted):
            _iptables("-D", store.stack, rule)
        for vpc in {vpc for _, _, vpc in mapped(account)}:
            wires.let_loopback_through(store, vpc)
        for rule in sorted(wanted - there):
            _iptables("-I", store.stack, rule)


def later(store: Store, seconds: float, arrived: Any) -> None:
    """Calls `arrived` after that long, and reconciles."""

    def go() -> None:
        arrived()
        reconcile(store)

    timer = threading.Timer(seconds, go)
    timer.daemon = True
    timer.start()


def _comment(stack: str) -> str:
    return f"simcloud {stack}"


def _iptables(verb: str, stack: str, rule: str) -> None:
    chain, *rest = rule.split()
    matches, _, action = " ".join(rest).partition(" -j ")
    words = [*matches.split(), "-m", "comment", "--comment", _comment(stack), "-j", *action.split()]
    subprocess.run(
        [*podman.as_root("iptables"), "-w", "-t", "nat", verb, chain, *words], check=True, capture_output=True
    )


def _there(stack: str) -> set[str]:
    """This stack's rules, in the form that `_wanted` has."""
    found: set[str] = set()
    mark = f'-m comment --comment "{_comment(stack)}" '
    for chain in _CHAINS:
        listed = subprocess.run(
            [*podman.as_root("iptables"), "-w", "-t", "nat", "-S", chain],
            check=True,
            capture_output=True,
            text=True,
        )
        for line in listed.stdout.splitlines():
            if mark in line:
                found.add(" ".join(line.replace(mark, "").split()[1:]))
    return found


def leftovers(stack: str) -> list[str]:
    return [f"NAT rule {rule}" for rule in sorted(_there(stack))]


def loopback_setting(bridge: str) -> Path:
    return Path(f"/proc/sys/net/ipv4/conf/{bridge}/route_localnet")
