"""From rules to nftables."""

from ipaddress import IPv4Network

import pytest

from tools.local_hosts.errors import HostError
from tools.local_hosts.firewall import Rule, ruleset

NETWORK = IPv4Network("10.89.0.0/20")


def test_a_role_as_source_is_its_range_and_the_operator_is_the_gateway() -> None:
    text = ruleset(
        [Rule("worker", 6379, 6379), Rule("operator", 22, 22), Rule("203.0.113.0/28", 20000, 20099)], NETWORK
    )
    allowed = [line.strip() for line in text.splitlines() if "dport" in line]
    assert allowed == [
        "ip saddr 10.89.0.1/32 tcp dport 22 accept",
        "ip saddr 10.89.8.0/21 tcp dport 6379 accept",
        "ip saddr 203.0.113.0/28 tcp dport 20000-20099 accept",
    ]


def test_what_no_rule_names_is_dropped() -> None:
    text = ruleset([], NETWORK)
    assert "policy drop" in text
    assert "dport" not in text


def test_the_order_of_rules_changes_nothing() -> None:
    rules = [Rule("worker", 1, 2), Rule("master", 3, 3), Rule("worker", 1, 2)]
    assert ruleset(rules, NETWORK) == ruleset(rules[::-1], NETWORK)


@pytest.mark.parametrize(
    "raw",
    [
        {"source": "worker", "first": 0, "last": 5},
        {"source": "worker", "first": 9, "last": 8},
        {"source": "worker", "first": 1, "last": 65536},
        {"source": "worker", "first": "http", "last": 80},
        {"first": 1, "last": 1},
    ],
)
def test_a_rule_that_is_none_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(HostError, match="is no firewall rule"):
        Rule.parsed(raw)


def test_a_source_that_is_neither_role_nor_network_is_refused() -> None:
    with pytest.raises(HostError, match="use a role, a CIDR or operator"):
        ruleset([Rule("workers; accept", 1, 1)], NETWORK)
