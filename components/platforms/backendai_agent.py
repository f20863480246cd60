"""An agent of Backend.AI, whoever's its manager is: what its step is told."""

import json

import pulumi

from components.cloud import Machine
from components.config.settings_backendai import AgentOptions
from components.fleet import Fleet, Node
from components.keys import CurvePair, Keys
from components.platforms import docker, gpu
from components.scripts import Setting

ETCD_PORT = 2379


def identity(fleet: Fleet, node: Node) -> str:
    """Never what a cloud or a host name would make of it; a manager knows agents of several stacks by it."""
    return f"{fleet.stack}-{node.name}"


def rpc_pair(fleet: Fleet, node: Node, keys: Keys) -> pulumi.Output[CurvePair]:
    return keys.curve_pair(f"backendai/agent/{node.name}", fleet.config.key_generations.token)


def settings(
    fleet: Fleet, node: Node, keys: Keys, machine: Machine, said: AgentOptions, *, dummy: bool
) -> dict[str, pulumi.Input[Setting]]:
    """Those that do not depend on who the manager is."""
    return {
        "VERSION": said.version,
        "INDEX_URL": fleet.config.packages.index_url or "",
        "NODE_IP": machine.private_ip,
        "AGENT": identity(fleet, node),
        "BACKEND": "dummy" if dummy else "docker",
        "REGION": fleet.config.cloud,
        "INSTANCE_TYPE": next(iter(node.spec.types), f"{node.size.cpus:g}x{node.size.memory_gib:g}"),
        "CPUS": int(node.size.cpus),
        "GPUS": node.gpus,
        "MEMORY_MIB": int(node.size.memory_gib * 1024),
        "RESERVED_CPUS": said.reserved_cpus,
        "RESERVED_MIB": int(said.reserved_memory_gib * 1024),
        "RESERVED_DISK_GIB": said.reserved_disk_gib,
        "SCRATCH_ROOT": str(said.scratch_root),
        "SCRATCH_TYPE": said.scratch_type,
        "KERNEL_IMAGES": said.kernel_images,
        "DAEMON": json.dumps(docker.daemon(fleet, node.gpus)),
        **gpu.settings(fleet),
        "AGENT_PUBLIC_KEY": rpc_pair(fleet, node, keys).apply(lambda pair: pair.public),
    }


def secrets(
    fleet: Fleet, node: Node, keys: Keys, password: pulumi.Output[str]
) -> dict[str, pulumi.Input[str]]:
    """`password` is that of its user of etcd."""
    return {
        "AGENT_PRIVATE_KEY": rpc_pair(fleet, node, keys).apply(lambda pair: pair.private),
        "ETCD_PASSWORD": password,
    }
