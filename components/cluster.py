"""A controller and its workers, where the stack has them."""

from dataclasses import dataclass

from components.config.model import cluster_of
from components.master_node import MasterNode
from components.platform import Platform, platform_of
from components.site import Site
from components.worker_pool import WorkerPool


@dataclass(frozen=True)
class Cluster:
    platform: Platform
    master: MasterNode
    pools: list[WorkerPool]


def cluster(site: Site) -> Cluster | None:
    """None for a stack of GPU VMs alone."""
    node = site.fleet.master
    if node is None:
        return None
    platform = platform_of(cluster_of(site.fleet.config).platform)
    master = MasterNode(node, site, platform)
    pools = [WorkerPool(name, nodes, site, master, platform) for name, nodes in site.fleet.pools.items()]
    return Cluster(platform, master, pools)
