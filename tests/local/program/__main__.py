"""Network, groups, storage and machines of the cloud `local`, shaped by `fleet.json` beside this file."""

import json
from pathlib import Path

import pulumi

from components import keys
from components.cloud import MachineArgs
from components.clouds import local
from components.config.local import LocalCluster, LocalConfig, LocalMaster, LocalPool, LocalStorage
from components.firewall import Rule
from components.fleet import Fleet, Node, pool_nodes
from tests.local.hosts import HOST, user_data

asked = json.loads(Path("fleet.json").read_text())
size = {"cpus": 1.0, "memory_gib": 0.5}
master = LocalMaster(**size)
master_node = Node("master", "master", master.size({}), master)
pool = LocalPool(name="workers", count=asked["count"], cpus=asked["cpus"], memory_gib=0.5)
config = LocalConfig(
    team="tests",
    cloud="local",
    storage=LocalStorage(on_destroy=asked["onDestroy"]),
    cluster=LocalCluster(platform="ray", master=master, pools=(pool,)),
)
fleet = Fleet(
    stack=pulumi.get_stack(),
    config=config,
    master=master_node,
    pools={"workers": pool_nodes(pool, {})},
    rules=(
        Rule("master", "operator", 22, 22, "ssh"),
        *(Rule("worker", "master", port, port, "asked for") for port in asked["ports"]),
    ),
)

network = local.Network("network", fleet)
groups = local.SecurityGroups("security-groups", fleet, network)
storage = local.SharedStorage("storage", fleet, network, groups)
identities = local.Identities("identities", fleet, network, groups, storage, pulumi.ResourceOptions())


def user_data_after(group: pulumi.Output[str], volume: pulumi.Output[str], node: str) -> pulumi.Output[str]:
    return pulumi.Output.all(group, volume).apply(lambda _: user_data(node) + f"# {asked['comment']}\n")


for node in (master_node, *fleet.workers):
    machine = local.Machine(
        node.name,
        MachineArgs(
            fleet=fleet,
            node=node,
            network=network,
            groups=groups,
            storage=storage,
            identities=identities,
            user_data=user_data_after(groups.ids[node.role], storage.id, node.name),
            login=pulumi.Output.secret(keys.KeyPair("unused", "unused", "unused")),
            host=pulumi.Output.secret(keys.KeyPair("unused", keys.public_line(HOST), "unused")),
            public=node.role == "master",
        ),
        pulumi.ResourceOptions(),
    )
    port = machine.sshd.apply(lambda sshd: sshd.port)
    pulumi.export(node.name, {"id": machine.id, "privateIp": machine.private_ip, "port": port})
