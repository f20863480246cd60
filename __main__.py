"""agent-fleet: a working cluster of compute agents, from one stack file. The picture is in README.md."""

import gc

import pulumi

from components.cloud import cloud_of
from components.cluster import cluster
from components.config.loading import load
from components.fleet import fleet_of
from components.gpu_agent_vm import GpuAgentVm
from components.keys import Keys
from components.outputs import stack_outputs
from components.platform import ports_of, vm_platform_of
from components.site import Site

# The SDK keeps every future until the end, and the collector would walk them all again and again: half of the
# time at 1,000 workers.
gc.disable()

config, given = load()
cloud = cloud_of(config.cloud)
fleet = fleet_of(config, pulumi.get_stack(), ports_of(config), cloud.look_up(config))

site = Site(cloud, fleet, Keys(given))
controller_and_workers = cluster(site)
gpu_vms = [GpuAgentVm(node, site, vm_platform_of(node.platform)) for node in fleet.gpu_vms]

for name, value in stack_outputs(site, controller_and_workers, gpu_vms).items():
    pulumi.export(name, value)
