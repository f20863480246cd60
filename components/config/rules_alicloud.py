"""Rules of Alibaba Cloud: what can be told of a stack file without asking it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from components.config.alicloud import AlicloudConfig, AlicloudGpuVm
from components.config.parts import DEFAULT_CIDR
from components.config.problems import Problem, show
from components.config.types_alicloud import region_of, zone_in

# A VPC may be a /16 to a /28; its one vSwitch is as large.
LARGEST, SMALLEST = 16, 24
# The first address of a vSwitch and its last three.
KEPT_BY_ALIBABA = 4
# A mount target of the shared storage and a NAT gateway.
BESIDE_MACHINES = 2
# Private addresses that a basic security group holds.
GROUP = 6000
# Of 20 tags per resource ours are project, stack, team, Name, node, role and pool.
TAGS = 13
TAG_VALUE = 128
RESERVED = ("aliyun", "acs:", "http://", "https://")
# Families with local disks or persistent memory.
NO_ECONOMICAL_MODE = r"ecs\.(gn5|e?bmre6p|re6p|[di]\d[a-z0-9]*)[.-].*"
SOONEST, LATEST = timedelta(minutes=30), timedelta(days=3 * 365)


def alicloud_problems(config: AlicloudConfig, region: str | None) -> Iterator[Problem]:
    """`region` is None where the stack file does not say it."""
    yield from place(config, region)
    yield from room(config)
    for index, vm in enumerate(config.gpu_vms):
        yield from spot(f"gpuVms[{index}]", vm)
        yield from stopping(f"gpuVms[{index}]", vm)
        yield from release(f"gpuVms[{index}]", vm, datetime.now(UTC))
    yield from tags(config)


def place(config: AlicloudConfig, region: str | None) -> Iterator[Problem]:
    network, also = config.network, ("network.vpcId", "network.vswitchId")
    if not network.vpc_id and not network.vswitch_id:
        yield from _own(config, region)
        return
    if not network.vpc_id:
        rule, remedy = "is of a VPC that is not said", "add `vpcId`"
        yield Problem("network.vswitchId", show(network.vswitch_id), rule, remedy, also)
    if not network.vswitch_id:
        rule, remedy = "does not say which of its vSwitches to use", "add `vswitchId`"
        yield Problem("network.vpcId", show(network.vpc_id), rule, remedy, also)
    if network.zone:
        rule = "has no effect: the zone is that of `vswitchId`"
        yield Problem("network.zone", network.zone, rule, "take it out", also)
    if network.cidr:
        rule = "has no effect: the VPC is there and has its range"
        yield Problem("network.cidr", str(network.cidr), rule, "take it out", also)


def _own(config: AlicloudConfig, region: str | None) -> Iterator[Problem]:
    zone, cidr = config.network.zone, config.network.cidr
    if not zone:
        example = zone_in(region, "k" if region == "cn-hangzhou" else "a") if region else "cn-hangzhou-k"
        rule = "is required where the stack makes its own VPC"
        also = ("network.vpcId", "network.vswitchId")
        yield Problem("network.zone", "", rule, f"add it, such as `zone: {example}`", also)
    elif region and region_of(zone) != region:
        rule = f"is not in the stack's region, `alicloud:region: {region}`"
        remedy = f"write it like {zone_in(region, zone[-1])}, or change the region"
        yield Problem("network.zone", zone, rule, remedy)
    if cidr and not LARGEST <= cidr.prefixlen <= SMALLEST:
        rule = f"must be between a /{LARGEST} and a /{SMALLEST}"
        yield Problem("network.cidr", str(cidr), rule, f"write it like {cidr.network_address}/{LARGEST}")


def room(config: AlicloudConfig) -> Iterator[Problem]:
    pools = config.cluster.pools if config.cluster else ()
    workers = sum(pool.count - len(set(pool.without)) for pool in pools)
    asked = workers + (1 if config.cluster else 0) + len(config.gpu_vms)
    if workers > GROUP:
        rule = f"ask for {workers} workers; the security group that they stand in holds {GROUP}"
        yield Problem("cluster.pools", "", rule, "ask for fewer, or make a second stack")
    cidr = config.network.known_cidr
    if not cidr or not LARGEST <= cidr.prefixlen <= SMALLEST or asked <= addresses(cidr.prefixlen):
        return
    fitting = next((size for size in range(SMALLEST, LARGEST - 1, -1) if asked <= addresses(size)), None)
    value = show(str(config.network.cidr)) if config.network.cidr else f"({DEFAULT_CIDR})"
    rule = f"has {addresses(cidr.prefixlen)} addresses for machines; the stack asks for {asked}"
    remedy = f"give a /{fitting} or a larger one" if fitting else "ask for fewer workers"
    yield Problem("network.cidr", value, rule, remedy, ("cluster.pools", "gpuVms"))


def addresses(prefix: int) -> int:
    """How many machines a network of this size has room for."""
    return 2 ** (32 - prefix) - KEPT_BY_ALIBABA - BESIDE_MACHINES


def spot(path: str, vm: AlicloudGpuVm) -> Iterator[Problem]:
    if vm.market != "spot":
        return
    also = (f"{path}.market",)
    if vm.stopped_mode == "stopCharging":
        rule = "is of no use on a spot machine: once it has given its place away it may never start again"
        yield Problem(f"{path}.stoppedMode", "stopCharging", rule, "take it out, or buy it `onDemand`", also)
    if vm.deletion_protection:
        rule = "does not hold on a spot machine: Alibaba Cloud may take it back"
        yield Problem(f"{path}.deletionProtection", "true", rule, "take it out, or buy it `onDemand`", also)


def stopping(path: str, vm: AlicloudGpuVm) -> Iterator[Problem]:
    if vm.stopped_mode == "stopCharging" and re.fullmatch(NO_ECONOMICAL_MODE, vm.instance_type):
        rule = f"is not for {vm.instance_type}: its local disks or memory cannot be given away"
        remedy = "take it out, or take a type without them"
        yield Problem(f"{path}.stoppedMode", "stopCharging", rule, remedy, (f"{path}.instanceType",))


def release(path: str, vm: AlicloudGpuVm, now: datetime) -> Iterator[Problem]:
    if vm.release_time is None:
        return
    where, time = f"{path}.releaseTime", datetime.fromisoformat(vm.release_time)
    if vm.deletion_protection:
        rule = "ends a machine that `deletionProtection` is to keep; the protection does not hold against it"
        yield Problem(
            where, vm.release_time, rule, "take one of the two out", (f"{path}.deletionProtection",)
        )
    if time <= now:
        rule, remedy = "is in the past", "write a later one; if the machine is gone, take the GPU VM out"
        yield Problem(where, vm.release_time, rule, remedy)
    elif time < now + SOONEST:
        rule = "is less than half an hour away, which Alibaba Cloud does not take"
        yield Problem(where, vm.release_time, rule, "write a later one")
    elif time > now + LATEST:
        rule = "is more than three years away, which Alibaba Cloud does not take"
        yield Problem(where, vm.release_time, rule, "write an earlier one, or take it out")


def tags(config: AlicloudConfig) -> Iterator[Problem]:
    if len(config.tags) > TAGS:
        rule = f"are more than {TAGS}: a resource has 20 at most, and {20 - TAGS} are the program's"
        yield Problem("tags", show(config.tags), rule, "take some out")
    for key, value in config.tags.items():
        if len(value) > TAG_VALUE:
            rule = f"must be at most {TAG_VALUE} characters on Alibaba Cloud"
            yield Problem(f"tags.{key}", show(value), rule, "use a shorter value")
        if key.startswith(RESERVED[2:]) or value.lower().startswith(RESERVED):
            rule = f"must not begin with any of {', '.join(RESERVED)} on Alibaba Cloud"
            yield Problem(f"tags.{key}", show(value), rule, "write it otherwise")
