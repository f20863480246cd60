"""Values with a meaning on Alibaba Cloud: names of zones, instance types, ids, and times."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from components.config.base import refuse
from components.config.types import matching

# A region with a number has the letter right behind it (eu-central-1a), another has a hyphen between.
ZONE = r"[a-z]{2}(-[a-z]+)+(-\d{1,2}[a-z]|-[a-z])"
TYPE = r"ecs\.[a-z][a-z0-9-]*(\.[a-z0-9-]+)+"
IMAGE = r"(m-[a-z0-9]{8,30}|[a-z][A-Za-z0-9_.-]{2,100}\.vhd)"
# General-purpose file systems have hexadecimal digits alone; extreme-… and cpfs-… are other products.
FILE_SYSTEM = r"[0-9a-f]{8,20}"
TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00Z"

_COPY = "copy it from the console, such as {}"


def _id(prefix: str, what: str) -> tuple[AfterValidator, WithJsonSchema]:
    return matching(
        f"{prefix}-[a-z0-9]{{8,30}}",
        f"is no id of {what}: `{prefix}-`, lower-case letters and digits",
        _COPY.format(f"{prefix}-bp1a2b3c4d5e6f7g8h9i0"),
    )


def _release_time(value: str) -> str:
    remedy = "write it in UTC to the minute, like 2027-01-31T18:00:00Z"
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        refuse("is no time", remedy)
    if time.tzinfo is None:
        refuse("does not say its time zone", remedy)
    written = f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:00Z}"
    if value != written:
        refuse("is not written in UTC to the minute, as Alibaba Cloud wants it", f"write {written}")
    return value


_zone = matching(ZONE, "is no name of a zone: a region and a letter", "write it like cn-hangzhou-k")
_type = matching(
    TYPE,
    "is no instance type of ECS: `ecs`, a family and a size, with points between",
    "write it like ecs.g7.large",
)
_vpc, _vswitch, _disk = _id("vpc", "a VPC"), _id("vsw", "a vSwitch"), _id("d", "a disk")
_image = matching(
    IMAGE, "is no id of an image", _COPY.format("m-bp1a2b3c4d5e6f7g8h9i0, or a public one that ends in .vhd")
)
_file_system = matching(
    FILE_SYSTEM,
    "is no id of a general-purpose NAS file system: hexadecimal digits alone",
    _COPY.format("0a1b2c3d4e"),
)

ZoneName = Annotated[str, _zone[0], _zone[1]]
InstanceType = Annotated[str, _type[0], _type[1]]
VpcId = Annotated[str, _vpc[0], _vpc[1]]
VSwitchId = Annotated[str, _vswitch[0], _vswitch[1]]
ImageId = Annotated[str, _image[0], _image[1]]
DiskId = Annotated[str, _disk[0], _disk[1]]
FileSystemId = Annotated[str, _file_system[0], _file_system[1]]
ReleaseTime = Annotated[
    str, AfterValidator(_release_time), WithJsonSchema({"type": "string", "pattern": f"^{TIME}$"})
]


def region_of(zone: str) -> str:
    """`cn-hangzhou-k` is in `cn-hangzhou`, `eu-central-1a` in `eu-central-1`."""
    return re.sub(r"-?[a-z]$", "", zone)


def zone_in(region: str, letter: str) -> str:
    """`k` of `cn-hangzhou` is `cn-hangzhou-k`."""
    return f"{region}{letter}" if region[-1:].isdigit() else f"{region}-{letter}"
