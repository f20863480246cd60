"""Rules of security groups: resources of their own, or written inside a group."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud.clouds import Rule, Side
from tests.simcloud.errors import RefusedError
from tests.simcloud.resources import values
from tests.simcloud.store import Account, Record, Store

_KEYS = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
)


def check(store: Store, account: Account, record: Record) -> None:
    del store
    mine = record["props"]
    sources = [key for key in _KEYS[3:] if mine.get(key)]
    if len(sources) != 1:
        raise RefusedError(
            "InvalidParameterCombination", f"one source or destination per rule, not {sources}"
        )
    for other in account.of(record["kind"]):
        theirs = other["props"]
        if theirs["securityGroupId"] == mine["securityGroupId"] and all(
            theirs.get(key) == mine.get(key) for key in _KEYS
        ):
            raise RefusedError(
                "InvalidPermission.Duplicate", "the specified rule already exists in the security group"
            )


def rules(account: Account, groups: list[str], side: Side) -> Iterator[Rule]:
    kind, inline = {
        "in": ("securityGroupIngressRule", "ingress"),
        "out": ("securityGroupEgressRule", "egress"),
    }[side]
    for rule in account.of(kind):
        if rule["props"]["securityGroupId"] in groups:
            yield _rule(account, rule["props"])
    for group in account.of("securityGroup", "defaultSecurityGroup"):
        if group["id"] in groups:
            for rule in group["props"].get(inline, []):
                for one in _spread(rule, group["id"]):
                    yield _rule(account, one)


def _spread(rule: Mapping[str, Any], group: str) -> Iterator[Mapping[str, Any]]:
    """A rule that is written inside a group, as rules of their own."""
    what = {"ipProtocol": str(rule["protocol"]), "fromPort": rule["fromPort"], "toPort": rule["toPort"]}
    for cidr in rule.get("cidrBlocks", []):
        yield {**what, "cidrIpv4": cidr}
    for other in [*rule.get("securityGroups", []), *([group] if rule.get("self") else [])]:
        yield {**what, "referencedSecurityGroupId": other}


def _rule(account: Account, props: Mapping[str, Any]) -> Rule:
    first, last = props.get("fromPort"), props.get("toPort")
    return Rule(
        protocol=str(props["ipProtocol"]),
        first=None if first is None else int(first),
        # a range up to 0 is one that nobody ended
        last=int(last or 65535) if last != first else int(last) if last is not None else None,
        cidr=str(props.get("cidrIpv4") or ""),
        group=str(props.get("referencedSecurityGroupId") or ""),
        blocks=tuple(_blocks(account, props.get("prefixListId"))),
    )


def _blocks(account: Account, prefixes: str | None) -> Iterator[str]:
    for endpoint in account.of("vpcEndpoint"):
        if prefixes and endpoint["props"]["prefixListId"] == prefixes:
            yield from (str(block) for block in values(endpoint["props"], "cidrBlocks"))
