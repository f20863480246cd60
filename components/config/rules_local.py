"""Rules of local hosts."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from components.config.local import LocalConfig, LocalSize
from components.config.problems import Problem, show

# Networks that container engines take for themselves (containers-common, dockerd): a machine could not tell
# its own network from them.
ENGINES = {IPv4Network("10.88.0.0/16"): "podman", IPv4Network("172.17.0.0/16"): "Docker"}
# As wide as clouds allow (VPC: /16), and the smallest whose parts per role are not empty.
LARGEST, SMALLEST = 16, 26
# What a stack gets on local hosts when it names none.
DEFAULT_PREFIX = 20


def local_problems(config: LocalConfig) -> Iterator[Problem]:
    yield from shared_memory(config)
    yield from room_for_machines(config)
    yield from room_for_gpu_vms(config)


def shared_memory(config: LocalConfig) -> Iterator[Problem]:
    machines: list[tuple[str, LocalSize]] = []
    if config.cluster:
        machines += [("cluster.master", config.cluster.master)]
        machines += [(f"cluster.pools[{index}]", pool) for index, pool in enumerate(config.cluster.pools)]
    machines += [(f"gpuVms[{index}]", vm) for index, vm in enumerate(config.gpu_vms)]
    for path, size in machines:
        if size.shm_gib is not None and size.shm_gib >= size.memory_gib:
            rule = f"must be less than `memoryGiB` ({show(size.memory_gib)}), of which it is a part"
            remedy = f"write `shmGiB: {show(size.memory_gib / 2)}`, or take it out"
            yield Problem(f"{path}.shmGiB", show(size.shm_gib), rule, remedy, (f"{path}.memoryGiB",))


def room_for_machines(config: LocalConfig) -> Iterator[Problem]:
    cidr = config.network.cidr
    workers = sum(pool.count for pool in config.cluster.pools) if config.cluster else 0
    path, value, prefix = "network.cidr", show(str(cidr)), cidr.prefixlen if cidr else DEFAULT_PREFIX
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


def room_for_gpu_vms(config: LocalConfig) -> Iterator[Problem]:
    prefix = config.network.cidr.prefixlen if config.network.cidr else DEFAULT_PREFIX
    room = 2 ** max(32 - prefix - 2, 0) - 1
    if len(config.gpu_vms) > room:
        rule = f"has {room} addresses for GPU VMs; there are {len(config.gpu_vms)}"
        also = ("gpuVms",)
        yield Problem("network.cidr", show(str(config.network.cidr)), rule, "give a larger one", also)


def worker_addresses(prefix: int) -> int:
    """The upper half is the workers', its broadcast and first address left out."""
    return 2 ** (32 - prefix) // 2 - 2
