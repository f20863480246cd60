"""From the program's recorded requests to the plan that Terraform would write, for scanners that read plans.

pulumi-aws and pulumi-alicloud are made from Terraform's providers, so names follow a rule:
`aws:ec2/launchTemplate:LaunchTemplate` with camelCase inputs is `aws_launch_template` with snake_case ones.
What does not follow it is in two tables.
"""

import re
from collections.abc import Mapping
from typing import Any

from tests.graph.recording import Recording, Request

PROVIDERS = {
    "aws": "registry.terraform.io/hashicorp/aws",
    "alicloud": "registry.terraform.io/aliyun/alicloud",
}

# Services whose name is no part of the type.
WITHOUT_PREFIX = {("aws", "ec2"), ("aws", "ebs"), ("alicloud", "ecs"), ("alicloud", "vpc")}
TYPES = {
    "aws:ebs/volume:Volume": "aws_ebs_volume",
    "alicloud:vpc/network:Network": "alicloud_vpc",
    "alicloud:vpc/switch:Switch": "alicloud_vswitch",
}
# Lists of blocks, which Pulumi names in the plural.
PROPERTIES = {
    "ebsBlockDevices": "ebs_block_device",
    "networkInterfaces": "network_interface",
    "inlinePolicies": "inline_policy",
    "lifecyclePolicies": "lifecycle_policy",
}
# Mappings that people fill in; every other object is a block.
MAPPINGS = {"tags", "tags_all", "volume_tags"}


def plan(recording: Recording) -> dict[str, Any]:
    """Everything of a cloud that one run asked for, as a plan that creates it."""
    ours = [request for request in recording.requests.values() if of_a_cloud(request)]
    values = {address(request): _values(request) for request in ours}
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [_resource(request) | {"values": values[address(request)]} for request in ours]
            }
        },
        "resource_changes": [
            _resource(request)
            | {
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": values[address(request)],
                    "after_unknown": {},
                }
            }
            for request in ours
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    _resource(request) | {"expressions": _expressions(request, recording)} for request in ours
                ]
            }
        },
    }


def of_a_cloud(request: Request) -> bool:
    return request.raw.custom and request.type.partition(":")[0] in PROVIDERS


def address(request: Request) -> str:
    return f"{type_of(request.type)}.{_name(request)}"


def type_of(pulumi_type: str) -> str:
    """Terraform's name of a type."""
    if pulumi_type in TYPES:
        return TYPES[pulumi_type]
    cloud, service, name = pulumi_type.split(":")
    service = service.partition("/")[0]
    prefix = [] if (cloud, service) in WITHOUT_PREFIX else [service]
    return "_".join([cloud, *prefix, snake(name)])


def snake(name: str) -> str:
    """cidrIpv4 is cidr_ipv4, and httpPutResponseHopLimit is http_put_response_hop_limit."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _name(request: Request) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", request.name)


def _resource(request: Request) -> dict[str, Any]:
    return {
        "address": address(request),
        "mode": "managed",
        "type": type_of(request.type),
        "name": _name(request),
        "provider_name": PROVIDERS[request.type.partition(":")[0]],
        "schema_version": 0,
    }


def _values(request: Request) -> dict[str, Any]:
    return {_property(key): _value(_property(key), request.plain(key)) for key in request.inputs}


def _property(key: str) -> str:
    return PROPERTIES.get(key) or snake(key)


def _value(key: str, value: Any) -> Any:
    """A single object is a block that may be there once, which Terraform writes as a list of one."""
    if isinstance(value, Mapping):
        return dict(value) if key in MAPPINGS else [_block(value)]
    if isinstance(value, list):
        return [_block(item) if isinstance(item, Mapping) else item for item in value]
    return value


def _block(value: Mapping[str, Any]) -> dict[str, Any]:
    return {_property(key): _value(_property(key), item) for key, item in value.items()}


def _expressions(request: Request, recording: Recording) -> dict[str, Any]:
    """Which resources an input names. What it merely comes after is not among them."""
    found: dict[str, Any] = {}
    for key, of in request.raw.propertyDependencies.items():
        texts = list(_texts(request.plain(key)))
        named = [
            address(other)
            for urn in of.urns
            if (other := recording.requests.get(urn)) and of_a_cloud(other) and _names(texts, other)
        ]
        if named:
            found[_property(key)] = {
                "references": [word for one in sorted(named) for word in (f"{one}.id", one)]
            }
    return found


def _names(texts: list[str], other: Request) -> bool:
    return any(other.name in text for text in texts)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
