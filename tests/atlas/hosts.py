"""An Atlas cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

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
from components.platforms import atlas
from tests.backendai.hosts import Given, GivenKeys
from tests.local.hosts import LOGIN, Stack
from tests.ray.hosts import Run, well

__all__ = ["AtlasHosts", "Given", "GivenKeys", "Run", "fleet", "well"]

SCRIPT = f"{commands.INSTALLED}/atlas.sh"
LOGINS = {"AUTHORIZED_KEYS": keys.public_line(LOGIN)}
STACK = "tests"
USERS = [{"name": "ann", "email": "ann@example.org"}, {"name": "bob", "email": "bob@example.org"}]
_FILE = {"url": "http://files.example.org/file", "sha256": "0" * 64}
NOWHERE: dict[str, Any] = {
    "installer": _FILE,
    "archive": _FILE,
    "python": _FILE,
    "registry": "registry.example.org/atlas",
}


def fleet(settings: Mapping[str, Any] = NOWHERE, **changed: Any) -> Fleet:
    registry = str(settings["registry"]).partition("/")[0]
    config: dict[str, Any] = {
        "team": "tests",
        "cloud": "local",
        "packages": {"insecureRegistries": [registry]},
        "storage": {"mountPath": "/shared"},
        "cluster": {
            "platform": "atlas",
            "settings": {"users": USERS, "drainMinutes": 1, "poolSlots": {"wide": 2}, **settings, **changed},
            "master": {"cpus": 2, "memoryGiB": 3},
            "pools": [
                {"name": "plain", "count": 1, "cpus": 1, "memoryGiB": 1.5},
                {"name": "wide", "count": 1, "cpus": 1, "memoryGiB": 1.5},
            ],
        },
    }
    return fleet_of(validate(config, set(), STACK), STACK, atlas.PORTS, {})


@dataclass
class AtlasHosts:
    """`addresses` by node. What a step printed last is kept in `steps`, as Pulumi keeps it."""

    stack: Stack
    fleet: Fleet
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

    def machine(self, name: str) -> Any:
        public = Given("127.0.0.1")
        return SimpleNamespace(private_ip=self.addresses[name], public_ip=public, node=self.node(name))

    def call(self, name: str) -> Call:
        given: Any = GivenKeys()
        machine, master = self.machine(name), self.machine("master")
        if name == "master":
            return atlas.master(self.fleet, given, machine, {})
        return atlas.agent(self.fleet, self.node(name), given, machine, master)

    def member(self, name: str) -> Call:
        given: Any = GivenKeys()
        return atlas.member(self.fleet, self.node(name), given, self.machine(name))

    def step(self, name: str, seconds: int = 900, **changed: Any) -> Run:
        """The node's step; `changed` are settings that differ from what the platform says."""
        self.inside(name, "mkdir", "-p", commands.INSTALLED)
        self.inside(name, "cp", "/dev/stdin", SCRIPT, data=commands.script_of(atlas.SCRIPTS))
        run = self.run(name, self.call(name), seconds, changed)
        self.steps[name] = run.out
        return run

    def join(self, name: str, seconds: int = 300, **changed: Any) -> Run:
        return self.run("master", self.member(name), seconds, {"STEP": self.steps[name], **changed})

    def leave(self, name: str, **changed: Any) -> Run:
        call = self.member(name)
        return self.run("master", replace(call, verb=call.undo or ""), call.timeout, changed)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the tracker knows, by the names of nodes."""
        said = json.loads(self.inside("master", "bash", SCRIPT, "nodes"))
        by_address = {node["ip"]: node for node in said}
        return {name: by_address[ip] for name, ip in self.addresses.items() if ip in by_address}

    def status(self, name: str) -> dict[str, Any]:
        return json.loads(self.inside(name, "bash", SCRIPT, "status"))

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

    def shell(self, node: str, line: str) -> str:
        return self.inside(node, "bash", "-c", line).strip()

    def containers(self, node: str) -> dict[str, str]:
        """Ids by name: another id means that it was made anew."""
        said = self.shell(node, "docker ps --format '{{.Names}} {{.ID}}'")
        return dict(line.split() for line in said.splitlines())

    def submit(self, job: str, seconds: float = 0) -> None:
        """Straight to the master's scheduler."""
        told = json.dumps({"job_id": job, "spec": {"seconds": seconds}})
        url = "http://127.0.0.1:5000/queued_jobs"
        self.inside("master", "curl", "-fsS", "-d", "@-", url, data=told)

    def jobs(self, kind: str) -> list[str]:
        return json.loads(self.shell("master", f"curl -fsS http://127.0.0.1:5000/{kind}_jobs"))


def _values(call: Call, changed: Mapping[str, Any]) -> str:
    values: Any = {**call.settings, **call.secrets, **LOGINS}
    now = {name: value.value if isinstance(value, Given) else value for name, value in values.items()}
    return commands.assignments({**now, **changed})
