"""Rules on where a stack stands on AWS: zones, a VPC of its own or one that is there, and its room."""

from collections.abc import Iterator, Sequence

from components.config.aws import AwsConfig
from components.config.parts import DEFAULT_CIDR
from components.config.problems import Problem, show
from components.config.subnets_aws import addresses, public_subnets
from components.config.types_aws import region_of

# A VPC may be a /16 to a /28; here it is cut into sixteenths, and a subnet may not be smaller than a /28.
LARGEST, SMALLEST = 16, 24
# Of every zone: a mount target of the shared storage and a NAT gateway.
BESIDE_MACHINES = 2


def network_problems(config: AwsConfig, region: str | None) -> Iterator[Problem]:
    network = config.network
    if network.vpc_id or network.subnet_ids:
        yield from _existing(config)
    else:
        yield from _own(config, region)
        yield from _room(config)
    if network.private and not config.cluster:
        rule = "has no effect without `cluster`: a GPU VM is its own way in, by a public address"
        yield Problem("network.private", "true", rule, "take it out", ("cluster",))
    yield from _zones(network.zones, region)
    yield from twice("network.subnetIds", network.subnet_ids)


def twice(path: str, values: Sequence[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        first = values.index(value)
        if first < index:
            where = f"{path}[{first}]"
            yield Problem(f"{path}[{index}]", show(value), f"is `{where}` once more", "take it out", (where,))


def _existing(config: AwsConfig) -> Iterator[Problem]:
    network = config.network
    also = ("network.vpcId", "network.subnetIds")
    if not network.vpc_id:
        rule, remedy = "are of a VPC that is not said", "add `vpcId`"
        yield Problem("network.subnetIds", show(", ".join(network.subnet_ids)), rule, remedy, also)
    if not network.subnet_ids:
        rule = "does not say which of its subnets to use"
        remedy = "add `subnetIds`, the master's first"
        yield Problem("network.vpcId", show(network.vpc_id), rule, remedy, also)
    if network.zones:
        rule = "has no effect: zones are those of `subnetIds`"
        yield Problem("network.zones", show(", ".join(network.zones)), rule, "take it out", also)
    if network.cidr:
        rule = "has no effect: the VPC is there and has its range"
        yield Problem("network.cidr", str(network.cidr), rule, "take it out", also)
    if network.private and config.cluster and len(network.subnet_ids) == 1:
        rule = (
            "needs two subnets at least: the first, with a route to an internet gateway, for the master, and "
            "others, with one to a NAT gateway, for workers"
        )
        yield Problem("network.private", "true", rule, "add a subnet to `subnetIds`", also)


def _own(config: AwsConfig, region: str | None) -> Iterator[Problem]:
    network = config.network
    if not network.zones:
        names = ", ".join(f"{region or 'eu-central-1'}{letter}" for letter in "abc")
        yield Problem(
            "network.zones",
            "",
            "is required where the stack makes its own VPC",
            f"add it, such as `zones: [{names}]`",
            ("network.vpcId", "network.subnetIds"),
        )
    cidr = network.cidr
    if cidr and not LARGEST <= cidr.prefixlen <= SMALLEST:
        rule = f"must be between a /{LARGEST} and a /{SMALLEST}: every zone gets two sixteenths of it"
        yield Problem("network.cidr", str(cidr), rule, f"write it like {cidr.network_address}/{LARGEST}")


def _zones(zones: Sequence[str], region: str | None) -> Iterator[Problem]:
    yield from twice("network.zones", zones)
    for index, zone in enumerate(zones):
        path = f"network.zones[{index}]"
        if region and region_of(zone) != region:
            remedy = f"write it like {region}{zone[-1]}, or change the region"
            yield Problem(path, zone, f"is not in the stack's region, `aws:region: {region}`", remedy)
        elif not region and region_of(zone) != region_of(zones[0]):
            rule = f"is in another region than {zones[0]}; a stack is in one"
            also = ("network.zones[0]",)
            yield Problem(path, zone, rule, "make a stack for each region", also)


def _room(config: AwsConfig) -> Iterator[Problem]:
    """The first zone must hold the machines with names, all zones together those of elastic pools as well."""
    network, cluster = config.network, config.cluster
    zones, prefix = list(dict.fromkeys(network.zones)), (network.cidr or DEFAULT_CIDR).prefixlen
    pools = cluster.pools if cluster else ()
    workers = sum((pool.count or 0) - len(set(pool.without)) for pool in pools)
    named = (1 if cluster else 0) + workers + len(config.gpu_vms)
    at_once = named + (cluster.elastic_limit if cluster and any(pool.elastic for pool in pools) else 0)
    if not zones or not LARGEST <= prefix <= SMALLEST:
        return
    also = ("cluster.pools", "cluster.maxElasticWorkers", "network.zones", "gpuVms")
    value = show(str(network.cidr)) if network.cidr else f"({DEFAULT_CIDR})"
    room = {size: machines(size) for size in range(SMALLEST, LARGEST - 1, -1)}
    if named > room[prefix]:
        fitting = next((size for size in room if named <= room[size]), None)
        who = "the master and the pools with a `count`" if cluster else "the GPU VMs"
        asked = f"{who}{' and the GPU VMs' if cluster and config.gpu_vms else ''} ask for {named}"
        rule = f"has {room[prefix]} addresses for machines in {zones[0]}; {asked}"
    elif at_once > room[prefix] * len(zones):
        fitting = next((size for size in room if at_once <= room[size] * len(zones)), None)
        asked = f"the master and all pools ask for {at_once}"
        rule = f"has {room[prefix] * len(zones)} addresses for machines in all its zones; {asked}"
    else:
        return
    remedy = f"give a /{fitting} or a larger one" if fitting else "ask for fewer workers, or name more zones"
    yield Problem("network.cidr", value, rule, remedy, also)


def machines(prefix: int) -> int:
    """How many machines a zone has room for in a VPC of this size."""
    network = DEFAULT_CIDR.supernet(new_prefix=8)
    (share,) = public_subnets(next(network.subnets(new_prefix=prefix)), ["a"]).values()
    return addresses(share) - BESIDE_MACHINES
