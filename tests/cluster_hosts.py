"""A cluster of whatever platform on real hosts, made by the steps that it asks for, without Pulumi."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

from components import keys, scripts
from components.call import Call
from components.cloud import STATE_PATH
from components.fleet import Fleet, Node
from tests.local.hosts import LOGIN, SEED, Stack

# What the components add to every step.
LOGINS = {"AUTHORIZED_KEYS": keys.public_line(LOGIN)}


class Given:
    """A value in place of an Output."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def apply(self, use: Any) -> "Given":
        return Given(use(self.value))


class GivenKeys:
    """The stack's keys, derived as ever from a seed of the tests."""

    def token(self, label: str, generation: int = 1) -> Given:
        return Given(keys.derive(SEED, label, generation).hex())

    def curve_pair(self, label: str, generation: int = 1) -> Given:
        return Given(keys.curve_pair(keys.derive(SEED, label, generation)))


@dataclass
class Run:
    """A run of a verb: `said` is its stderr."""

    code: int
    out: str
    said: str


def well(run: Run) -> Run:
    assert run.code == 0, run.said
    return run


@dataclass
class ClusterHosts:
    """`addresses` by node. What a step printed last is kept in `steps`, as Pulumi keeps it."""

    PLATFORM: ClassVar[ModuleType]

    stack: Stack
    fleet: Fleet
    addresses: dict[str, str] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def script(self) -> str:
        """Where the step's script lies on a host."""
        return f"{scripts.INSTALLED}/{self.PLATFORM.SCRIPTS[-1]}.sh"

    @property
    def keys(self) -> Any:
        return GivenKeys()

    def boot(self, name: str) -> None:
        node = self.node(name)
        size = ("--cpus", f"{node.size.cpus:g}", "--memory-gib", f"{node.size.memory_gib:g}")
        kept = ("--state-path", STATE_PATH) if name == "master" and self.fleet.keeps_state else ()
        self.addresses[name] = self.stack.machine(name, node.role, *size, *kept)["privateIp"]

    def firewall(self) -> None:
        for role in ("master", "worker"):
            rules = [rule for rule in self.fleet.rules if rule.to_role == role]
            self.stack.firewall(role, *((rule.source, rule.first, rule.last) for rule in rules))

    def node(self, name: str) -> Node:
        return next(node for node in (self.fleet.master, *self.fleet.workers) if node and node.name == name)

    def machine(self, name: str) -> Any:
        public = Given("127.0.0.1")
        return SimpleNamespace(
            id=name, private_ip=self.addresses[name], public_ip=public, node=self.node(name)
        )

    def call(self, name: str) -> Call:
        machine, master = self.machine(name), self.machine("master")
        if name == "master":
            return self.PLATFORM.master(self.fleet, self.keys, machine, {})
        return self.PLATFORM.agent(self.fleet, self.node(name), self.keys, machine, master)

    def member(self, name: str) -> Call:
        return self.PLATFORM.member(self.fleet, self.node(name), self.keys, self.machine(name))

    def put_script(self, name: str, names: tuple[str, ...] | None = None) -> None:
        self.inside(name, "mkdir", "-p", scripts.INSTALLED)
        data = scripts.script_of(names or self.PLATFORM.SCRIPTS)
        self.inside(name, "cp", "/dev/stdin", self.script, data=data)

    def step(self, name: str, seconds: int = 900, **changed: Any) -> Run:
        """The node's step; `changed` are settings that differ from what the platform says."""
        self.put_script(name)
        run = self.run(name, self.call(name), seconds, changed)
        self.steps[name] = run.out
        return run

    def join(self, name: str, seconds: int = 300, **changed: Any) -> Run:
        return self.run("master", self.member(name), seconds, {"STEP": self.steps[name], **changed})

    def leave(self, name: str, **changed: Any) -> Run:
        call = self.member(name)
        return self.run("master", replace(call, verb=call.undo or ""), call.timeout, changed)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the controller says, by the names of nodes."""
        said = json.loads(self.inside("master", "bash", self.script, "nodes"))
        by_address = {node["ip"]: node for node in said}
        return {name: by_address[ip] for name, ip in self.addresses.items() if ip in by_address}

    def status(self, name: str) -> dict[str, Any]:
        return json.loads(self.inside(name, "bash", self.script, "status"))

    def run(self, host: str, call: Call, seconds: int, changed: Mapping[str, Any]) -> Run:
        """A verb of the script that is on the host."""
        command = ["timeout", "--kill-after=30", str(seconds), "bash", self.script, call.verb]
        return self.execute(host, command, values(call, changed))

    def execute(self, host: str, command: list[str], data: str) -> Run:
        done = subprocess.run(
            ["podman", "exec", "--interactive", self.stack.container(host), *command],
            input=data,
            capture_output=True,
            text=True,
            timeout=1000,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def inside(self, node: str, *command: str, data: str = "") -> str:
        return self.stack.inside(node, *command, data=data)


def values(call: Call, changed: Mapping[str, Any]) -> str:
    """What a verb reads on its standard input."""
    all_of: Any = {**call.settings, **call.secrets, **LOGINS}
    now = {name: value.value if isinstance(value, Given) else value for name, value in all_of.items()}
    return scripts.assignments({**now, **changed})
