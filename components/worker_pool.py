"""A named pool of workers of one size."""

import pulumi

from components import commands
from components.cloud import Machine
from components.fleet import Node
from components.master_node import MasterNode
from components.platform import Platform
from components.site import Site, machine, with_logins


class WorkerPool(pulumi.ComponentResource):
    """Workers `<pool>-1` to `<pool>-<count>`: each a machine, a step and a membership, and nothing shared.

    Outputs: `machines`. Adding or removing one worker leaves every other resource as it is. A change of the
    pool's size replaces its machines, drained first. Machines start at once; steps wait for the master's.
    """

    def __init__(
        self,
        name: str,
        nodes: tuple[Node, ...],
        site: Site,
        master: MasterNode,
        platform: Platform,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:components:WorkerPool", name, None, opts)
        self.machines = [self._worker(node, site, master, platform) for node in nodes]
        self.register_outputs({"privateIps": [worker.private_ip for worker in self.machines]})

    def _worker(self, node: Node, site: Site, master: MasterNode, platform: Platform) -> Machine:
        child = pulumi.ResourceOptions(parent=self)
        worker = machine(site, node, public=False, opts=child)
        call = platform.agent(site.fleet, node, site.keys, worker, master.machine)
        step = commands.worker_step(
            with_logins(site, call),
            worker,
            master.machine,
            str(site.fleet.config.storage.mount_path),
            pulumi.ResourceOptions(parent=self, depends_on=[master.step]),
        )
        member = platform.member(site.fleet, node, site.keys, worker)
        commands.membership(member, worker, step, master.machine, child)
        return worker
