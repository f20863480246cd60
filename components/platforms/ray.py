"""The platform `ray`: a Ray head on the master and a Ray node on every worker.

What runs on the machines is `userdata/ray.sh`, on the master with `userdata/ray_head.sh`; in stacks with
elastic pools `userdata/ray_elastic.sh` as well.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.call import Call
from components.cloud import Launch, Machine
from components.config.rules_ray import constraints, ray_settings
from components.config.settings_ray import RaySettings
from components.fleet import ElasticPool, Fleet, Node
from components.keys import Keys
from components.platforms import ray_autoscaler
from components.platforms.ray_memory import HEAD_RESERVE, Memory, memory_of
from components.ports import MASTER, WORKER, Port, Role, Source
from components.scripts import Setting

USER = "ray"
SCRIPTS, ELASTIC_SCRIPTS = ("venv", "ray_head", "ray"), ("venv", "ray_head", "ray_elastic", "ray")
POOLS = Path(__file__).parents[2] / "userdata" / "ray_pools.py"
CLIENT_KEY = "client"
MEMBERSHIP_SECONDS = 600
# Tasks that are still running then are killed and tried again elsewhere.
DRAIN_SECONDS = 120
# A machine of an elastic pool that has not joined by then is ended, and another one tried; packages may come
# from a slow index.
JOIN_SECONDS = 1200
# One that was made but is gone before the autoscaler's next look is asked for again; a request that tries
# every type in every zone takes a minute.
SEEN_SECONDS = 120
# One that has had no Ray node for so long, because its head is gone, ends itself.
LOST_SECONDS = 1800


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


def master(fleet: Fleet, keys: Keys, machine: Machine, launches: Mapping[str, Launch]) -> Call:
    """A head without CPUs, so that work runs on the workers; people log in there as `ray`.

    With elastic pools it runs Ray's autoscaler too.
    """
    return Call(
        scripts=_scripts(fleet),
        verb="master",
        settings={
            **_node(fleet, cpus=0, gpus=0, memory=memory_of(machine.node.size, HEAD_RESERVE)),
            "NODE_IP": machine.private_ip,
            "CLIENT_PUBLIC_KEY": keys.key_pair(CLIENT_KEY).apply(lambda pair: pair.public),
            **(_autoscaler(fleet, machine, launches) if fleet.elastic else {}),
        },
        secrets=_token(fleet, keys),
    )


def master_tags(fleet: Fleet) -> Mapping[str, str]:
    return ray_autoscaler.master_tags(fleet)


def elastic(fleet: Fleet, pool: ElasticPool, keys: Keys, controller: Machine) -> Call:
    """A Ray node that says to the autoscaler which machine and which pool it is of.

    What its type offers is chosen where it runs; the token comes from `TOKEN_PARAMETER`, which the cloud
    adds to the settings.
    """
    sizes = {kind: memory_of(size) for kind, size in pool.sizes.items()}
    return Call(
        scripts=_scripts(fleet),
        verb="elastic",
        settings={
            **_packages(fleet),
            "POOL": pool.name,
            "HEAD_IP": controller.private_ip,
            "SIZES": [
                f"{kind} {int(pool.sizes[kind].cpus)} {pool.spec.gpus} {memory.tasks} {memory.object_store}"
                for kind, memory in sizes.items()
            ],
            "LOST_SECONDS": LOST_SECONDS,
        },
        secrets=_token(fleet, keys),
    )


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:
    """A Ray node with the resources that its pool says."""
    return Call(
        scripts=_scripts(fleet),
        verb="worker",
        settings={
            **_node(fleet, **_offered(node), memory=memory_of(node.size)),
            "NODE_IP": machine.private_ip,
            "HEAD_IP": controller.private_ip,
        },
        secrets=_token(fleet, keys),
    )


def member(fleet: Fleet, node: Node, keys: Keys, machine: Machine) -> Call:  # noqa: ARG001 - the face
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


def client_config(fleet: Fleet, keys: Keys, machine: Machine) -> Mapping[str, pulumi.Input[object]]:  # noqa: ARG001
    """Who to log in as on the master, the key for it, and what a laptop installs to match the cluster."""
    settings = _settings(fleet)
    return {
        "user": USER,
        "privateKey": keys.key_pair(CLIENT_KEY).apply(lambda pair: pair.private),
        "pip": [*settings.pip_packages, *constraints(settings)],
    }


def _settings(fleet: Fleet) -> RaySettings:
    settings = ray_settings(fleet.config)
    if settings is None:
        raise ValueError("the stack has no Ray cluster")
    return settings


def _offered(node: Node) -> dict[str, int]:
    """A rule of the configuration keeps `cpus` whole."""
    return {"cpus": int(node.size.cpus), "gpus": node.gpus}


def _scripts(fleet: Fleet) -> tuple[str, ...]:
    return ELASTIC_SCRIPTS if fleet.elastic else SCRIPTS


def _packages(fleet: Fleet) -> dict[str, pulumi.Input[Setting]]:
    config = fleet.config
    return {
        "REQUIREMENTS": ("ray[default]", *_settings(fleet).pip_packages),
        "CONSTRAINTS": constraints(_settings(fleet)),
        "INDEX_URL": config.packages.index_url or "",
        "STORAGE_PATH": str(config.storage.mount_path),
    }


def _node(fleet: Fleet, *, cpus: int, gpus: int, memory: Memory) -> dict[str, pulumi.Input[Setting]]:
    return {
        **_packages(fleet),
        "CPUS": cpus,
        "GPUS": gpus,
        "MEMORY": memory.tasks,
        "OBJECT_STORE": memory.object_store,
    }


def _autoscaler(
    fleet: Fleet, machine: Machine, launches: Mapping[str, Launch]
) -> dict[str, pulumi.Input[Setting]]:
    def rendered(descriptions: Mapping[str, Any]) -> str:
        return json.dumps(ray_autoscaler.configuration(fleet, descriptions))

    def environment(machine_id: str) -> str:
        values = {
            "RAY_enable_autoscaler_v2": "1",
            "RAY_CLOUD_INSTANCE_ID": machine_id,
            "RAY_NODE_TYPE_NAME": ray_autoscaler.HEAD_TYPE,
            "RAY_AUTOSCALER_RECONCILE_ALLOCATE_STATUS_TIMEOUT_S": JOIN_SECONDS,
            "RAY_AUTOSCALER_RECONCILE_REQUEST_STATUS_TIMEOUT_S": SEEN_SECONDS,
        }
        return "".join(f"\n{name}={value}" for name, value in values.items())

    descriptions = {name: launch.description for name, launch in launches.items()}
    return {
        # Ray's AWS provider needs boto3 on the head alone
        "REQUIREMENTS": ("ray[default]", *_settings(fleet).pip_packages, "boto3"),
        "AUTOSCALER": pulumi.Output.all(**descriptions).apply(rendered),
        "HEAD_ENVIRONMENT": machine.id.apply(environment),
        "POOLS": POOLS.read_text(),
    }


def _token(fleet: Fleet, keys: Keys) -> dict[str, pulumi.Input[str]]:
    return {"RAY_TOKEN": keys.token("rayToken", fleet.config.key_generations.token)}
