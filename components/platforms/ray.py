"""The platform `ray`: a Ray head on the master and a Ray node on every worker.

What runs on the machines is `userdata/ray.sh`, on the master with `userdata/ray_head.sh`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.call import Call, Setting
from components.cloud import Launch, Machine
from components.config.rules_ray import constraints
from components.fleet import Fleet, Node, Size
from components.keys import Keys
from components.ports import MASTER, WORKER, Port, Role, Source

USER = "ray"
SCRIPTS = ("ray_head", "ray")
CLIENT_KEY = "client"
MEMBERSHIP_SECONDS = 600
# Tasks that are still running then are killed and tried again elsewhere.
DRAIN_SECONDS = 120

GIB = 2**30
# The system with Ray's own processes: raylet, agents and idle workers on a node; GCS, dashboard and monitor
# on top of these on the head (1.2 GB seen).
NODE_RESERVE, HEAD_RESERVE = GIB // 2, 3 * GIB // 2
# Ray's own default share of the object store, and what it refuses to go below.
STORE_SHARE, SMALLEST_STORE = 0.3, 75 * 2**20


def _between_nodes(to_role: Role, sources: tuple[Source, ...]) -> tuple[Port, ...]:
    return (
        Port("ray-objects", 8076, 8076, to_role, sources, "objects that a task elsewhere needs"),
        Port("ray-raylet", 8077, 8077, to_role, sources, "scheduling between nodes"),
        Port("ray-workers", 20000, 20099, to_role, sources, "processes of tasks and actors"),
    )


# The least with which pipelines, jobs and transfers between workers ran without a dropped packet. Everything
# else that Ray listens on stays closed: the dashboard (8265), Ray client (10001), agents (8078, 52365), and
# metrics (8080, 44217, 44227), which ask for no token.
PORTS: tuple[Port, ...] = (
    Port("ray-gcs", 6379, 6379, MASTER, (WORKER,), "the cluster's own records"),
    *_between_nodes(MASTER, (WORKER,)),
    *_between_nodes(WORKER, (MASTER, WORKER)),
    Port("ray-agent", 8079, 8079, WORKER, (MASTER,), "jobs and logs of a node, as the head asks for them"),
)


@dataclass(frozen=True)
class Memory:
    """Bytes: what tasks may ask for, and the object store beside it."""

    tasks: int
    object_store: int


def memory_of(size: Size, reserve: int = NODE_RESERVE) -> Memory:
    """How a machine's memory is shared out.

    The object store gets 30 % of the memory, but at most nine tenths of /dev/shm, where it lies; tasks get
    what is left after `reserve` bytes for the system and Ray itself, and 100 MiB at least.
    """
    total = int(size.memory_gib * GIB)
    shm = total // 2 if size.shm_gib is None else int(size.shm_gib * GIB)
    store = max(SMALLEST_STORE, min(int(total * STORE_SHARE), shm * 9 // 10))
    return Memory(tasks=max(100 * 2**20, total - store - reserve), object_store=store)


def master(
    fleet: Fleet,
    keys: Keys,
    machine: Machine,
    launches: Mapping[str, Launch],  # noqa: ARG001 - nothing scales by itself yet
) -> Call:
    """A head without CPUs, so that work runs on the workers; people log in there as `ray`."""
    return Call(
        scripts=SCRIPTS,
        verb="master",
        settings={
            **_node(fleet, machine, cpus=0, gpus=0, memory=memory_of(fleet.master.size, HEAD_RESERVE)),
            "CLIENT_PUBLIC_KEY": keys.key_pair(CLIENT_KEY).apply(lambda pair: pair.public),
        },
        secrets=_token(fleet, keys),
    )


def master_tags(fleet: Fleet) -> Mapping[str, str]:  # noqa: ARG001 - nothing scales by itself yet
    return {}


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:
    """A Ray node with the resources that its pool says."""
    return Call(
        scripts=SCRIPTS,
        verb="worker",
        settings={
            **_node(fleet, machine, **_offered(node), memory=memory_of(node.size)),
            "HEAD_IP": controller.private_ip,
        },
        secrets=_token(fleet, keys),
    )


def member(node: Node, machine: Machine) -> Call:
    """At the head: ALIVE in the GCS with the right resources; `undo` drains it until it is gone."""
    offered = _offered(node)
    return Call(
        scripts=SCRIPTS,
        verb="join",
        undo="leave",
        settings={
            "NODE_NAME": node.name,
            "NODE_IP": machine.private_ip,
            "CPUS": offered["cpus"],
            "GPUS": offered["gpus"],
            "DRAIN_SECONDS": DRAIN_SECONDS,
        },
        timeout=MEMBERSHIP_SECONDS,
    )


def urls() -> Mapping[str, str]:
    """The dashboard listens on the head itself, also on this port behind `fleet tunnel`."""
    return {"rayDashboard": "http://127.0.0.1:8265"}


def client_config(fleet: Fleet, keys: Keys) -> Mapping[str, pulumi.Input[object]]:
    """Who to log in as on the master, the key for it, and what a laptop installs to match the cluster."""
    settings = fleet.config.cluster.settings
    return {
        "user": USER,
        "privateKey": keys.key_pair(CLIENT_KEY).apply(lambda pair: pair.private),
        "pip": [*settings.pip_packages, *constraints(settings)],
    }


def _offered(node: Node) -> dict[str, int]:
    """A rule of the configuration keeps `cpus` whole."""
    return {"cpus": int(node.size.cpus), "gpus": node.gpus}


def _node(
    fleet: Fleet, machine: Machine, *, cpus: int, gpus: int, memory: Memory
) -> dict[str, pulumi.Input[Setting]]:
    config = fleet.config
    return {
        "REQUIREMENTS": ("ray[default]", *config.cluster.settings.pip_packages),
        "CONSTRAINTS": constraints(config.cluster.settings),
        "INDEX_URL": config.packages.index_url or "",
        "STORAGE_PATH": str(config.storage.mount_path),
        "NODE_IP": machine.private_ip,
        "CPUS": cpus,
        "GPUS": gpus,
        "MEMORY": memory.tasks,
        "OBJECT_STORE": memory.object_store,
    }


def _token(fleet: Fleet, keys: Keys) -> dict[str, pulumi.Input[str]]:
    return {"RAY_TOKEN": keys.token("rayToken", fleet.config.key_generations.token)}
