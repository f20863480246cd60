"""How many machines of a type a stack has at most. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping

from components.config.alicloud import AlicloudConfig, AlicloudPool, OnEcs
from components.fleet import Size


def machines(config: AlicloudConfig) -> Iterator[tuple[str, OnEcs]]:
    """Every place of the file that says machines."""
    if config.cluster:
        yield "cluster.master", config.cluster.master
        for number, pool in enumerate(config.cluster.pools):
            yield f"cluster.pools[{number}]", pool
    for number, vm in enumerate(config.gpu_vms):
        yield f"gpuVms[{number}]", vm


def number(spec: OnEcs) -> int:
    """Of machines that the place says."""
    if isinstance(spec, AlicloudPool):
        return len(set(range(1, spec.count + 1)) - set(spec.without))
    return 1


def wanted(config: AlicloudConfig) -> Counter[str]:
    """Machines by type."""
    found: Counter[str] = Counter()
    for _, spec in machines(config):
        found[spec.instance_type] += number(spec)
    return +found


def most(count: int, unit: str, size: Size) -> float:
    """What this many machines use of a quota that is counted in `unit`: machines or vCPUs."""
    return count * size.cpus if "cpu" in unit.lower() else count


def per_hour(config: AlicloudConfig, prices: Mapping[str, float]) -> float:
    """Of all machines at their list price."""
    return sum(count * prices[name] for name, count in wanted(config).items())
