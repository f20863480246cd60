"""What the stack file presumes of the volume with the master's databases."""

from collections.abc import Iterator

import pulumi

from components.clouds import answers
from components.clouds.aws import ask
from components.clouds.aws.look_ups_network import zones_of
from components.clouds.aws.state_volume import NAME
from components.clouds.aws.tags import name_tag
from components.clouds.state_disks import NAMED, Disk, named_disk, own_disk
from components.config.aws import AwsConfig
from components.config.problems import Problem

RIGHT = "ec2:DescribeVolumes"


def state_problems(file: AwsConfig) -> Iterator[Problem]:
    if file.cluster is None or not file.cluster.settings.KEEPS_STATE:
        return
    # none where the subnet is not told
    zone = next(iter(zones_of(file, file.cluster.master)), "")
    said_at = "network.subnetIds" if file.network.subnet_ids else "network.zones"
    if name := file.storage.state_volume_id:
        remedy = "write the id of an EBS volume"
        found = answers.found(NAMED, name, ask.volume, remedy, region=ask.region(), right=RIGHT)
        yield from (found,) if isinstance(found, Problem) else named_disk(found, zone, said_at)
    elif disk := _own(file):
        yield from own_disk(disk, file.storage.state_gib, zone, said_at)


def _own(file: AwsConfig) -> Disk | None:
    """Unanswered it is EC2 that refuses, later."""
    stack = pulumi.get_stack()
    try:
        return answers.or_warn(
            "the volume with the master's databases",
            lambda: ask.attached_volume(name_tag(stack, NAME), stack, file.team),
        )
    except answers.AbsentError:
        return None
