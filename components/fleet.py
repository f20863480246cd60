"""The Fleet model: what a stack consists of, as plain frozen values. No Pulumi types."""

from collections.abc import Mapping
from dataclasses import dataclass

from components import firewall
from components.config.machines import Elastic
from components.config.model import Config, GpuVm, Master, Pool, outside_networks, pools_of
from components.config.problems import PROJECT
from components.config.sizes import Size
from components.ports import GPU_VM, MASTER, SSH, WORKER, Port, Role

__all__ = ["ElasticPool", "Fleet", "Node", "Size", "fleet_of", "worker_names"]


@dataclass(frozen=True)
class Node:
    """One machine with one agent. `name` never changes with its neighbours: `<pool>-<number>`, or its own.

    `spec` is what the stack file says of its machine, `gpus` are those that it offers to its `platform`.
    """

    name: str
    role: Role
    size: Size
    spec: Master | Pool | GpuVm
    pool: str | None = None
    number: int = 1
    gpus: int = 0
    platform: str = ""


@dataclass(frozen=True)
class ElasticPool:
    """Workers that the platform's own scaler starts and ends. `sizes` by type, the first choice first."""

    name: str
    spec: Pool
    scaling: Elastic
    sizes: dict[str, Size]


@dataclass(frozen=True)
class Fleet:
    """A stack's machines, rules and settings, derived from its configuration and from what its types have."""

    stack: str
    config: Config
    master: Node | None
    pools: dict[str, tuple[Node, ...]]
    rules: tuple[firewall.Rule, ...]
    elastic: tuple[ElasticPool, ...] = ()
    gpu_vms: tuple[Node, ...] = ()

    @property
    def workers(self) -> tuple[Node, ...]:
        """Those with names; workers of elastic pools have none."""
        return tuple(node for pool in self.pools.values() for node in pool)

    @property
    def roles(self) -> set[Role]:
        """Roles that machines of the stack have or may have."""
        workers: set[Role] = {WORKER} if self.elastic or self.workers else set()
        master: set[Role] = {MASTER} if self.master else set()
        gpu_vms: set[Role] = {GPU_VM} if self.gpu_vms else set()
        return master | workers | gpu_vms

    @property
    def sharing(self) -> set[Role]:
        """Roles whose machines have the shared storage: a cluster's."""
        return self.roles - {GPU_VM}

    @property
    def keeps_state(self) -> bool:
        """Whether the master has databases, which lie on a state volume."""
        return self.config.cluster is not None and self.config.cluster.settings.KEEPS_STATE

    @property
    def tags(self) -> dict[str, str]:
        """What everything made carries, so that it can be found again."""
        return {**self.config.tags, "project": PROJECT, "stack": self.stack, "team": self.config.team}


def _numbers(pool: Pool) -> list[int]:
    """1 to `count` except those named in `without`; none for an elastic pool."""
    return [number for number in range(1, (pool.count or 0) + 1) if number not in pool.without]


def worker_names(config: Config) -> list[str]:
    """Names of the workers and GPU VMs that the configuration asks for; those of elastic pools have none."""
    workers = [f"{pool.name}-{number}" for pool in pools_of(config) for number in _numbers(pool)]
    return [*workers, *(vm.name for vm in config.gpu_vms)]


def pool_nodes(pool: Pool, sizes: Mapping[str, Size], platform: str = "") -> tuple[Node, ...]:
    """The pool's workers by number. `sizes`: what the cloud says of instance types."""
    size = pool.size(sizes)
    return tuple(
        Node(f"{pool.name}-{number}", WORKER, size, pool, pool.name, number, pool.gpus, platform)
        for number in _numbers(pool)
    )


def fleet_of(config: Config, stack: str, ports: tuple[Port, ...], sizes: Mapping[str, Size]) -> Fleet:
    """`ports` are the platform's; SSH comes with every machine. `sizes` of all types that are named."""
    pools, cluster = pools_of(config), config.cluster
    platform = cluster.platform if cluster else ""
    return Fleet(
        stack=stack,
        config=config,
        master=Node("master", MASTER, cluster.master.size(sizes), cluster.master, platform=platform)
        if cluster
        else None,
        pools={pool.name: pool_nodes(pool, sizes, platform) for pool in pools if not pool.scaling},
        rules=firewall.rules((*SSH, *ports), config.access, outside_networks(config)),
        elastic=tuple(
            ElasticPool(pool.name, pool, pool.scaling, {name: sizes[name] for name in pool.types})
            for pool in pools
            if pool.scaling
        ),
        gpu_vms=tuple(
            Node(vm.name, GPU_VM, vm.size(sizes), vm, gpus=vm.gpus, platform=vm.platform)
            for vm in config.gpu_vms
        ),
    )
