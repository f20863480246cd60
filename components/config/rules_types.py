"""Rules on what instance types have, for when the cloud has said it. Pure."""

from collections.abc import Iterator, Mapping

from components.config import rules_atlas
from components.config.model import Config, pools_of
from components.config.problems import Problem, show
from components.config.rules_backendai import AGENT_GIB, MASTER_GIB, backendai_settings
from components.config.rules_ray import HEAD_GIB, WORKER_GIB
from components.config.sizes import Size


def type_problems(config: Config, sizes: Mapping[str, Size]) -> Iterator[Problem]:
    """What the stack's machines lack. Types that are not among `sizes` are passed over."""
    for path, name in typed(config):
        size, is_master = sizes.get(name), path.startswith("cluster.master")
        if path.startswith("gpuVms"):
            continue
        least, who = (HEAD_GIB, "the head of a Ray") if is_master else (WORKER_GIB, "a worker of a Ray")
        if backendai_settings(config):
            least = MASTER_GIB if is_master else AGENT_GIB
            who = f"{'the master' if is_master else 'an agent'} of a Backend.AI"
        if rules_atlas.atlas_settings(config):
            least = rules_atlas.MASTER_GIB if is_master else rules_atlas.WORKER_GIB
            who = f"{'the master' if is_master else 'a worker'} of an Atlas"
        if size and size.memory_gib < least:
            rule = f"has {size.memory_gib:g} GiB, too little for {who} cluster, which needs {least} GiB"
            yield Problem(path, name, f"{rule} before any work", "take a larger type")
    for index, pool in enumerate(pools_of(config)):
        found = [size for name in pool.types if (size := sizes.get(name))]
        fewest = min((size.gpus for size in found), default=pool.gpus)
        if pool.gpus > fewest:
            rule = f"is more than its instance types have ({fewest})"
            remedy = f"write `gpus: {fewest}`, or take types with more"
            yield Problem(f"cluster.pools[{index}].gpus", show(pool.gpus), rule, remedy)
    for index, vm in enumerate(config.gpu_vms):
        path = f"gpuVms[{index}].gpus"
        for name, size in ((name, sizes[name]) for name in vm.types if name in sizes):
            if vm.gpus > size.gpus:
                rule = f"is more than {name} has ({size.gpus})"
                remedy = f"write `gpus: {size.gpus}`, or take a type with more"
                yield Problem(path, show(vm.gpus), rule, remedy)
            elif size.gpus and not vm.gpus:
                rule = f"leaves the GPUs of {name} ({size.gpus}) without use, and without a driver"
                remedy = f"write `gpus: {size.gpus}`, or take a type without any"
                yield Problem(path, show(vm.gpus), rule, remedy)


def typed(config: Config) -> Iterator[tuple[str, str]]:
    """Every place of the stack file that names an instance type, and the type."""
    machines = [("cluster.master", config.cluster.master)] if config.cluster else []
    machines += [(f"cluster.pools[{index}]", pool) for index, pool in enumerate(pools_of(config))]
    machines += [(f"gpuVms[{index}]", vm) for index, vm in enumerate(config.gpu_vms)]
    for path, machine in machines:
        several = "instance_types" in type(machine).model_fields
        for position, name in enumerate(machine.types):
            yield f"{path}.instanceTypes[{position}]" if several else f"{path}.instanceType", name
