"""Which network a stack gets, which part of it each role, which address each host. Pure."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from tools.local_hosts.errors import HostError

# Where podman takes its own networks from too; both sides look at what is taken.
POOL = IPv4Network("10.89.0.0/16")
PREFIX = 20

# Below a /26 a role's part would be empty; above a /16 it would swallow the networks of other stacks.
LARGEST, SMALLEST = 16, 26

ROLES = ("master", "worker", "gpuVm")


def free_network(taken: Iterable[IPv4Network]) -> IPv4Network:
    """The first /20 that overlaps nothing that the computer routes or podman knows."""
    known = list(taken)
    for candidate in POOL.subnets(new_prefix=PREFIX):
        if not any(candidate.overlaps(network) for network in known):
            return candidate
    raise HostError(
        f"no free /{PREFIX} is left in {POOL} for the network of a new stack: "
        "give one as `network.cidr`, or take down a stack (`podman network ls` shows all)"
    )


def checked_network(cidr: str, taken: Iterable[IPv4Network]) -> IPv4Network:
    """The network that the stack asks for, if it can be had."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise HostError(f"network.cidr {cidr} is no IPv4 network: {error}") from error
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise HostError(f"network.cidr {cidr} must be between a /{LARGEST} and a /{SMALLEST}")
    for other in taken:
        if network.overlaps(other):
            raise HostError(
                f"network.cidr {cidr} overlaps {other}, which this computer uses already: "
                "give another, or leave it out to get a free one"
            )
    return network


def gateway(network: IPv4Network) -> IPv4Address:
    """The operator's computer, as the hosts see it."""
    return network.network_address + 1


def role_range(network: IPv4Network, role: str) -> IPv4Network:
    """The role's part: the upper half for workers, a quarter for GPU VMs, an eighth for the master.

    So rules name parts, and one more worker changes no rule. The first eighth holds the gateway.
    """
    half, workers = network.subnets(prefixlen_diff=1)
    quarter, gpu_vms = half.subnets(prefixlen_diff=1)
    _, masters = quarter.subnets(prefixlen_diff=1)
    try:
        return {"master": masters, "worker": workers, "gpuVm": gpu_vms}[role]
    except KeyError:
        raise HostError(f"{role!r} is no role: use one of {', '.join(ROLES)}") from None


def _usable(part: IPv4Network, network: IPv4Network) -> Iterator[IPv4Address]:
    for address in part:
        if address != part.network_address and address != network.broadcast_address:
            yield address


def free_address(network: IPv4Network, role: str, used: Iterable[str]) -> IPv4Address:
    """The lowest address of the role's part that no host of the stack has."""
    taken = set(used)
    part = role_range(network, role)
    for address in _usable(part, network):
        if str(address) not in taken:
            return address
    raise HostError(
        f"all addresses of role {role} in {part} are in use: a larger `network.cidr` has room for more"
    )
