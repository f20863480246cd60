"""Rules on networks and on who may reach the stack."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from components.config.model import Config
from components.config.problems import Problem, show

# IANA gives no organisation more than a /8; what is wider is the world, in one piece or in two halves.
WORLD_PREFIX = 8
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# Networks that container engines take for themselves (containers-common, dockerd): a machine could not tell
# its own network from them.
ENGINES = {IPv4Network("10.88.0.0/16"): "podman", IPv4Network("172.17.0.0/16"): "Docker"}
# As wide as one cloud allows (VPC: /16), and the smallest whose parts per role are not empty.
LARGEST, SMALLEST = 16, 26
# What a stack gets on local hosts when it names none.
DEFAULT_PREFIX = 20


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
    cidr = config.network.cidr
    for path, network in _people(config):
        # The world holds every network; `world_said_twice` is about that.
        if cidr and network.prefixlen >= WORLD_PREFIX and network.overlaps(cidr):
            rule = f"overlaps `network.cidr` ({cidr}), so the stack's machines would count as these people"
            yield Problem(
                path, str(network), rule, "name a narrower network, or move the stack's", ("network.cidr",)
            )


def room_for_machines(config: Config) -> Iterator[Problem]:
    cidr = config.network.cidr
    workers = sum(pool.count for pool in config.cluster.pools)
    path, value, prefix = "network.cidr", show(str(cidr)), cidr.prefixlen if cidr else DEFAULT_PREFIX
    if cidr and not any(cidr.subnet_of(private) for private in PRIVATE):
        yield Problem(path, value, "is not a private network", "take one such as 10.89.16.0/20")
    for taken, engine in ENGINES.items():
        if cidr and prefix >= LARGEST and cidr.overlaps(taken):
            rule = f"overlaps {taken}, the network that {engine} gives to its own containers"
            yield Problem(path, value, rule, "take another, such as 10.89.16.0/20")
    if cidr and not LARGEST <= prefix <= SMALLEST:
        rule = f"must be between a /{LARGEST} and a /{SMALLEST}"
        yield Problem(path, value, rule, f"write it like {cidr.network_address}/{DEFAULT_PREFIX}")
    elif workers > worker_addresses(prefix):
        fitting = [size for size in range(SMALLEST, LARGEST - 1, -1) if workers <= worker_addresses(size)]
        rule = f"has {worker_addresses(prefix)} addresses for workers; the pools ask for {workers}"
        remedy = f"give a /{fitting[0]} or a larger one" if fitting else "ask for fewer workers"
        yield Problem(path, value if cidr else f"(a free /{prefix})", rule, remedy, ("cluster.pools",))


def worker_addresses(prefix: int) -> int:
    """The upper half is the workers', its broadcast and first address left out."""
    return 2 ** (32 - prefix) // 2 - 2
