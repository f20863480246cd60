"""What a stack may have at a time, by the quotas that AWS counts it against: vCPUs and addresses. Pure."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from components.config.aws import AwsConfig, AwsPool
from components.fleet import Size


@dataclass(frozen=True)
class Quota:
    """`code` of the service `ec2`."""

    code: str
    words: str
    unit: str = "vCPUs at most"


ADDRESSES = Quota("L-0263D0A3", "elastic addresses", "elastic addresses")

# By the letters of an instance type: on demand, spot (docs: "Amazon EC2 service quotas").
_CODES = {
    "standard": ("L-1216C47A", "L-34B43A08"),
    "g, vt": ("L-DB2E81BA", "L-3819A6DF"),
    "p": ("L-417A185B", "L-7212CCBC"),
    "p5": ("L-417A185B", "L-C4BD4855"),
    "x": ("L-7295265B", "L-E3A00192"),
    "f": ("L-74FC7D96", "L-88CF9481"),
    "inf": ("L-1945791B", "L-B5D1601B"),
    "trn": ("L-2C3B7624", "L-6B0D517C"),
    "dl": ("L-6E869C2A", "L-85EED4F7"),
}
_STANDARD = set("acdhimrtz")


def quota_of(instance_type: str, *, spot: bool) -> Quota | None:
    """None for families that are counted otherwise (hpc, mac, u-)."""
    letters, generation = re.match(r"([a-z]+)-?(\d*)", instance_type).groups()  # type: ignore[union-attr]
    if letters in ("g", "gr", "vt"):
        family = "g, vt"
    elif letters == "p" and generation == "5":
        family = "p5"
    elif letters in _STANDARD or letters == "im" or letters == "is":
        family = "standard"
    else:
        family = letters
    if family not in _CODES:
        return None
    words = f"{'spot' if spot else 'on-demand'} machines of family {family}"
    return Quota(_CODES[family][spot], words)


def workers(pool: AwsPool) -> int:
    """Workers with names."""
    return len(set(range(1, (pool.count or 0) + 1)) - set(pool.without))


def wanted(config: AwsConfig, sizes: Mapping[str, Size]) -> dict[Quota, float]:
    """What the stack has at most, elastic pools at their limit and of their largest type.

    A region gives an account 5 addresses at first; a stack without GPU VMs has two.
    """
    found: Counter[Quota] = Counter()
    elastic: dict[Quota, list[tuple[float, int]]] = {}

    def add(name: str, number: float, *, spot: bool) -> None:
        quota = quota_of(name, spot=spot)
        if quota:
            found[quota] += int(sizes[name].cpus * number)

    for vm in config.gpu_vms:
        add(vm.instance_type, 1, spot=vm.market == "spot")
    if config.gpu_vms:
        found[ADDRESSES] = len(config.gpu_vms) + _other_addresses(config)
    cluster = config.cluster
    if cluster is None:
        return _numbers(found)
    add(cluster.master.instance_type, 1, spot=False)
    for pool in cluster.pools:
        spot = pool.market == "spot"
        if not pool.elastic:
            add(pool.instance_types[0], workers(pool), spot=spot)
            continue
        for quota, largest in _largest(pool, sizes, spot=spot).items():
            elastic.setdefault(quota, []).append((largest, pool.elastic.max))
    for quota, pools in elastic.items():
        left = cluster.elastic_limit
        for cpus, most in sorted(pools, reverse=True):
            found[quota] += int(cpus * min(most, left))
            left -= min(most, left)
    return _numbers(found)


def _numbers(found: Mapping[Quota, int]) -> dict[Quota, float]:
    return {quota: float(number) for quota, number in found.items() if number}


def _other_addresses(config: AwsConfig) -> int:
    """The master's, and that of the NAT gateway of a network of the stack's own."""
    return (1 + (config.network.private and not config.network.vpc_id)) if config.cluster else 0


def _largest(pool: AwsPool, sizes: Mapping[str, Size], *, spot: bool) -> dict[Quota, float]:
    found: dict[Quota, float] = {}
    for name in pool.instance_types:
        quota = quota_of(name, spot=spot)
        if quota:
            found[quota] = max(found.get(quota, 0), sizes[name].cpus)
    return found
