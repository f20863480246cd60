"""Rules of security groups.

A normal group lets everything out and nothing in, but what its members send each other where its
innerAccessPolicy says Accept; an enterprise group lets nothing out either. Rules come before that, those of
a lower number first, and what drops before what accepts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud.clouds import Rule, Side
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Account, Record, Store

_ALL_PORTS = "-1/-1"
_LAST = 1000


def check(store: Store, account: Account, record: Record) -> None:
    """What the provider and ECS refuse. ECS takes a rule that is there already; here that is an error."""
    del store
    props = record["props"]
    others = [
        key for key in ("cidrIp", "ipv6CidrIp", "sourceSecurityGroupId", "prefixListId") if props.get(key)
    ]
    if len(others) != 1:
        raise RefusedError("InvalidParam.SourceIp", f"one source or destination per rule, not {others}")
    if (props["ipProtocol"] in ("tcp", "udp")) == (props["portRange"] == _ALL_PORTS):
        raise RefusedError(
            "InvalidPortRange", "tcp and udp support ports from 1 to 65535, icmp, gre and all only -1/-1"
        )
    if props.get("nicType") != "intranet":
        raise RefusedError(
            "InvalidNicType", "When security group in the vpc, the nic_type must be 'intranet'."
        )
    if not 1 <= int(props["priority"]) <= 100:
        raise RefusedError("InvalidPriority", f"{props['priority']} is not from 1 to 100")
    if account.get("securityGroupRule", record["id"]) is not None:
        raise RefusedError(
            "Simulated.RuleIsThere", f"ECS would say yes to {record['id']} a second time, and know one rule"
        )


def rules(account: Account, groups: list[str], side: Side) -> Iterator[Rule]:
    wanted = "ingress" if side == "in" else "egress"
    for rule in account.of("securityGroupRule"):
        if rule["props"]["securityGroupId"] in groups and rule["props"]["type"] == wanted:
            yield _rule(rule["props"])
    for group in account.of("securityGroup"):
        if group["id"] not in groups or group["props"]["securityGroupType"] != "normal":
            continue
        if side == "out":
            yield Rule("all", cidr="0.0.0.0/0", priority=_LAST)
        elif group["props"]["innerAccessPolicy"] == "Accept":
            yield Rule("all", group=group["id"], priority=_LAST)


def _rule(props: Mapping[str, Any]) -> Rule:
    first, _, last = str(props["portRange"]).partition("/")
    ports: dict[str, Any] = (
        {} if props["portRange"] == _ALL_PORTS else {"first": int(first), "last": int(last)}
    )
    return Rule(
        protocol=str(props["ipProtocol"]),
        **ports,
        cidr=str(props.get("cidrIp") or ""),
        group=str(props.get("sourceSecurityGroupId") or ""),
        verdict="drop" if props["policy"] == "drop" else "accept",
        priority=int(props["priority"]),
    )
