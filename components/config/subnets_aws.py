"""How a VPC of the stack's own is shared out. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Network

# The first four addresses of a subnet and its last (VPC guide, "Subnet sizing").
KEPT_BY_AWS = 5


def public_subnets(cidr: IPv4Network, zones: Sequence[str]) -> dict[str, IPv4Network]:
    """Where the master stands, and without `private` the workers: a sixteenth of the network for each zone.

    A zone's share follows from its letter, so that zones may come and go without moving the others.
    """
    return {zone: _share(cidr, zone, 0) for zone in zones}


def private_subnets(cidr: IPv4Network, zones: Sequence[str]) -> dict[str, IPv4Network]:
    """Where workers without a public address stand: another sixteenth."""
    return {zone: _share(cidr, zone, 1) for zone in zones}


def addresses(subnet: IPv4Network) -> int:
    """Addresses that machines and mount targets can have."""
    return subnet.num_addresses - KEPT_BY_AWS


def _share(cidr: IPv4Network, zone: str, half: int) -> IPv4Network:
    number = 2 * (ord(zone[-1]) - ord("a")) + half
    size = cidr.num_addresses // 16
    return IPv4Network((int(cidr.network_address) + number * size, cidr.prefixlen + 4))
