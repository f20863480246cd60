"""What the stack file presumes of the disk with the master's databases."""

from collections.abc import Iterator

import pulumi

from components.clouds import answers
from components.clouds.alicloud import ask
from components.clouds.alicloud.look_ups_network import zone_of
from components.clouds.alicloud.state_volume import NAME
from components.clouds.alicloud.tags import name_of
from components.config.alicloud import AlicloudConfig
from components.config.problems import Problem

RIGHT = "ecs:DescribeDisks"
_BY_SNAPSHOT = "copy it by a snapshot into {}, and name the copy in `storage.stateVolumeId`"


def state_problems(file: AlicloudConfig) -> Iterator[Problem]:
    if file.cluster is None or not file.cluster.settings.KEEPS_STATE:
        return
    # empty where the vSwitch is not told
    zone = zone_of(file)
    if file.storage.state_volume_id:
        yield from _there(file.storage.state_volume_id, zone)
    else:
        yield from _own(file, zone)


def _there(name: str, zone: str) -> Iterator[Problem]:
    path, remedy = "storage.stateVolumeId", "write the id of a disk"
    found = answers.found(path, name, ask.disk, remedy, region=ask.region(), right=RIGHT)
    if isinstance(found, Problem):
        yield found
        return
    if zone and found.zone_id != zone:
        rule = f"is in the zone {found.zone_id}, and the master stands in {zone}"
        yield Problem(path, name, rule, _BY_SNAPSHOT.format(zone), ("network.zone", "network.vswitchId"))
    if found.encrypted != "on":
        rule = "is not encrypted, and the databases hold secrets"
        yield Problem(path, name, rule, "make an encrypted disk of a snapshot of it, and name that")


def _own(file: AlicloudConfig, zone: str) -> Iterator[Problem]:
    """Of the one that the stack has already. Needed: the provider makes a smaller disk by an empty one."""
    stack, gib = pulumi.get_stack(), file.storage.state_gib
    try:
        found = ask.attached_disk(name_of(stack, NAME), stack, file.team)
    except answers.AbsentError:
        return
    except answers.UnansweredError as error:
        yield answers.untold("storage.stateGiB", str(gib), error, RIGHT)
        return
    if found.size > gib:
        rule = f"is less than the disk has ({found.size} GiB), and none can be made smaller"
        yield Problem("storage.stateGiB", str(gib), rule, f"write `stateGiB: {found.size}` or more")
    if zone and found.zone_id != zone:
        path = "network.vswitchId" if file.network.vswitch_id else "network.zone"
        rule = f"moves the master out of {found.zone_id}, where its databases are, on {found.disk_id}"
        yield Problem(path, zone, rule, f"write {found.zone_id}; or {_BY_SNAPSHOT.format(zone)}")
