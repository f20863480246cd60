"""The stack's outputs: names and shapes that people and `fleet` rely on. The only place that knows them."""

from collections.abc import Sequence

import pulumi

from components.cloud import Machine
from components.connection import LOGIN_USER
from components.master_node import MasterNode
from components.platform import Platform
from components.site import Site
from components.worker_pool import WorkerPool


def _inventory_node(machine: Machine, through: str | None) -> dict[str, pulumi.Input[object]]:
    endpoint = machine.endpoint
    return {
        "name": machine.node.name,
        "role": machine.node.role,
        "pool": machine.node.pool,
        "privateIp": machine.private_ip,
        "host": endpoint.host,
        "port": endpoint.port,
        "user": LOGIN_USER,
        "hostKey": endpoint.host_key,
        "proxy": through,
    }


def stack_outputs(
    site: Site, platform: Platform, master: MasterNode, pools: Sequence[WorkerPool]
) -> dict[str, pulumi.Input[object]]:
    """Outputs by name. `inventory` and `clientConfig` are secrets: they hold private keys.

    masterPrivateIp, masterPublicIp: addresses. workers: name, pool and privateIp of each. urls: web pages as
    `fleet tunnel` opens them. ssh: a command per node. clientConfig: what people need to use the cluster.
    inventory: what the operator's commands need.
    """
    fleet = site.fleet
    workers = [worker for pool in pools for worker in pool.machines]
    through = fleet.master.name
    nodes = [_inventory_node(master.machine, None), *(_inventory_node(worker, through) for worker in workers)]
    ssh_config = f".fleet/ssh/{fleet.stack}/config"
    return {
        "masterPrivateIp": master.machine.private_ip,
        "masterPublicIp": master.machine.public_ip,
        "workers": [
            {"name": worker.node.name, "pool": worker.node.pool, "privateIp": worker.private_ip}
            for worker in workers
        ],
        "urls": dict(platform.urls()),
        "ssh": {
            machine.node.name: f"ssh -F {ssh_config} {machine.node.name}"
            for machine in (master.machine, *workers)
        },
        "clientConfig": pulumi.Output.secret(dict(platform.client_config(fleet, site.keys))),
        "inventory": pulumi.Output.secret(
            {
                "team": fleet.config.team,
                "stack": fleet.stack,
                "cloud": fleet.config.cloud,
                "platform": fleet.config.cluster.platform,
                "storage": {"mountPath": str(fleet.config.storage.mount_path)},
                "nodes": nodes,
                "loginKey": site.login.private,
            }
        ),
    }
