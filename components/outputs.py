"""The stack's outputs: names and shapes that people and `fleet` rely on. The only place that knows them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.cloud import Machine
from components.cluster import Cluster
from components.connection import Sshd
from components.gpu_agent_vm import GpuAgentVm
from components.scripts import LOGIN_USER
from components.site import Site

# What nodes behind a jump host name it by; no node has a dot in its name.
JUMP = "jump.host"


def _workers(workers: Sequence[Machine]) -> pulumi.Output[list[dict[str, object]]]:
    nodes = [worker.node for worker in workers]
    return pulumi.Output.all(*(worker.private_ip for worker in workers)).apply(
        lambda addresses: [
            {"name": node.name, "pool": node.pool, "privateIp": address}
            for node, address in zip(nodes, addresses, strict=True)
        ]
    )


def _gpu_vms(gpu_vms: Sequence[GpuAgentVm]) -> pulumi.Output[list[dict[str, object]]]:
    """An agent's id and name are no secrets; its token is."""

    def told(known: Mapping[str, Any]) -> list[dict[str, object]]:
        columns = zip(gpu_vms, known["addresses"], known["agents"], known["seen"], strict=True)
        return [
            {
                "name": vm.machine.node.name,
                "publicIp": address,
                "agent": {key: agent[key] for key in ("id", "name")} if agent else None,
                "seen": seen,
            }
            for vm, address, agent, seen in columns
        ]

    return pulumi.Output.unsecret(
        pulumi.Output.all(
            addresses=pulumi.Output.all(*(vm.machine.public_ip for vm in gpu_vms)),
            agents=pulumi.Output.all(*(vm.enrolled for vm in gpu_vms)),
            seen=pulumi.Output.all(*(vm.seen for vm in gpu_vms)),
        ).apply(told)
    )


def _inventory(
    site: Site, machines: Sequence[Machine], through: str | None
) -> pulumi.Output[dict[str, object]]:
    """Built in one go: an Output per value of every node would be a third of what the program costs.

    Secret, because the login key is, and that of a jump host.
    """
    fleet = site.fleet

    def inventory(found: Mapping[str, Any]) -> dict[str, object]:
        return {
            "team": fleet.config.team,
            "stack": fleet.stack,
            "cloud": fleet.config.cloud,
            "platform": cluster.platform if (cluster := fleet.config.cluster) else None,
            "storage": {"mountPath": str(fleet.config.storage.mount_path)} if fleet.sharing else None,
            "loginKey": found["login"].private,
            "jumpHost": _jump_host(found["sshds"]),
            "nodes": [
                {
                    "name": machine.node.name,
                    "role": machine.node.role,
                    "pool": machine.node.pool,
                    "platform": machine.node.platform,
                    "privateIp": private_ip,
                    "host": sshd.host,
                    "port": sshd.port,
                    "user": LOGIN_USER,
                    "hostKey": sshd.host_key,
                    "proxy": through if machine.behind_master else JUMP if sshd.hop else None,
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


def _jump_host(sshds: Sequence[Sshd]) -> dict[str, object] | None:
    """The one before every machine, where there is one."""
    hop = next((sshd.hop for sshd in sshds if sshd.hop), None)
    return hop and {
        "name": JUMP,
        "host": hop.host,
        "port": hop.port,
        "user": hop.user,
        "hostKey": hop.host_key,
        "key": hop.login_key,
    }


def stack_outputs(
    site: Site, cluster: Cluster | None, gpu_vms: Sequence[GpuAgentVm]
) -> dict[str, pulumi.Input[object]]:
    """Outputs by name. `inventory` and `clientConfig` are secrets: they hold private keys.

    Of a cluster: masterPrivateIp, masterPublicIp: addresses. workers: name, pool and privateIp of each. urls:
    web pages as `fleet tunnel` opens them. clientConfig: what people need to use the cluster.
    Of GPU VMs: gpuVms: name, publicIp, agent (id and name) of each, and in words who saw it well.
    Always: ssh: a command per node. inventory: what the operator's commands need.
    """
    fleet = site.fleet
    machines = [*_machines(cluster), *(vm.machine for vm in gpu_vms)]
    ssh_config = f".fleet/ssh/{fleet.stack}/config"
    return {
        **(_of_cluster(site, cluster) if cluster else {}),
        **({"gpuVms": _gpu_vms(gpu_vms)} if gpu_vms else {}),
        "ssh": {machine.node.name: f"ssh -F {ssh_config} {machine.node.name}" for machine in machines},
        "inventory": _inventory(site, machines, fleet.master.name if fleet.master else None),
    }


def _machines(cluster: Cluster | None) -> list[Machine]:
    if cluster is None:
        return []
    return [cluster.master.machine, *(worker for pool in cluster.pools for worker in pool.machines)]


def _of_cluster(site: Site, cluster: Cluster) -> dict[str, pulumi.Input[object]]:
    master, *workers = _machines(cluster)
    client = cluster.platform.client_config(site.fleet, site.keys, master)
    return {
        "masterPrivateIp": master.private_ip,
        "masterPublicIp": master.public_ip,
        "workers": _workers(workers),
        "urls": dict(cluster.platform.urls()),
        "clientConfig": pulumi.Output.secret(dict(client)),
    }
