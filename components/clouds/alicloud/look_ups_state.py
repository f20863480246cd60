"""What the stack file presumes of the disk with the master's databases."""

from collections.abc import Iterator

import pulumi

from components.clouds import answers
from components.clouds.alicloud import ask
from components.clouds.alicloud.look_ups_network import zone_of
from components.clouds.alicloud.state_volume import NAME
from components.clouds.alicloud.tags import name_of
from components.clouds.state_disks import NAMED, Disk, named_disk, own_disk
from components.config.alicloud import AlicloudConfig
from components.config.problems import Problem

RIGHT = "ecs:DescribeDisks"


def state_problems(file: AlicloudConfig) -> Iterator[Problem]:
    if file.cluster is None or not file.cluster.settings.KEEPS_STATE:
        return
    # empty where the vSwitch is not told
    zone = zone_of(file)
    said_at = "network.vswitchId" if file.network.vswitch_id else "network.zone"
    if name := file.storage.state_volume_id:
        remedy = "write the id of a disk"
        found = answers.found(NAMED, name, ask.disk, remedy, region=ask.region(), right=RIGHT)
        yield from (found,) if isinstance(found, Problem) else named_disk(found, zone, said_at)
    elif own := _own(file):
        gib = file.storage.state_gib
        yield from (own,) if isinstance(own, Problem) else own_disk(own, gib, zone, said_at)


def _own(file: AlicloudConfig) -> Disk | Problem | None:
    """Needed: the provider makes a smaller disk by an empty one."""
    stack = pulumi.get_stack()
    try:
        return ask.attached_disk(name_of(stack, NAME), stack, file.team)
    except answers.AbsentError:
        return None
    except answers.UnansweredError as error:
        return answers.untold("storage.stateGiB", str(file.storage.state_gib), error, RIGHT)
