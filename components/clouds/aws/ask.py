"""Questions to AWS, by the provider's own look-ups, each asked once in a run. Nothing else here invokes."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import pulumi_aws as aws
from pulumi_aws.ec2 import outputs

from components.clouds.answers import AbsentError, UnansweredError
from components.clouds.state_disks import Disk

T = TypeVar("T")

# How the provider and the services say that there is no such thing. Any other error (no permission, no
# connection, throttled) is no answer.
_ABSENT = re.compile(
    r"NotFound|NoSuch|no matching|no results|0 results|couldn't find|could not be found|do(es)? not exist"
    r"|Malformed|InvalidInstanceType|IllegalArgument"
)


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as error:
        text = " ".join(str(error).split())
        raise (AbsentError(text) if _ABSENT.search(text) else UnansweredError(text)) from None


@cache
def region() -> str:
    return _asked(aws.get_region).region


@cache
def account() -> str:
    return _asked(aws.get_caller_identity).account_id


@cache
def partition() -> aws.GetPartitionResult:
    return _asked(aws.get_partition)


@cache
def zones() -> frozenset[str]:
    """Zones of the region that the account may use, local ones left out."""
    only = [aws.GetAvailabilityZonesFilterArgs(name="zone-type", values=["availability-zone"])]
    return frozenset(_asked(lambda: aws.get_availability_zones(state="available", filters=only)).names)


@cache
def zones_that_sell(instance_type: str) -> frozenset[str]:
    """Empty where the region does not sell the type."""
    only = [aws.ec2.GetInstanceTypeOfferingsFilterArgs(name="instance-type", values=[instance_type])]
    found = _asked(
        lambda: aws.ec2.get_instance_type_offerings(location_type="availability-zone", filters=only)
    )
    return frozenset(found.locations)


@cache
def instance_type(name: str) -> aws.ec2.GetInstanceTypeResult:
    return _asked(lambda: aws.ec2.get_instance_type(instance_type=name))


@cache
def image(image_id: str) -> aws.ec2.GetAmiResult:
    only = [aws.ec2.GetAmiFilterArgs(name="image-id", values=[image_id])]
    return _asked(lambda: aws.ec2.get_ami(filters=only, include_deprecated=True))


@cache
def newest_image(owner: str, name: str, arch: str) -> aws.ec2.GetAmiResult:
    wanted = {"name": name, "architecture": arch, "virtualization-type": "hvm", "root-device-type": "ebs"}
    only = [aws.ec2.GetAmiFilterArgs(name=key, values=[value]) for key, value in wanted.items()]
    return _asked(lambda: aws.ec2.get_ami(owners=[owner], filters=only, most_recent=True))


@cache
def vpc(vpc_id: str) -> aws.ec2.GetVpcResult:
    return _asked(lambda: aws.ec2.get_vpc(id=vpc_id))


@cache
def subnet(subnet_id: str) -> aws.ec2.GetSubnetResult:
    return _asked(lambda: aws.ec2.get_subnet(id=subnet_id))


@cache
def routes(vpc_id: str, subnet_id: str) -> Sequence[outputs.GetRouteTableRouteResult]:
    """Of the subnet's own route table, or of the VPC's main one where it has none."""
    try:
        return _asked(lambda: aws.ec2.get_route_table(subnet_id=subnet_id)).routes
    except AbsentError:
        main = [aws.ec2.GetRouteTableFilterArgs(name="association.main", values=["true"])]
        return _asked(lambda: aws.ec2.get_route_table(vpc_id=vpc_id, filters=main)).routes


def own_machines(subnet_id: str, stack: str, team: str) -> int:
    """Machines of the stack that have an address in the subnet already."""
    found = aws.ec2.get_instances
    only = [aws.ec2.GetInstancesFilterArgs(name="subnet-id", values=[subnet_id])]
    mine = {"stack": stack, "team": team}
    states = ["pending", "running", "stopping", "stopped"]
    return len(_asked(lambda: found(instance_tags=mine, filters=only, instance_state_names=states)).ids)


@cache
def quota(code: str) -> float:
    return _asked(lambda: aws.servicequotas.get_service_quota(service_code="ec2", quota_code=code)).value


@cache
def role_exists(name: str) -> bool:
    try:
        _asked(lambda: aws.iam.get_role(name=name))
    except AbsentError:
        return False
    return True


@cache
def file_system(file_system_id: str) -> aws.efs.GetFileSystemResult:
    return _asked(lambda: aws.efs.get_file_system(file_system_id=file_system_id))


@cache
def volume(volume_id: str) -> Disk:
    only = [aws.ebs.GetVolumeFilterArgs(name="volume-id", values=[volume_id])]
    return _disk(_asked(lambda: aws.ebs.get_volume(filters=only)))


@cache
def attached_volume(name: str, stack: str, team: str) -> Disk:
    """The one of this name that a machine of the stack has."""
    wanted = {"tag:Name": name, "tag:stack": stack, "tag:team": team, "status": "in-use"}
    only = [aws.ebs.GetVolumeFilterArgs(name=key, values=[value]) for key, value in wanted.items()]
    return _disk(_asked(lambda: aws.ebs.get_volume(filters=only, most_recent=True)))


def _disk(found: aws.ebs.GetVolumeResult) -> Disk:
    return Disk(found.volume_id, found.availability_zone, found.size, found.encrypted)


def forget() -> None:
    """Answers are those of one run, and a process may run the program more than once."""
    for question in _KEPT:
        question.cache_clear()


_KEPT = (
    region,
    account,
    partition,
    zones,
    zones_that_sell,
    instance_type,
    image,
    newest_image,
    vpc,
    subnet,
    routes,
    quota,
    role_exists,
    file_system,
    volume,
    attached_volume,
)
