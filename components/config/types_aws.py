"""Values with a meaning on AWS: names of zones, instance types, and ids."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from components.config.types import matching

# A share of the network per letter (subnets_aws.py), so a to h; local and Wavelength zones have longer names.
ZONE = r"[a-z]{2}(-[a-z]+)+-\d[a-h]"
TYPE = r"[a-z]+\d*[a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)"
# Resource ids have 17 hexadecimal digits, those of before 2018 have 8.
ID = "([0-9a-f]{8}|[0-9a-f]{17})"


def _id(prefix: str, what: str, digits: str = ID) -> tuple[AfterValidator, WithJsonSchema]:
    return matching(
        f"{prefix}-{digits}",
        f"is no id of {what}: `{prefix}-` and hexadecimal digits",
        f"copy it from the console, such as {prefix}-0123456789abcdef0",
    )


_zone = matching(
    ZONE, "is no name of an availability zone: a region and a letter", "write it like eu-central-1a"
)
_type = matching(TYPE, "is no instance type: a family, a point and a size", "write it like c5.large")
_vpc, _subnet, _image = _id("vpc", "a VPC"), _id("subnet", "a subnet"), _id("ami", "an image")
_volume = _id("vol", "an EBS volume")
_file_system = _id("fs", "an EFS file system", "[0-9a-f]{8,40}")

ZoneName = Annotated[str, _zone[0], _zone[1]]
InstanceType = Annotated[str, _type[0], _type[1]]
VpcId = Annotated[str, _vpc[0], _vpc[1]]
SubnetId = Annotated[str, _subnet[0], _subnet[1]]
ImageId = Annotated[str, _image[0], _image[1]]
VolumeId = Annotated[str, _volume[0], _volume[1]]
FileSystemId = Annotated[str, _file_system[0], _file_system[1]]


def region_of(zone: str) -> str:
    """`eu-central-1a` is in `eu-central-1`."""
    return zone[:-1]


def architecture(instance_type: str) -> str:
    """As far as the name tells: Graviton has a `g` behind its generation (c6g, m7gd), and a1 came before."""
    family = instance_type.partition(".")[0]
    found = re.match(r"[a-z]+\d+([a-z]*)", family)
    is_arm = family == "a1" or bool(found and "g" in found[1])
    return "arm64" if is_arm else "x86_64"
