"""Runs the whole program without an engine and keeps every resource request as the SDK sent it.

Plain mocks show inputs only; the raw requests also show order, options and secrets.
"""

import gc
import json
import runpy
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from tests.graph import alicloud_cloud, aws_cloud
from tests.graph.alicloud_cloud import AlicloudCloud
from tests.graph.aws_cloud import AwsCloud, NoAnswerError

PROJECT_FOLDER = Path(__file__).parents[2]
PROJECT = "agent-fleet"
STACK = "dev"
SEED = "5eed" * 16


@dataclass(frozen=True)
class Request:
    """One resource as the program asked for it."""

    raw: resource_pb2.RegisterResourceRequest
    urn: str

    @property
    def name(self) -> str:
        return self.raw.name

    @property
    def type(self) -> str:
        return self.raw.type

    @cached_property
    def inputs(self) -> dict[str, Any]:
        return rpc.deserialize_properties(self.raw.object, keep_unknowns=True)

    def is_secret(self, name: str) -> bool:
        return rpc.is_rpc_secret(self.inputs[name])

    def plain(self, name: str) -> Any:
        return rpc.unwrap_rpc_secret(self.inputs[name])

    @property
    def after(self) -> set[str]:
        """URNs that must exist first, whether said by a value or by an option."""
        return set(self.raw.dependencies)


@dataclass
class Recording:
    requests: dict[str, Request] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Request:
        (found,) = (
            request for request in self.requests.values() if request.name == name and request.raw.custom
        )
        return found

    def commands(self, suffix: str) -> list[Request]:
        return [request for request in self.requests.values() if request.name.endswith(suffix)]

    def ancestors(self, request: Request) -> set[str]:
        """URNs of everything that must exist before this one, however far back."""
        seen: set[str] = set()
        left = set(request.after)
        while left:
            urn = left.pop()
            if urn not in seen:
                seen.add(urn)
                left |= self.requests[urn].after if urn in self.requests else set()
        return seen

    def names(self, urns: set[str]) -> set[str]:
        return {self.requests[urn].name for urn in urns if urn in self.requests}


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks, recording: Recording) -> None:
        super().__init__(answers)
        self._recording = recording

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802 - gRPC's name
        if request.type != "pulumi:pulumi:Stack":
            urn = self.make_urn(request.parent, request.type, request.name)
            copy = resource_pb2.RegisterResourceRequest()
            copy.CopyFrom(request)
            self._recording.requests[urn] = Request(copy, urn)
        return super().RegisterResource(request)


class Answers(mocks.Mocks):
    """What a first `up` would give back; a machine's address follows from its name."""

    def __init__(self, cloud: AwsCloud | AlicloudCloud | None = None) -> None:
        self.cloud = cloud or AwsCloud()

    def call(self, args: mocks.MockCallArgs) -> Any:
        try:
            return self.cloud.answer(args.token, args.args)
        except NoAnswerError as error:
            return {}, [("", str(error))]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self._state(args)}

    def _state(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        if args.typ.startswith("aws:"):
            return aws_cloud.made(args.typ, args.name)
        if args.typ.startswith("alicloud:"):
            return alicloud_cloud.made(args.typ, args.name)
        if args.name == "seed":
            return {"stdout": SEED}
        if args.name.endswith("-enrolment"):
            return {
                "stdout": json.dumps({"id": 11, "name": "Agent 11", "token": "agent-token-of-the-server"})
            }
        if args.name.endswith("-membership") and args.typ == "command:local:Command":
            return {"stdout": json.dumps({"seen": "the server lists agent 11"})}
        if args.typ == "command:local:Command":
            number = zlib.crc32(args.name.encode()) % 4000
            address = f"10.89.{number // 250}.{number % 250 + 2}"
            facts = {
                "id": f"{args.name}-made",
                "cidr": "10.89.0.0/20",
                "gateway": "10.89.0.1",
                "sshHost": address,
                "sshPort": 2201,
                "privateIp": address,
                "publicIp": "127.0.0.1",
            }
            return {"stdout": json.dumps(facts)}
        return {"stdout": f"digest of {args.name}"}


def _root() -> Any:
    """The SDK's resource of the stack, whose class it does not show."""
    return pulumi.runtime.settings.get_root_resource()


def record(
    config: Mapping[str, Any],
    secrets: Mapping[str, str] | None = None,
    cloud: AwsCloud | AlicloudCloud | None = None,
) -> Recording:
    """The requests and outputs of one run of `__main__.py` with this configuration."""
    recording = Recording()

    async def resolve_outputs() -> None:
        for name, value in _root().outputs.items():
            output = pulumi.Output.from_input(value)
            recording.outputs[name] = await output.future(with_unknowns=True)
            if await output.is_secret():
                recording.secret_outputs.add(name)

    answers = Answers(cloud or (AlicloudCloud() if config["cloud"] == "alicloud" else AwsCloud()))
    run(config, secrets or {}, answers, _Monitor(answers, recording), resolve_outputs)
    return recording


def run(
    config: Mapping[str, Any],
    secrets: Mapping[str, str],
    answers: mocks.Mocks,
    monitor: mocks.MockMonitor,
    afterwards: Callable[[], Any],
) -> None:
    """One run of `__main__.py` under this monitor."""
    given = {
        f"{PROJECT}:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }
    hidden = {f"{PROJECT}:{name}": value for name, value in secrets.items()}
    pulumi.runtime.set_all_config({**given, **hidden}, list(hidden))
    mocks.set_mocks(answers, project=PROJECT, stack=STACK, monitor=monitor)

    @pulumi.runtime.test
    def program() -> Any:
        # the SDK keeps those of the run before
        _root().outputs.clear()
        runpy.run_path(str(PROJECT_FOLDER / "__main__.py"))
        return afterwards()

    program()
    gc.enable()
