"""What the stack file presumes of networks and file systems that are there."""

from collections.abc import Iterator

import pulumi

from components.clouds import answers
from components.clouds.alicloud import ask, quotas
from components.clouds.alicloud.network import without_address
from components.clouds.alicloud.shared_storage import TYPE
from components.config.alicloud import AlicloudConfig
from components.config.problems import Problem

# What a mount target of the shared storage takes of a vSwitch.
OF_STORAGE = 1


def zone_of(file: AlicloudConfig) -> str:
    """Where all machines stand; empty for a vSwitch that nobody tells of."""
    network = file.network
    if not network.vswitch_id:
        return network.zone or ""
    try:
        return ask.vswitch(network.vswitch_id).zone_id
    except (answers.AbsentError, answers.UnansweredError):
        # network_problems tells it
        return ""


def network_problems(file: AlicloudConfig) -> Iterator[Problem]:
    network = file.network
    if network.vpc_id and network.vswitch_id:
        yield from _vpc(network.vpc_id)
        yield from _vswitch(file, network.vpc_id, network.vswitch_id)
        return
    zone = network.zone or ""
    known = answers.or_warn("zones of the region", ask.zones)
    if known is not None and zone not in known:
        rule = f"is no zone of {ask.region()} that this account may use"
        yield Problem("network.zone", zone, rule, f"write one of {', '.join(sorted(known))}")
    elif without_address(file):
        with_nat = answers.or_warn("zones with NAT gateways", ask.nat_zones)
        if with_nat is not None and zone not in with_nat:
            rule = "has no NAT gateways, and machines without a public address need one"
            remedy = f"give them addresses, or take a zone that has them: {', '.join(sorted(with_nat))}"
            yield Problem("network.zone", zone, rule, remedy, ("network.private", "gpuVms"))


def _vpc(vpc_id: str) -> Iterator[Problem]:
    path = "network.vpcId"
    try:
        answers.or_warn(path, lambda: ask.vpc(vpc_id))
    except answers.AbsentError:
        yield Problem(path, vpc_id, f"is not in {ask.region()}", "write the id of a VPC of this account")


def _vswitch(file: AlicloudConfig, vpc_id: str, name: str) -> Iterator[Problem]:
    path = "network.vswitchId"
    remedy = "write the id of a vSwitch of that VPC"
    found = answers.found(path, name, ask.vswitch, remedy, region=ask.region(), right="vpc:DescribeVSwitches")
    if isinstance(found, Problem):
        yield found
        return
    if found.vpc_id != vpc_id:
        rule = f"is a vSwitch of {found.vpc_id}, not of `network.vpcId`"
        yield Problem(path, name, rule, remedy, ("network.vpcId",))
        return
    wanted = sum(quotas.number(spec) for _, spec in quotas.machines(file))
    wanted += OF_STORAGE if file.cluster else 0
    stack, team = pulumi.get_stack(), file.team
    own = answers.or_warn(f"machines in {name}", lambda: ask.own_machines(name, stack, team)) or 0
    free = found.available_ip_address_count + own
    if free < wanted:
        rule = f"has {free} addresses free, the stack wants {wanted} of them"
        yield Problem(path, name, rule, "name a larger vSwitch, or ask for fewer machines")
    if without_address(file):
        _way_out(path, vpc_id)


def _way_out(path: str, vpc_id: str) -> None:
    """Warns only: packages may come by another way than the internet."""
    if answers.or_warn(f"NAT gateways of {vpc_id}", lambda: ask.nat_gateways(vpc_id)) == 0:
        pulumi.log.warn(
            f"{path}: {vpc_id} has no NAT gateway, and machines without a public address need one, with a "
            "SNAT entry for the vSwitch"
        )


def storage_problems(file: AlicloudConfig) -> Iterator[Problem]:
    if not file.cluster:
        return
    path, name = "storage.fileSystemId", file.storage.file_system_id
    if not name:
        yield from _new_storage(zone_of(file))
        return
    remedy = "write the id of a general-purpose NAS file system"
    files = answers.found(
        path, name, ask.file_system, remedy, region=ask.region(), right="nas:DescribeFileSystems"
    )
    if isinstance(files, Problem):
        yield files
        return
    if files.protocol_type.upper() != "NFS":
        yield Problem(path, name, f"speaks {files.protocol_type}, machines speak NFS", remedy)
    if not files.encrypt_type:
        pulumi.log.warn(f"{path} ({name}) is not encrypted at rest; that cannot be changed")


def _new_storage(zone: str) -> Iterator[Problem]:
    zones = answers.or_warn("zones with NAS", lambda: ask.storage_zones(TYPE))
    if zone and zones is not None and zone not in zones:
        rule = f"has no NAS file systems of type {TYPE} for NFS, which the cluster shares"
        remedy = f"take a zone that has them: {', '.join(sorted(zones))}; or name one that is there in "
        remedy += "`storage.fileSystemId`"
        yield Problem("network.zone", zone, rule, remedy, ("storage.fileSystemId",))
