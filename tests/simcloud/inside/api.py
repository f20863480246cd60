"""The few calls of the EC2, STS and SSM APIs that simulated machines and the reaper make. No packages.

DescribeInstances (by ids, tags, state, VPC, address), DescribeSpotInstanceRequests (none), GetCallerIdentity,
and SSM's GetParameter, for which the caller's role must be allowed by name in the stack. RunInstances has no
capacity: what elastic pools do is tested against moto.
"""

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"


def answer(state: Mapping[str, Any], headers: Mapping[str, str], body: str, caller: str) -> tuple[int, str]:
    """HTTP status and body."""
    target = {key.lower(): value for key, value in headers.items()}.get("x-amz-target", "")
    if target == "AmazonSSM.GetParameter":
        return _parameter(state, json.loads(body), caller)
    if target:
        return 400, json.dumps({"__type": "UnsupportedOperation", "message": f"simcloud has no {target}"})
    asked = {key: values[0] for key, values in parse_qs(body).items()}
    match asked.get("Action"):
        case "DescribeInstances":
            return 200, _instances(list(state["instances"].values()), asked)
        case "DescribeSpotInstanceRequests":
            return 200, _xml("DescribeSpotInstanceRequests", "<spotInstanceRequestSet/>")
        case "GetCallerIdentity":
            return 200, _caller(state["account"])
        case "RunInstances":
            return _error(
                "InsufficientInstanceCapacity", "the simulated EC2 starts no machines of elastic pools"
            )
        case action:
            return _error("UnsupportedOperation", f"the simulated EC2 has no {action}")


def terminated(ids: Iterable[str]) -> str:
    """The answer to TerminateInstances."""
    state = "<code>48</code><name>terminated</name>"
    items = "".join(
        f"<item><instanceId>{one}</instanceId><currentState>{state}</currentState></item>" for one in ids
    )
    return _xml("TerminateInstances", f"<instancesSet>{items}</instancesSet>")


def _parameter(state: Mapping[str, Any], asked: Mapping[str, Any], caller: str) -> tuple[int, str]:
    instance = state["instances"].get(caller)
    parameter = state["parameters"].get(asked["Name"])
    if instance is None or asked["Name"] not in instance["mayRead"]:
        return 400, json.dumps(
            {
                "__type": "AccessDeniedException",
                "message": f"not authorized to perform ssm:GetParameter: {asked['Name']}",
            }
        )
    if parameter is None:
        return 400, json.dumps({"__type": "ParameterNotFound", "message": asked["Name"]})
    value = (
        parameter["value"]
        if asked.get("WithDecryption") or parameter["type"] != "SecureString"
        else "encrypted"
    )
    known = {
        "Name": asked["Name"],
        "Type": parameter["type"],
        "Value": value,
        "Version": 1,
        "DataType": "text",
    }
    return 200, json.dumps({"Parameter": known})


def _instances(instances: Iterable[Mapping[str, Any]], asked: Mapping[str, str]) -> str:
    filters = [
        (asked[key], [asked[other] for other in asked if other.startswith(f"{key[:-5]}.Value.")])
        for key in asked
        if key.startswith("Filter.") and key.endswith(".Name")
    ]
    ids = [value for key, value in asked.items() if key.startswith("InstanceId.")]
    found = [
        instance
        for instance in instances
        if (not ids or instance["id"] in ids) and all(_fits(instance, *one) for one in filters)
    ]
    items = "".join(
        f"<item><reservationId>r-0</reservationId><instancesSet>{_instance(one)}</instancesSet></item>"
        for one in found
    )
    return _xml("DescribeInstances", f"<reservationSet>{items}</reservationSet>")


def _fits(instance: Mapping[str, Any], name: str, values: list[str]) -> bool:
    known = {
        "instance-id": instance["id"],
        "instance-state-name": instance["state"],
        "instance-type": instance["type"],
        "vpc-id": instance["vpc"],
        "subnet-id": instance["subnet"],
        "private-ip-address": instance["privateIp"],
    }
    tags = instance["allTags"]
    if name.startswith("tag:"):
        fact = tags.get(name[4:])
    elif name == "tag-key":
        return any(key in tags for key in values)
    else:
        fact = known.get(name)
    return fact is not None and any(fnmatch.fnmatchcase(str(fact), value) for value in values)


_STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def _instance(one: Mapping[str, Any]) -> str:
    tags = "".join(
        f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>"
        for key, value in one["allTags"].items()
    )
    return f"""<item><instanceId>{one["id"]}</instanceId><imageId>{one["image"]}</imageId>
<instanceState><code>{_STATES[one["state"]]}</code><name>{one["state"]}</name></instanceState>
<privateIpAddress>{one["privateIp"]}</privateIpAddress><ipAddress>{one["publicIp"]}</ipAddress>
<privateDnsName>{one["hostname"]}</privateDnsName><instanceType>{one["type"]}</instanceType>
<launchTime>{one["launched"]}</launchTime>
<placement><availabilityZone>{one["zone"]}</availabilityZone></placement>
<subnetId>{one["subnet"]}</subnetId><vpcId>{one["vpc"]}</vpcId><tagSet>{tags}</tagSet></item>"""


def _caller(account: str) -> str:
    return (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/simulated</Arn>"
        f"<UserId>AIDASIMULATED</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def _xml(action: str, inside: str) -> str:
    return f'<{action}Response xmlns="{_EC2}"><requestId>simulated</requestId>{inside}</{action}Response>'


def _error(code: str, message: str) -> tuple[int, str]:
    return 400, (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
        "<RequestID>simulated</RequestID></Response>"
    )
