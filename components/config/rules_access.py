"""Rules on private networks and on who may reach the stack."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from components.config.model import Config
from components.config.problems import Problem, show

# IANA gives no organisation more than a /8; what is wider is the world, in one piece or in two halves.
WORLD_PREFIX = 8
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

# Metadata, DNS, package mirrors and the mount points of NAS.
SERVICES_OF_ALIBABA = IPv4Network("100.64.0.0/10")


def _people(config: Config) -> Iterator[tuple[str, IPv4Network]]:
    for group, networks in (("admins", config.access.admins), ("users", config.access.users)):
        for index, network in enumerate(networks):
            yield f"access.{group}[{index}]", network


def world_said_twice(config: Config) -> Iterator[Problem]:
    if config.access.open_to_the_world:
        return
    for path, network in _people(config):
        if network.prefixlen < WORLD_PREFIX:
            yield Problem(
                path,
                str(network),
                "opens the stack to the world",
                "name the networks of your people, or say it twice: add `access.openToTheWorld: true`",
                ("access.openToTheWorld",),
            )


def leftover_consent(config: Config) -> Iterator[Problem]:
    wide = any(network.prefixlen < WORLD_PREFIX for _, network in _people(config))
    if config.access.open_to_the_world and not wide:
        rule = "allows what no network of `admins` and `users` asks for"
        also = ("access.admins", "access.users")
        yield Problem("access.openToTheWorld", "true", rule, "take it out", also)


def no_duplicates(config: Config) -> Iterator[Problem]:
    access = config.access
    yield from _duplicates("access.admins", [str(network) for network in access.admins])
    yield from _duplicates("access.users", [str(network) for network in access.users])
    # A key is its type and data; the comment behind them is for people.
    keys = [" ".join(key.split()[:2]) for key in access.ssh_public_keys]
    yield from _duplicates("access.sshPublicKeys", keys)


def _duplicates(path: str, values: Sequence[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        first = values.index(value)
        if first < index:
            where = f"{path}[{first}]"
            yield Problem(f"{path}[{index}]", show(value), f"is `{where}` once more", "take it out", (where,))


def access_apart_from_network(config: Config) -> Iterator[Problem]:
    cidr = config.network.known_cidr
    for path, network in _people(config):
        # The world holds every network; `world_said_twice` is about that.
        if cidr and network.prefixlen >= WORLD_PREFIX and network.overlaps(cidr):
            rule = f"overlaps `network.cidr` ({cidr}), so the stack's machines would count as these people"
            yield Problem(
                path, str(network), rule, "name a narrower network, or move the stack's", ("network.cidr",)
            )


def private_network(config: Config) -> Iterator[Problem]:
    cidr = config.network.cidr
    if cidr and not any(cidr.subnet_of(private) for private in PRIVATE):
        of_alibaba = config.cloud == "alicloud" and cidr.overlaps(SERVICES_OF_ALIBABA)
        rule = f"overlaps {SERVICES_OF_ALIBABA}, where Alibaba Cloud's own services are" if of_alibaba else ""
        remedy = "take one such as 10.89.16.0/20"
        yield Problem("network.cidr", str(cidr), rule or "is not a private network", remedy)
