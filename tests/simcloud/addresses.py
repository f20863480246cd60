"""Which addresses the simulated account gives out. Pure but for chance."""

import secrets
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network

from tests.simcloud import clouds
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Account

# AWS keeps the first four and the last address of a subnet; here the others do too.
KEPT = 4


def gateway(vpc: IPv4Network) -> IPv4Address:
    """The operator's computer, as the instances see it: the cloud's router."""
    return vpc.network_address + 1


def served(vpc: IPv4Network) -> IPv4Address:
    """The host that answers for the cloud inside the VPC: AWS's own resolver has this address."""
    return vpc.network_address + 2


def cidr_of_vpc(account: Account, vpc: str) -> IPv4Network:
    return IPv4Network(account.one("vpc", vpc)["props"]["cidrBlock"])


def private(account: Account, subnet: str, wanted: str | None = None) -> str:
    """An address of a subnet: the wanted one, or a free one. Raises RefusedError.

    As on AWS, an address that somebody had until now comes last: the next is above the latest given out.
    """
    record = account.one("subnet", subnet)
    cidr = IPv4Network(record["props"]["cidrBlock"])
    face = clouds.of(account)
    taken = face.addresses(account)
    if wanted is not None:
        if IPv4Address(wanted) not in cidr:
            raise RefusedError(
                face.CODES.address_outside,
                f"Address {wanted} does not fall within the subnet's address range",
            )
        if wanted in taken:
            raise RefusedError(face.CODES.address_taken, f"Address {wanted} is in use.")
        return wanted
    latest = int(record["sim"].get("latest", 0))
    for address in sorted(usable(cidr), key=lambda address: (int(address) <= latest, address)):
        if str(address) not in taken:
            record["sim"]["latest"] = int(address)
            return str(address)
    raise RefusedError(
        face.CODES.addresses_used_up, f"There are not enough free addresses in subnet '{subnet}'."
    )


def usable(cidr: IPv4Network) -> Iterator[IPv4Address]:
    return (cidr.network_address + offset for offset in range(KEPT, cidr.num_addresses - 1))


def free_in(account: Account, subnet: str) -> int:
    cidr = IPv4Network(account.one("subnet", subnet)["props"]["cidrBlock"])
    return (
        cidr.num_addresses
        - KEPT
        - 1
        - sum(IPv4Address(address) in cidr for address in clouds.of(account).addresses(account))
    )


def public(taken: Iterable[str]) -> str:
    """A loopback address of 127.77.0.0/16: reached from this computer only."""
    known = set(taken)
    while True:
        address = f"127.77.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
        if address not in known:
            return address
