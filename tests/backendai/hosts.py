"""A Backend.AI cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from components import commands, keys
from components.call import Call
from components.cloud import STATE_PATH
from components.config.validation import validate
from components.fleet import Fleet, Node, fleet_of
from components.platforms import backendai
from tests.local.hosts import LOGIN, SEED, Stack
from tests.ray.hosts import Run, well

__all__ = ["BackendaiHosts", "Run", "fleet", "well"]

SCRIPT = f"{commands.INSTALLED}/backendai.sh"
LOGINS = {"AUTHORIZED_KEYS": keys.public_line(LOGIN)}
STACK = "tests"
CLIENT = "/opt/backendai/bin/backend.ai"

CONFIG: dict[str, Any] = {
    "team": "tests",
    "cloud": "local",
    "storage": {"mountPath": "/shared"},
    "cluster": {
        "platform": "backendai",
        "settings": {"dummyPools": ["pretended"], "drainMinutes": 1, "reservedMemoryGiB": 0.5},
        "master": {"cpus": 2, "memoryGiB": 3},
        "pools": [
            {"name": "docker", "count": 1, "cpus": 1, "memoryGiB": 2},
            {"name": "pretended", "count": 1, "cpus": 1, "memoryGiB": 1.5},
        ],
    },
}


def fleet(**settings: Any) -> Fleet:
    config = json.loads(json.dumps(CONFIG))
    config["cluster"]["settings"].update(settings)
    return fleet_of(validate(config, set(), STACK), STACK, backendai.PORTS, {})


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
class BackendaiHosts:
    """`addresses` by node. What a step printed last is kept in `steps`, as Pulumi keeps it."""

    stack: Stack
    fleet: Fleet = field(default_factory=fleet)
    addresses: dict[str, str] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)

    def boot(self, name: str) -> None:
        node = self.node(name)
        size = ("--cpus", f"{node.size.cpus:g}", "--memory-gib", f"{node.size.memory_gib:g}")
        kept = ("--state-path", STATE_PATH) if name == "master" else ()
        self.addresses[name] = self.stack.machine(name, node.role, *size, *kept)["privateIp"]

    def firewall(self) -> None:
        for role in ("master", "worker"):
            rules = [rule for rule in self.fleet.rules if rule.to_role == role]
            self.stack.firewall(role, *((rule.source, rule.first, rule.last) for rule in rules))

    def node(self, name: str) -> Node:
        return next(node for node in (self.fleet.master, *self.fleet.workers) if node and node.name == name)

    def _machine(self, name: str) -> Any:
        return SimpleNamespace(private_ip=self.addresses[name], node=self.node(name))

    def call(self, name: str) -> Call:
        given: Any = GivenKeys()
        machine, master = self._machine(name), self._machine("master")
        if name == "master":
            return backendai.master(self.fleet, given, machine, {})
        return backendai.agent(self.fleet, self.node(name), given, machine, master)

    def member(self, name: str) -> Call:
        given: Any = GivenKeys()
        return backendai.member(self.fleet, self.node(name), given, self._machine(name))

    def step(self, name: str, seconds: int = 900, **changed: Any) -> Run:
        """The node's step; `changed` are settings that differ from what the platform says."""
        self.inside(name, "mkdir", "-p", commands.INSTALLED)
        self.inside(name, "cp", "/dev/stdin", SCRIPT, data=commands.script_of(backendai.SCRIPTS))
        run = self.run(name, self.call(name), seconds, changed)
        self.steps[name] = run.out
        return run

    def join(self, name: str, seconds: int = 300, **changed: Any) -> Run:
        return self.run("master", self.member(name), seconds, {"STEP": self.steps[name], **changed})

    def leave(self, name: str, **changed: Any) -> Run:
        call = self.member(name)
        return self.run("master", replace(call, verb=call.undo or ""), call.timeout, changed)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the manager says, by the names of nodes."""
        said = json.loads(self.inside("master", "bash", SCRIPT, "nodes"))
        return {known["name"].removeprefix(f"{STACK}-"): known for known in said}

    def status(self, name: str) -> dict[str, Any]:
        return json.loads(self.inside(name, "bash", SCRIPT, "status"))

    def sql(self, query: str) -> str:
        command = ("runuser", "-u", "postgres", "--", "psql", "-qtAX", "-d", "backend", "-c", query)
        return self.inside("master", *command).strip()

    def client(self, *words: str, check: bool = True, **environment: str) -> Run:
        """The platform's own client on the master, as the administrator."""
        told = {
            "BACKEND_ENDPOINT": "http://127.0.0.1:8081",
            "BACKEND_ENDPOINT_TYPE": "api",
            **self.administrator(),
            **environment,
        }
        given = [word for name, value in told.items() for word in ("--env", f"{name}={value}")]
        command = ["podman", "exec", *given, self.stack.container("master"), CLIENT, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return Run(done.returncode, done.stdout, done.stderr)

    def administrator(self) -> dict[str, str]:
        said = json.loads(self.inside("master", "cat", "/etc/backendai/admin.json"))
        return {"BACKEND_ACCESS_KEY": said["accessKey"], "BACKEND_SECRET_KEY": said["secretKey"]}

    def run(self, host: str, call: Call, seconds: int, changed: Mapping[str, Any]) -> Run:
        """A verb of the script that is on the host."""
        command = ["timeout", "--kill-after=30", str(seconds), "bash", SCRIPT, call.verb]
        done = subprocess.run(
            ["podman", "exec", "--interactive", self.stack.container(host), *command],
            input=_values(call, changed),
            capture_output=True,
            text=True,
            timeout=1000,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def inside(self, node: str, *command: str, data: str = "") -> str:
        return self.stack.inside(node, *command, data=data)

    def pid(self, node: str, unit: str = "backendai-agent") -> str:
        return self.inside(node, "systemctl", "show", "-PMainPID", unit).strip()


def _values(call: Call, changed: Mapping[str, Any]) -> str:
    values: Any = {**call.settings, **call.secrets, **LOGINS}
    now = {name: value.value if isinstance(value, Given) else value for name, value in values.items()}
    return commands.assignments({**now, **changed})
