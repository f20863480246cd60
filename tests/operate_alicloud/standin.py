"""A small Alibaba Cloud over HTTP: the calls that `fleet` makes, signed as Alibaba wants them, and errors.

It knows only what is listed here: an operation, parameter or page that is none of its own fails the test.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

KEY, SECRET, TOKEN = "LTAIstandin", "worthless", "short-lived"
ACCOUNT = "1234567890123456"

# Operation: the keys of its list, and the key of an id. ECS pages by token, the others by number.
LISTS = {
    "DescribeInstances": ("Instances", "Instance", "InstanceId"),
    "DescribeDisks": ("Disks", "Disk", "DiskId"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceSets", "NetworkInterfaceSet", "NetworkInterfaceId"),
    "DescribeSecurityGroups": ("SecurityGroups", "SecurityGroup", "SecurityGroupId"),
    "DescribeVpcs": ("Vpcs", "Vpc", "VpcId"),
    "DescribeVSwitches": ("VSwitches", "VSwitch", "VSwitchId"),
    "DescribeEipAddresses": ("EipAddresses", "EipAddress", "AllocationId"),
    "DescribeNatGateways": ("NatGateways", "NatGateway", "NatGatewayId"),
    "DescribeFileSystems": ("FileSystems", "FileSystem", "FileSystemId"),
    "DescribeAccessGroups": ("AccessGroups", "AccessGroup", "AccessGroupName"),
}
# How ARNs name what the operations list.
ARNS = {
    "DescribeInstances": "ecs:cn-hangzhou:{}:instance",
    "DescribeDisks": "ecs:cn-hangzhou:{}:disk",
    "DescribeNetworkInterfaces": "ecs:cn-hangzhou:{}:eni",
    "DescribeSecurityGroups": "ecs:cn-hangzhou:{}:securitygroup",
    "DescribeVpcs": "vpc:cn-hangzhou:{}:vpc",
    "DescribeVSwitches": "vpc:cn-hangzhou:{}:vswitch",
    "DescribeEipAddresses": "vpc:cn-hangzhou:{}:eip",
    "DescribeNatGateways": "vpc:cn-hangzhou:{}:natgateway",
    "DescribeFileSystems": "nas:cn-hangzhou:{}:filesystem",
}
SERVICES = {
    "2014-05-26": "ecs",
    "2016-04-28": "vpc",
    "2017-06-26": "nas",
    "2015-04-01": "sts",
    "2018-08-28": "tag",
}

Given = dict[str, str]
Refusal = tuple[int, str, str]


@dataclass
class Thing:
    operation: str
    id: str
    tags: dict[str, str]
    fields: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def arn(self) -> str:
        return f"arn:acs:{ARNS[self.operation].format(ACCOUNT)}/{self.id}"


class Cloud:
    """What a test puts there, and what was asked. `refuse` may answer a call before it is looked at."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.other_arns: list[tuple[str, dict[str, str]]] = []
        self.asked: list[tuple[str, Given]] = []
        self.page = 100
        self.refuse: Callable[[str], Refusal | None] = lambda _: None
        self.sold_out: set[str] = set()
        self.page_of_a_proxy = ""
        self._numbers = iter(range(1, 10_000))

    def makes(self, operation: str, tags: dict[str, str], **fields: Any) -> str:
        listed = LISTS[operation][2].removesuffix("Id").lower()
        thing = Thing(operation, f"{listed}-{next(self._numbers):03}", tags, fields)
        self.things.append(thing)
        return thing.id

    def runs(self, tags: dict[str, str], **fields: Any) -> str:
        usual = {
            "Status": "Running",
            "InstanceType": "ecs.gn6i-c4g1.xlarge",
            "StartTime": "2026-01-01T08:00Z",
            "VpcAttributes": {"PrivateIpAddress": {"IpAddress": ["10.90.0.5"]}},
        }
        return self.makes("DescribeInstances", tags, **{**usual, **fields})

    def answer(self, service: str, operation: str, given: Given) -> dict[str, Any]:
        self.asked.append((f"{service}:{operation}", given))
        if operation == "GetCallerIdentity":
            return {"AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:user/alice", "IdentityType": "RAMUser"}
        if operation == "StartInstances":
            return {
                "InstanceResponses": {"InstanceResponse": [self._starts(one) for one in _numbered(given)]}
            }
        if operation == "ListTagResources":
            return self._tagged(given)
        outer, inner, key = LISTS[operation]
        wanted = {
            given[f"Tag.{n}.Key"]: given[f"Tag.{n}.Value"] for n in range(1, 21) if f"Tag.{n}.Key" in given
        }
        found = [
            {key: one.id, **one.fields, "Tags": {"Tag": _pairs(service, one)}}
            for one in self.things
            if one.operation == operation and wanted.items() <= one.tags.items()
        ]
        return self._paged(service, given, found, lambda some: {outer: {inner: some}})

    def _paged(
        self, service: str, given: Given, found: list[Any], below: Callable[[list[Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        by_token = service in ("ecs", "tag")
        first = int(given.get("NextToken", 0)) if by_token else (int(given["PageNumber"]) - 1) * self.page
        rest = found[first : first + self.page]
        if not by_token:
            return {**below(rest), "TotalCount": len(found), "PageNumber": int(given["PageNumber"])}
        more = first + self.page < len(found)
        return {**below(rest), "NextToken": str(first + self.page) if more else ""}

    def _starts(self, instance: str) -> dict[str, str]:
        if instance in self.sold_out:
            return {"InstanceId": instance, "Code": "OperationDenied.NoStock", "Message": "sold out"}
        thing = next(one for one in self.things if one.id == instance)
        thing.fields["Status"] = "Starting"
        return {"InstanceId": instance, "Code": "200", "Message": "success"}

    def _tagged(self, given: Given) -> dict[str, Any]:
        wanted = json.loads(given["Tags"])
        tagged = [(one.arn, one.tags) for one in self.things if one.operation in ARNS]
        every = [*tagged, *self.other_arns]
        found = [{"ResourceARN": arn} for arn, tags in every if wanted.items() <= tags.items()]
        return self._paged("tag", given, found, lambda some: {"TagResources": some})


def _numbered(given: Given) -> list[str]:
    return [given[f"InstanceId.{n}"] for n in range(1, 101) if f"InstanceId.{n}" in given]


def _pairs(service: str, thing: Thing) -> list[dict[str, str]]:
    key, value = ("TagKey", "TagValue") if service == "ecs" else ("Key", "Value")
    return [{key: name, value: said} for name, said in thing.tags.items()]


class StandIn:
    """The cloud behind a port of this computer."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        handler = type("Handler", (_Handler,), {"cloud": cloud})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    cloud: Cloud

    def do_POST(self) -> None:
        operation = self.headers["x-acs-action"]
        service = SERVICES[self.headers["x-acs-version"]]
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.cloud.page_of_a_proxy:
            self._write(502, "text/html", self.cloud.page_of_a_proxy.encode())
            return
        refusal = self.cloud.refuse(operation) or self._signature()
        if refusal:
            status, code, message = refusal
            self._send(status, {"Code": code, "Message": message, "RequestId": "r-1"})
        else:
            self._send(200, {"RequestId": "r-1", **self.cloud.answer(service, operation, given)})

    def _signature(self) -> Refusal | None:
        method, _, words = self.headers["Authorization"].partition(" ")
        said = dict(part.split("=", 1) for part in words.split(","))
        if said["Credential"] != KEY:
            return 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."
        if self.headers.get("x-acs-security-token", TOKEN) != TOKEN:
            return 400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."
        names = said["SignedHeaders"].split(";")
        url = urlsplit(self.path)
        query = "&".join(
            f"{quote(key, safe='~')}={quote(value, safe='~')}"
            for key, value in sorted(parse_qsl(url.query, keep_blank_values=True))
        )
        headers = "".join(f"{name}:{(self.headers[name] or '').strip()}\n" for name in names)
        canonical = "\n".join(
            ["POST", url.path, query, headers, said["SignedHeaders"], self.headers["x-acs-content-sha256"]]
        )
        signed = f"{method}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        if hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest() != said["Signature"]:
            return 400, "SignatureDoesNotMatch", "Specified signature does not match."
        return None

    def _send(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, "application/json", json.dumps(body).encode())

    def _write(self, status: int, kind: str, payload: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        pass
