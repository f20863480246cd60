"""What the stack file presumes of the volume with the master's databases."""

from collections.abc import Iterator

import pulumi

from components.clouds import answers
from components.clouds.aws import ask
from components.clouds.aws.look_ups_network import zones_of
from components.clouds.aws.state_volume import NAME
from components.clouds.aws.tags import name_tag
from components.config.aws import AwsConfig
from components.config.problems import Problem

_BY_SNAPSHOT = "copy it by a snapshot into {}, and name the copy in `storage.stateVolumeId`"


def state_problems(file: AwsConfig) -> Iterator[Problem]:
    if file.cluster is None or not file.cluster.settings.KEEPS_STATE:
        return
    # none where the subnet is not told
    zone = next(iter(zones_of(file, file.cluster.master)), "")
    if file.storage.state_volume_id:
        yield from _there(file.storage.state_volume_id, zone)
    else:
        yield from _own(file, zone)


def _there(name: str, zone: str) -> Iterator[Problem]:
    path, remedy = "storage.stateVolumeId", "write the id of an EBS volume"
    found = answers.found(path, name, ask.volume, remedy, region=ask.region(), right="ec2:DescribeVolumes")
    if isinstance(found, Problem):
        yield found
        return
    if zone and found.availability_zone != zone:
        rule = f"is in the zone {found.availability_zone}, and the master stands in {zone}"
        yield Problem(path, name, rule, _BY_SNAPSHOT.format(zone), ("network.zones", "network.subnetIds"))
    if not found.encrypted:
        rule = "is not encrypted, and the databases hold secrets"
        yield Problem(path, name, rule, "make an encrypted volume of a snapshot of it, and name that")


def _own(file: AwsConfig, zone: str) -> Iterator[Problem]:
    """Of the one that the stack has already. Unanswered it is EC2 that refuses, later."""
    stack, gib = pulumi.get_stack(), file.storage.state_gib
    try:
        found = answers.or_warn(
            "the volume with the master's databases",
            lambda: ask.attached_volume(name_tag(stack, NAME), stack, file.team),
        )
    except answers.AbsentError:
        return
    if found is None:
        return
    if found.size > gib:
        rule = f"is less than the volume has ({found.size} GiB), and none can be made smaller"
        yield Problem("storage.stateGiB", str(gib), rule, f"write `stateGiB: {found.size}` or more")
    if zone and found.availability_zone != zone:
        where = found.availability_zone
        path = "network.subnetIds" if file.network.subnet_ids else "network.zones"
        rule = f"moves the master out of {where}, where its databases are, on {found.volume_id}"
        yield Problem(path, zone, rule, f"begin with {where}; or {_BY_SNAPSHOT.format(zone)}")
