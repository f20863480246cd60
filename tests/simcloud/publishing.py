"""Public addresses: a loopback address of this computer leads to an instance, as a NAT rule of the computer.

A cloud's gateway translates a public address to a private one; here the computer's own iptables do. Nothing
but this computer can reach them. Whether a connection gets in is left to the instance's security groups.
Instances themselves cannot reach each other by public addresses, which on the clouds they could.
"""

import subprocess
import threading
from typing import Any

from tests.simcloud import addresses, clouds, wires
from tests.simcloud.clouds import Mapped
from tests.simcloud.store import Account, Store
from tools.local_hosts import podman

_CHAINS = ("OUTPUT", "POSTROUTING")


def mapped(account: Account) -> list[Mapped]:
    return list(clouds.of(account).mapped(account))


def vpc_of(account: Account, address: str) -> str | None:
    return next((one.vpc for one in mapped(account) if one.id == address), None)


def public_of(account: Account, private: str) -> str:
    """The public address that leads to a private one, or nothing."""
    return next((one.public for one in mapped(account) if one.private == private), "")


def _wanted(account: Account, late: set[str]) -> set[str]:
    metadata = clouds.of(account).METADATA
    # podman translates what leaves a network, on bridges too; the metadata service must see who asks
    rules = {
        f"POSTROUTING -s {vpc['props']['cidrBlock']} -d {metadata}/32 -j ACCEPT" for vpc in account.of("vpc")
    }
    for one in mapped(account):
        if one.private in late:
            continue
        gateway = addresses.gateway(addresses.cidr_of_vpc(account, one.vpc))
        rules.add(f"OUTPUT -d {one.public}/32 -j DNAT --to-destination {one.private}")
        rules.add(f"POSTROUTING -s 127.0.0.0/8 -d {one.private}/32 -j SNAT --to-source {gateway}")
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
        for vpc in {one.vpc for one in mapped(account)}:
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
