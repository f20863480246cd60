"""Everything on AWS that still carries a stack's tags.

No single API knows it all: EC2's own tags tell of things that are gone for an hour, the Resource Groups
Tagging API knows no IAM roles, and IAM tells tags one thing at a time.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from components.clouds.aws import api
from components.operated import Place

# Below this path the program makes its roles; without it every role of the account would be a question.
IAM_PATH = f"/{api.PROJECT}/"

# What EC2 goes on telling of after it is gone, by the beginning of its ids: operation, key of its answer, key
# of the id, states.
_OUTLIVE_THEMSELVES = {
    "nat": ("describe_nat_gateways", "NatGateways", "NatGatewayId", ("deleted", "failed")),
    "vpce": ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", ("deleted",)),
    "sir": (
        *("describe_spot_instance_requests", "SpotInstanceRequests", "SpotInstanceRequestId"),
        ("closed", "cancelled", "failed"),
    ),
}
_ASKED_ELSEWHERE = ("ec2", "elasticfilesystem", "ssm", "iam")


def leftovers(place: Place) -> list[str]:
    """A line each: its kind, its id and what helps to tell it. Kept storage is among them."""
    looks: list[Callable[[Place], list[str]]] = [_of_ec2, _of_efs, _of_ssm, _of_iam, _of_the_rest]

    def look(one: Callable[[Place], list[str]]) -> list[str]:
        with api.told(place):
            return one(place)

    with ThreadPoolExecutor(len(looks)) as pool:
        return [line for lines in pool.map(look, looks) for line in lines]


def _of_ec2(place: Place) -> list[str]:
    ec2 = api.client(api.session(place), "ec2")
    ours = {resource: of for resource, of in _tags(ec2, place).items() if _is_of(place, of.tags)}
    states = _instance_states(ec2, [resource for resource in ours if _begins(resource, "i")])
    states |= _volume_states(ec2, [resource for resource in ours if _begins(resource, "vol")])
    gone = {
        resource
        for beginning in _OUTLIVE_THEMSELVES
        for resource in _gone(ec2, beginning, {one for one in ours if _begins(one, beginning)})
    }
    return [
        _line(of.kind, resource, of.tags.get("Name"), states.get(resource))
        for resource, of in sorted(ours.items(), key=lambda item: (item[1].kind, item[0]))
        if resource not in gone and (resource in states or not resource.startswith(("i-", "vol-")))
    ]


@dataclass
class _Tagged:
    kind: str
    tags: dict[str, str] = field(default_factory=dict[str, str])


def _tags(ec2: Any, place: Place) -> dict[str, _Tagged]:
    """All tags, by id, of whatever in EC2 carries the stack's name."""
    of_stack = [{"Name": "tag:stack", "Values": [place.stack]}]
    found = {
        tag["ResourceId"]: _Tagged(tag["ResourceType"])
        for tag in api.pages(ec2, "describe_tags", "Tags", Filters=of_stack)
    }
    for some in api.portions(found, 200):
        of_these = [{"Name": "resource-id", "Values": some}]
        for tag in api.pages(ec2, "describe_tags", "Tags", Filters=of_these):
            found[tag["ResourceId"]].tags[tag["Key"]] = tag["Value"]
    return found


def _begins(resource: str, beginning: str) -> bool:
    return resource.startswith(f"{beginning}-")


def _instance_states(ec2: Any, ids: list[str]) -> dict[str, str]:
    """State and type by id, of those that are not terminated."""
    living = ["pending", "running", "shutting-down", "stopping", "stopped"]
    return {
        instance["InstanceId"]: f"{instance['State']['Name']}, {instance['InstanceType']}"
        for some in api.portions(ids, 200)
        for reservation in api.pages(
            ec2,
            "describe_instances",
            "Reservations",
            Filters=[
                {"Name": "instance-id", "Values": some},
                {"Name": "instance-state-name", "Values": living},
            ],
        )
        for instance in reservation["Instances"]
    }


def _volume_states(ec2: Any, ids: list[str]) -> dict[str, str]:
    """Size and state by id. One that is kept holds databases of a master."""
    return {
        volume["VolumeId"]: f"{volume['Size']} GiB, {volume['State']}"
        for some in api.portions(ids, 200)
        for volume in api.pages(
            ec2, "describe_volumes", "Volumes", Filters=[{"Name": "volume-id", "Values": some}]
        )
        if volume["State"] not in ("deleting", "deleted")
    }


def _gone(ec2: Any, beginning: str, ids: set[str]) -> set[str]:
    """Those that EC2 has only the memory of, or not even that."""
    if not ids:
        return set()
    operation, answer, key, states = _OUTLIVE_THEMSELVES[beginning]
    there = {
        thing[key] for thing in api.pages(ec2, operation, answer) if str(thing["State"]).lower() not in states
    }
    return ids - there


def _of_efs(place: Place) -> list[str]:
    efs = api.client(api.session(place), "efs")
    systems = [
        _line("efs file system", system["FileSystemId"], system.get("Name"), _gib(system))
        for system in api.pages(efs, "describe_file_systems", "FileSystems")
        if _is_of(place, api.as_mapping(system.get("Tags")))
    ]
    points = [
        _line("efs access point", point["AccessPointId"], point.get("Name"))
        for point in api.pages(efs, "describe_access_points", "AccessPoints")
        if _is_of(place, api.as_mapping(point.get("Tags")))
    ]
    return [*systems, *points]


def _gib(system: Mapping[str, Any]) -> str:
    return f"{system['SizeInBytes']['Value'] / 2**30:.1f} GiB"


def _of_ssm(place: Place) -> list[str]:
    ssm = api.client(api.session(place), "ssm")
    of_stack = [{"Key": f"tag:{key}", "Values": [value]} for key, value in api.tags_of(place).items()]
    return [
        _line("ssm parameter", parameter["Name"])
        for parameter in api.pages(ssm, "describe_parameters", "Parameters", ParameterFilters=of_stack)
    ]


def _of_iam(place: Place) -> list[str]:
    iam = api.client(api.session(place), "iam")
    roles = [
        iam.get_role(RoleName=role["RoleName"])["Role"]
        for role in api.pages(iam, "list_roles", "Roles", PathPrefix=IAM_PATH)
    ]
    profiles = [
        iam.get_instance_profile(InstanceProfileName=profile["InstanceProfileName"])["InstanceProfile"]
        for profile in api.pages(iam, "list_instance_profiles", "InstanceProfiles", PathPrefix=IAM_PATH)
    ]
    found = [("iam role", role["RoleName"], role) for role in roles]
    found += [("iam instance profile", one["InstanceProfileName"], one) for one in profiles]
    return [_line(kind, name) for kind, name, one in found if _is_of(place, api.as_mapping(one.get("Tags")))]


def _of_the_rest(place: Place) -> list[str]:
    """Whatever else AWS can tag, log groups and backups for instance."""
    tagging = api.client(api.session(place), "resourcegroupstaggingapi")
    of_stack = [{"Key": key, "Values": [value]} for key, value in api.tags_of(place).items()]
    arns = (
        thing["ResourceARN"]
        for thing in api.pages(tagging, "get_resources", "ResourceTagMappingList", TagFilters=of_stack)
    )
    return [arn for arn in arns if arn.split(":")[2] not in _ASKED_ELSEWHERE]


def _is_of(place: Place, tags: Mapping[str, str]) -> bool:
    return api.tags_of(place).items() <= tags.items()


def _line(kind: str, which: str, name: str | None = None, state: str | None = None) -> str:
    said = ", ".join(filter(None, [name, state]))
    return f"{kind} {which} ({said})" if said else f"{kind} {which}"
