"""The Fleet model: what a stack consists of, as plain frozen values. No Pulumi types."""

from dataclasses import dataclass

from components import firewall
from components.config.model import Config, Master, Pool
from components.config.problems import PROJECT
from components.ports import MASTER, SSH, WORKER, Port, Role


@dataclass(frozen=True)
class Node:
    """One machine with one agent. `name` never changes with its neighbours: `<pool>-<number>`."""

    name: str
    role: Role
    size: Master | Pool
    pool: str | None = None
    gpus: int = 0


@dataclass(frozen=True)
class Fleet:
    """A stack's machines, rules and settings, derived from its configuration alone."""

    stack: str
    config: Config
    master: Node
    pools: dict[str, tuple[Node, ...]]
    rules: tuple[firewall.Rule, ...]

    @property
    def workers(self) -> tuple[Node, ...]:
        return tuple(node for pool in self.pools.values() for node in pool)

    @property
    def tags(self) -> dict[str, str]:
        """What everything made carries, so that it can be found again."""
        return {**self.config.tags, "project": PROJECT, "stack": self.stack, "team": self.config.team}


def pool_nodes(pool: Pool) -> tuple[Node, ...]:
    """Workers 1 to `count` except those named in `without`."""
    numbers = (number for number in range(1, pool.count + 1) if number not in pool.without)
    return tuple(Node(f"{pool.name}-{number}", WORKER, pool, pool.name, pool.gpus) for number in numbers)


def fleet_of(config: Config, stack: str, ports: tuple[Port, ...]) -> Fleet:
    """`ports` are the platform's; SSH comes with every machine."""
    return Fleet(
        stack=stack,
        config=config,
        master=Node("master", MASTER, config.cluster.master),
        pools={pool.name: pool_nodes(pool) for pool in config.cluster.pools},
        rules=firewall.rules((*SSH, *ports), config.access),
    )
