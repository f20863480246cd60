"""Everything on Alibaba Cloud that still carries a stack's tags.

Each service is asked for its own kinds, which says names and states; the tag service for whatever else there
is, because its memory of a thing that is gone may outlive the thing.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from components.clouds.alicloud import api
from components.clouds.alicloud.tags import access_group
from components.operated import Place


@dataclass(frozen=True)
class Kind:
    """One kind of thing: how it is listed, and what of an entry is said. `arn` is its kind in ARNs."""

    name: str
    arn: str
    operation: str
    path: tuple[str, str]
    id: str
    said: tuple[str, ...]

    @property
    def service(self) -> str:
        return self.arn.partition(":")[0]


KINDS = (
    Kind(
        *("instance", "ecs:instance", "DescribeInstances", ("Instances", "Instance"), "InstanceId"),
        ("InstanceName", "Status", "InstanceType"),
    ),
    Kind(
        *("disk", "ecs:disk", "DescribeDisks", ("Disks", "Disk"), "DiskId"),
        ("DiskName", "Status", "Size"),
    ),
    Kind(
        *("network interface", "ecs:eni", "DescribeNetworkInterfaces"),
        *(("NetworkInterfaceSets", "NetworkInterfaceSet"), "NetworkInterfaceId"),
        ("NetworkInterfaceName", "Status"),
    ),
    Kind(
        *("security group", "ecs:securitygroup", "DescribeSecurityGroups"),
        *(("SecurityGroups", "SecurityGroup"), "SecurityGroupId", ("SecurityGroupName",)),
    ),
    Kind("vpc", "vpc:vpc", "DescribeVpcs", ("Vpcs", "Vpc"), "VpcId", ("VpcName",)),
    Kind(
        *("vswitch", "vpc:vswitch", "DescribeVSwitches", ("VSwitches", "VSwitch"), "VSwitchId"),
        ("VSwitchName", "ZoneId"),
    ),
    Kind(
        *("address", "vpc:eip", "DescribeEipAddresses", ("EipAddresses", "EipAddress"), "AllocationId"),
        ("Name", "IpAddress", "Status"),
    ),
    Kind(
        *("nat gateway", "vpc:natgateway", "DescribeNatGateways", ("NatGateways", "NatGateway")),
        *("NatGatewayId", ("Name", "Status")),
    ),
    Kind(
        *("nas file system", "nas:filesystem", "DescribeFileSystems", ("FileSystems", "FileSystem")),
        *("FileSystemId", ("Description", "Status", "MeteredSize")),
    ),
)
# It knows no tags, and an account has twenty at most.
ACCESS_GROUPS = ("nas", "DescribeAccessGroups", ("AccessGroups", "AccessGroup"))
_UNITS: dict[str, Callable[[Any], str]] = {
    "Size": lambda gib: f"{gib} GiB",
    "MeteredSize": lambda size: f"{int(size) / 2**30:.1f} GiB",
}


def leftovers(place: Place) -> list[str]:
    """A line each: its kind, its id and what helps to tell it. Kept storage is among them."""
    session = api.session(place)

    def of_kinds(kind: Kind) -> Callable[[], list[str]]:
        return lambda: _of_kind(session, kind)

    looks = [*map(of_kinds, KINDS), lambda: _access_groups(session), lambda: _of_the_rest(session)]

    def look(one: Callable[[], list[str]]) -> list[str]:
        return one()

    with ThreadPoolExecutor(len(looks)) as pool:
        return [line for lines in pool.map(look, looks) for line in lines]


def _of_kind(session: api.Session, kind: Kind) -> list[str]:
    found = session.items(kind.service, kind.operation, kind.path, Tag=api.tag_filter(session.place))
    ours = (thing for thing in found if api.tags_of(session.place).items() <= api.tags_in(thing).items())
    return [_line(kind, thing) for thing in sorted(ours, key=lambda thing: str(thing[kind.id]))]


def _line(kind: Kind, thing: api.Answer) -> str:
    said = [_UNITS.get(key, str)(thing[key]) for key in kind.said if thing.get(key) not in (None, "")]
    return f"{kind.name} {thing[kind.id]} ({', '.join(said)})" if said else f"{kind.name} {thing[kind.id]}"


def _access_groups(session: api.Session) -> list[str]:
    ours = access_group(session.place.team, session.place.stack)
    names = [str(group["AccessGroupName"]) for group in session.items(*ACCESS_GROUPS)]
    return [f"nas access group {name}" for name in names if name == ours]


def _of_the_rest(session: api.Session) -> list[str]:
    """Snapshots and images that somebody made, for instance, which inherit the tags of their disk."""
    asked = session.items(
        "tag", "ListTagResources", ("TagResources",), Tags=json.dumps(api.tags_of(session.place))
    )
    known = {kind.arn for kind in KINDS}
    return [arn for arn in (str(thing["ResourceARN"]) for thing in asked) if _kind_of(arn) not in known]


def _kind_of(arn: str) -> str:
    """`arn:acs:ecs:cn-hangzhou:123:instance/i-abc` is an ecs:instance."""
    parts = arn.split(":", 5)
    return f"{parts[2]}:{parts[-1].partition('/')[0]}" if len(parts) == 6 else arn
