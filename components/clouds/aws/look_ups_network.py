"""What the stack file presumes of networks and file systems that are there."""

from collections.abc import Iterator, Sequence

import pulumi

from components.clouds import answers
from components.clouds.aws import ask, quotas
from components.clouds.aws.network import EVERYWHERE
from components.config.aws import AwsConfig, AwsPool, OnInstances
from components.config.problems import Problem

# What a mount target of the shared storage takes of a subnet.
OF_STORAGE = 1


def zones_of(file: AwsConfig, spec: OnInstances) -> list[str]:
    """In which these machines may stand: elastic ones in all of theirs, others in the first."""
    if not isinstance(spec, AwsPool):
        return _zones(file, file.network.subnet_ids[:1])[:1]
    zones = zones_of_workers(file)
    return zones if spec.elastic else zones[:1]


def zones_of_workers(file: AwsConfig) -> list[str]:
    """The first one is that of workers with names."""
    return _zones(file, file.network.subnet_ids[1 if file.network.private else 0 :])


def _zones(file: AwsConfig, subnets: Sequence[str]) -> list[str]:
    """Subnets that are not there have none."""
    if not file.network.subnet_ids:
        return list(file.network.zones)
    found: list[str] = []
    for name in subnets:
        try:
            found.append(ask.subnet(name).availability_zone)
        except (answers.AbsentError, answers.UnansweredError):
            # network_problems tells it
            continue
    return list(dict.fromkeys(found))


def network_problems(file: AwsConfig) -> Iterator[Problem]:
    network = file.network
    if network.vpc_id:
        yield from _vpc(file, network.vpc_id)
        for index, (name, wanted) in enumerate(zip(network.subnet_ids, _addresses(file), strict=True)):
            yield from _subnet(file, f"network.subnetIds[{index}]", name, wanted)
        return
    known = answers.or_warn("zones of the region", ask.zones)
    for index, zone in enumerate(network.zones):
        if known is not None and zone not in known:
            rule = f"is no zone of {ask.region()} that this account may use"
            yield Problem(f"network.zones[{index}]", zone, rule, f"write one of {', '.join(sorted(known))}")


def _vpc(file: AwsConfig, vpc_id: str) -> Iterator[Problem]:
    path = "network.vpcId"
    try:
        vpc = answers.or_warn(path, lambda: ask.vpc(vpc_id))
    except answers.AbsentError:
        yield Problem(path, vpc_id, f"is not in {ask.region()}", "write the id of a VPC of this account")
        return
    if file.cluster and vpc and not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        rule = "has its DNS support or its DNS hostnames off, and the shared storage is found by name"
        remedy = (
            "switch both on: `aws ec2 modify-vpc-attribute`, --enable-dns-support, --enable-dns-hostnames"
        )
        yield Problem(path, vpc_id, rule, remedy)


def _addresses(file: AwsConfig) -> list[int]:
    """Addresses that the stack wants of each subnet; elastic workers may stand in any of theirs."""
    network, cluster = file.network, file.cluster
    wanted = [OF_STORAGE if cluster else 0 for _ in network.subnet_ids]
    wanted[0] += len(file.gpu_vms)
    if cluster is None:
        return wanted
    wanted[0] += 1
    of_workers = 1 if network.private and len(wanted) > 1 else 0
    wanted[of_workers] += sum(quotas.workers(pool) for pool in cluster.pools)
    if len(wanted) == of_workers + 1:
        wanted[of_workers] += cluster.elastic_limit
    return wanted


def _subnet(file: AwsConfig, path: str, name: str, wanted: int) -> Iterator[Problem]:
    vpc_id = file.network.vpc_id or ""
    subnet = answers.found(
        path,
        name,
        ask.subnet,
        "write the id of a subnet of that VPC",
        region=ask.region(),
        right="ec2:DescribeSubnets",
    )
    if isinstance(subnet, Problem):
        yield subnet
        return
    if subnet.vpc_id != vpc_id:
        rule = f"is a subnet of {subnet.vpc_id}, not of `network.vpcId`"
        yield Problem(path, name, rule, "name subnets of one VPC", ("network.vpcId",))
        return
    stack, team = pulumi.get_stack(), file.team
    own = answers.or_warn(f"machines in {name}", lambda: ask.own_machines(name, stack, team)) or 0
    free = subnet.available_ip_address_count + own
    if free < wanted:
        rule = f"has {free} addresses free, the stack wants {wanted} of them"
        yield Problem(path, name, rule, "name a larger subnet, or ask for fewer workers")
    _way_out(file, path, name, vpc_id)


def _way_out(file: AwsConfig, path: str, name: str, vpc_id: str) -> None:
    """Warns only: packages may come by another way than the internet."""
    try:
        routes = answers.or_warn(f"routes of {path}", lambda: ask.routes(vpc_id, name))
    except answers.AbsentError:
        return
    if routes is None:
        return
    out = [route for route in routes if route.cidr_block == EVERYWHERE]
    to_internet = any((route.gateway_id or "").startswith("igw-") for route in out)
    is_private = file.network.private and name != file.network.subnet_ids[0]
    if not is_private and not to_internet:
        pulumi.log.warn(
            f"{path} ({name}) has no route to an internet gateway: public addresses in it lead nowhere"
        )
    elif is_private and (to_internet or not out):
        pulumi.log.warn(
            f"{path} ({name}) has no route to a NAT gateway: workers without a public address need one"
        )


def storage_problems(file: AwsConfig) -> Iterator[Problem]:
    path, name = "storage.fileSystemId", file.storage.file_system_id
    if not name:
        return
    right = "elasticfilesystem:DescribeFileSystems"
    files = answers.found(
        path, name, ask.file_system, "write the id of an EFS file system", region=ask.region(), right=right
    )
    if isinstance(files, Problem):
        yield files
        return
    zone, zones = files.availability_zone_name, set(zones_of_workers(file))
    if zone and zones - {zone}:
        rule = f"is in the zone {zone} alone, and machines are elsewhere too: {', '.join(sorted(zones))}"
        remedy = "take a file system of the whole region, or that zone alone"
        yield Problem(path, name, rule, remedy, ("network.zones",))
    if not files.encrypted:
        pulumi.log.warn(f"{path} ({name}) is not encrypted at rest; that cannot be changed")
