"""The stack's outputs: names and shapes that people and `fleet` rely on. The only place that knows them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.cloud import Machine
from components.connection import LOGIN_USER
from components.master_node import MasterNode
from components.platform import Platform
from components.site import Site
from components.worker_pool import WorkerPool


def _workers(workers: Sequence[Machine]) -> pulumi.Output[list[dict[str, object]]]:
    nodes = [worker.node for worker in workers]
    return pulumi.Output.all(*(worker.private_ip for worker in workers)).apply(
        lambda addresses: [
            {"name": node.name, "pool": node.pool, "privateIp": address}
            for node, address in zip(nodes, addresses, strict=True)
        ]
    )


def _inventory(site: Site, machines: Sequence[Machine], through: str) -> pulumi.Output[dict[str, object]]:
    """Built in one go: an Output per value of every node would be a third of what the program costs.

    Secret, because the login key is.
    """
    fleet = site.fleet

    def inventory(found: Mapping[str, Any]) -> dict[str, object]:
        return {
            "team": fleet.config.team,
            "stack": fleet.stack,
            "cloud": fleet.config.cloud,
            "platform": fleet.config.cluster.platform,
            "storage": {"mountPath": str(fleet.config.storage.mount_path)},
            "loginKey": found["login"].private,
            "nodes": [
                {
                    "name": machine.node.name,
                    "role": machine.node.role,
                    "pool": machine.node.pool,
                    "privateIp": private_ip,
                    "host": sshd.host,
                    "port": sshd.port,
                    "user": LOGIN_USER,
                    "hostKey": sshd.host_key,
                    "proxy": None if machine.node.name == through else through,
                }
                for machine, private_ip, sshd in zip(
                    machines, found["private_ips"], found["sshds"], strict=True
                )
            ],
        }

    return pulumi.Output.all(
        login=site.login,
        private_ips=pulumi.Output.all(*(machine.private_ip for machine in machines)),
        sshds=pulumi.Output.all(*(machine.sshd for machine in machines)),
    ).apply(inventory)


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
    ssh_config = f".fleet/ssh/{fleet.stack}/config"
    return {
        "masterPrivateIp": master.machine.private_ip,
        "masterPublicIp": master.machine.public_ip,
        "workers": _workers(workers),
        "urls": dict(platform.urls()),
        "ssh": {
            machine.node.name: f"ssh -F {ssh_config} {machine.node.name}"
            for machine in (master.machine, *workers)
        },
        "clientConfig": pulumi.Output.secret(dict(platform.client_config(fleet, site.keys))),
        "inventory": _inventory(site, [master.machine, *workers], fleet.master.name),
    }
