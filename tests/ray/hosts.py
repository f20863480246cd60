"""A Ray cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from components import commands, keys
from components.call import Call
from components.config.validation import validate
from components.fleet import Fleet, Node, fleet_of
from components.platforms import ray
from tests.local.hosts import LOGIN, Stack

SCRIPT = f"{commands.INSTALLED}/ray.sh"
CLIENT = SimpleNamespace(public="ssh-ed25519 AAAA client", private="CLIENT")
TOKEN, SECOND_TOKEN = (f"canary-of-the-{which}-generation-0123456789" for which in ("first", "second"))

# What the components add to every step.
LOGINS = {"AUTHORIZED_KEYS": keys.public_line(LOGIN)}

CONFIG: dict[str, Any] = {
    "team": "tests",
    "cloud": "local",
    "storage": {"mountPath": "/shared"},
    "cluster": {
        "platform": "ray",
        "settings": {"pipPackages": ["eo-grow==1.7.15"]},
        "master": {"cpus": 2, "memoryGiB": 3, "shmGiB": 0.5},
        "pools": [{"name": "workers", "count": 3, "cpus": 2, "memoryGiB": 3, "shmGiB": 0.5}],
    },
}


def fleet() -> Fleet:
    return fleet_of(validate(CONFIG, set(), "tests"), "tests", ray.PORTS, {})


class GivenKeys:
    """Stands in for the stack's keys, with values instead of Outputs."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, _label: str, _generation: int = 1) -> str:
        return self._token

    def key_pair(self, _label: str, _generation: int = 1) -> SimpleNamespace:
        return SimpleNamespace(apply=lambda use: use(CLIENT))


@dataclass
class Run:
    """A run of a verb: `said` is its stderr."""

    code: int
    out: str
    said: str


@dataclass
class RayHosts:
    """`addresses` by node. What a step printed last is kept in `steps`, as Pulumi keeps it."""

    stack: Stack
    token: str = TOKEN
    addresses: dict[str, str] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    fleet: Fleet = field(default_factory=fleet)

    def boot(self, node: str) -> None:
        role = "master" if node == "master" else "worker"
        size = ("--cpus", "2", "--memory-gib", "3", "--shm-gib", "0.5")
        self.addresses[node] = self.stack.machine(node, role, *size)["privateIp"]

    def firewall(self) -> None:
        for role in ("master", "worker"):
            rules = [rule for rule in self.fleet.rules if rule.to_role == role]
            self.stack.firewall(role, *((rule.source, rule.first, rule.last) for rule in rules))

    def node(self, name: str) -> Node:
        return next(node for node in (self.fleet.master, *self.fleet.workers) if node.name == name)

    def _machine(self, name: str) -> Any:
        return SimpleNamespace(private_ip=self.addresses[name], node=self.node(name))

    def call(self, name: str) -> Call:
        given: Any = GivenKeys(self.token)
        machine, master = self._machine(name), self._machine("master")
        if name == "master":
            return ray.master(self.fleet, given, machine, {})
        return ray.agent(self.fleet, self.node(name), given, machine, master)

    def step(self, name: str, seconds: int = 400, **changed: Any) -> Run:
        """The node's step; `changed` are settings that differ from what the platform says."""
        self.inside(name, "mkdir", "-p", commands.INSTALLED)
        self.inside(name, "cp", "/dev/stdin", SCRIPT, data=commands.script_of(ray.SCRIPTS))
        run = self.run(name, self.call(name), seconds, changed)
        self.steps[name] = run.out
        return run

    def join(self, name: str, seconds: int = 300, **changed: Any) -> Run:
        call = ray.member(self.fleet, self.node(name), GivenKeys(self.token), self._machine(name))
        return self.run("master", call, seconds, {"STEP": self.steps[name], **changed})

    def leave(self, name: str) -> Run:
        call = ray.member(self.fleet, self.node(name), GivenKeys(self.token), self._machine(name))
        return self.run("master", replace(call, verb=call.undo or ""), call.timeout, {"DRAIN_SECONDS": 20})

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the controller says, by the names of nodes."""
        said = json.loads(self.inside("master", "bash", SCRIPT, "nodes"))
        by_address = {node["ip"]: node for node in said}
        return {name: by_address[ip] for name, ip in self.addresses.items() if ip in by_address}

    def run(self, host: str, call: Call, seconds: int, changed: Mapping[str, Any]) -> Run:
        """A verb of the script that is on the host."""
        command = ["timeout", "--kill-after=30", str(seconds), "bash", SCRIPT, call.verb]
        return self._exec(host, command, _values(call, changed))

    def script(self, host: str, text: str) -> Run:
        """Other shell, with nothing but what every step is told."""
        self.inside(host, "cp", "/dev/stdin", "/root/other.sh", data=text)
        return self._exec(host, ["bash", "/root/other.sh"], commands.assignments(LOGINS))

    def _exec(self, host: str, command: list[str], data: str) -> Run:
        done = subprocess.run(
            ["podman", "exec", "--interactive", self.stack.container(host), *command],
            input=data,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started_step(self, name: str) -> Iterator[subprocess.Popen[str]]:
        """The node's step, still running; its progress comes on stderr."""
        self.inside(name, "mkdir", "-p", commands.INSTALLED)
        self.inside(name, "cp", "/dev/stdin", SCRIPT, data=commands.script_of(ray.SCRIPTS))
        call = self.call(name)
        command = ["podman", "exec", "--interactive", self.stack.container(name), "bash", SCRIPT, call.verb]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdin
            process.stdin.write(_values(call, {}))
            process.stdin.close()
            yield process

    def kill_step(self, name: str) -> None:
        """Without warning: the script and all that it started itself."""
        kill = (
            f"for step in $(pgrep -f '^bash {SCRIPT}'); do kill -9 -- -$(ps -opgid= $step | tr -d ' '); done"
        )
        self.inside(name, "bash", "-c", f"{kill}; :")

    def inside(self, node: str, *command: str, data: str = "") -> str:
        return self.stack.inside(node, *command, data=data)

    def pid(self, node: str) -> str:
        return self.inside(node, "systemctl", "show", "-PMainPID", "ray").strip()


def _values(call: Call, changed: Mapping[str, Any]) -> str:
    values: Any = {**call.settings, **call.secrets, **LOGINS, **changed}
    return commands.assignments(values)


def well(run: Run) -> Run:
    assert run.code == 0, run.said
    return run
