"""Networks, ranges of roles and addresses."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.local_hosts import addresses
from tools.local_hosts.errors import HostError

NETWORK = IPv4Network("10.89.16.0/20")


def test_a_stack_gets_the_first_network_that_nothing_uses() -> None:
    taken = [IPv4Network("10.89.0.0/24"), IPv4Network("10.89.17.0/24"), IPv4Network("192.168.0.0/16")]
    assert addresses.free_network(taken) == IPv4Network("10.89.32.0/20")


def test_without_a_free_network_the_error_names_the_key_to_set() -> None:
    with pytest.raises(HostError, match=r"network\.cidr"):
        addresses.free_network([IPv4Network("10.0.0.0/8")])


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.0.0/8", "between a /16 and a /26"),
        ("10.0.0.0/27", "between a /16 and a /26"),
        ("10.0.0.1/24", "has host bits set"),
        ("10.1.2.0/24", "overlaps 10.1.0.0/16"),
    ],
)
def test_a_network_that_cannot_be_had_is_refused_with_the_reason(cidr: str, reason: str) -> None:
    with pytest.raises(HostError, match=reason):
        addresses.checked_network(cidr, [IPv4Network("10.1.0.0/16")])


@given(st.integers(addresses.LARGEST, addresses.SMALLEST))
def test_ranges_of_roles_are_apart_and_leave_the_gateway_alone(prefix: int) -> None:
    network = IPv4Network(f"10.96.0.0/{prefix}")
    ranges = [addresses.role_range(network, role) for role in addresses.ROLES]
    assert all(part.subnet_of(network) for part in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one != other)
    assert not any(addresses.gateway(network) in part for part in ranges)


def test_a_host_gets_the_lowest_free_address_of_its_role() -> None:
    assert str(addresses.free_address(NETWORK, "worker", [])) == "10.89.24.1"
    assert str(addresses.free_address(NETWORK, "worker", ["10.89.24.1", "10.89.24.3"])) == "10.89.24.2"
    assert str(addresses.free_address(NETWORK, "master", ["10.89.24.1"])) == "10.89.18.1"


@given(st.sampled_from(addresses.ROLES))
def test_a_small_network_has_room_for_six_hosts_of_a_role_and_says_when_it_is_full(role: str) -> None:
    network = IPv4Network("10.96.0.0/26")
    given_out: list[str] = []
    for _ in range(6):
        given_out.append(str(addresses.free_address(network, role, given_out)))
    assert len(set(given_out)) == 6
    everything = [str(address) for address in network]
    with pytest.raises(HostError, match="in use"):
        addresses.free_address(network, role, everything)


def test_the_broadcast_address_is_never_given_out() -> None:
    network = IPv4Network("10.96.0.0/26")
    but_the_last = [str(address) for address in network][:-1]
    with pytest.raises(HostError, match="in use"):
        addresses.free_address(network, "worker", but_the_last)
