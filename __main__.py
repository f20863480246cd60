"""agent-fleet: a working cluster of compute agents, from one stack file. The picture is in README.md."""

import gc

import pulumi

from components.cloud import cloud_of
from components.config.loading import load
from components.fleet import fleet_of
from components.keys import Keys
from components.master_node import MasterNode
from components.outputs import stack_outputs
from components.platform import platform_of
from components.site import Site
from components.worker_pool import WorkerPool

# The SDK keeps every future until the end, and the collector would walk them all again and again: half of the
# time at 1,000 workers.
gc.disable()

config, given = load()
platform = platform_of(config.cluster.platform)
cloud = cloud_of(config.cloud)
fleet = fleet_of(config, pulumi.get_stack(), platform.PORTS, cloud.look_up(config))

site = Site(cloud, fleet, Keys(given))
master = MasterNode(site, platform)
pools = [WorkerPool(name, nodes, site, master, platform) for name, nodes in fleet.pools.items()]

for name, value in stack_outputs(site, platform, master, pools).items():
    pulumi.export(name, value)
