"""One program for all conformance tests: makes the resources that resources.json describes, in its order.

A value may be {"$ref": "name.attribute"} (an output of a resource above) or {"$secret": value}.
"""

import json
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local, remote

made: dict[str, Any] = {}


def value(raw: Any) -> Any:
    if isinstance(raw, list):
        return [value(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if "$ref" in raw:
        name, attribute = raw["$ref"].split(".")
        return getattr(made[name], attribute)
    if "$secret" in raw:
        return pulumi.Output.secret(value(raw["$secret"]))
    return {key: value(item) for key, item in raw.items()}


def connection(raw: dict[str, Any]) -> Any:
    fields = value(raw)
    if fields.pop("untyped", False):
        return fields
    if "proxy" in fields:
        fields["proxy"] = remote.ProxyConnectionArgs(**fields["proxy"])
    return remote.ConnectionArgs(**fields)


def options(raw: dict[str, Any]) -> pulumi.ResourceOptions:
    given = dict(raw)
    if "deleted_with" in given:
        given["deleted_with"] = made[given["deleted_with"]]
    for name in ("replace_with", "depends_on"):
        if name in given:
            given[name] = [made[other] for other in given[name]]
    if "custom_timeouts" in given:
        given["custom_timeouts"] = pulumi.CustomTimeouts(**given["custom_timeouts"])
    return pulumi.ResourceOptions(**given)


for entry in json.loads(Path("resources.json").read_text()):
    args = {name: item if name == "connection" else value(item) for name, item in entry["args"].items()}
    if "connection" in args:
        args["connection"] = connection(args["connection"])
    kind = remote.Command if entry["kind"] == "remote" else local.Command
    made[entry["name"]] = kind(entry["name"], **args, opts=options(entry["options"]))
