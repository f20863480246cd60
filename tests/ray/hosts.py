"""A Ray cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

from components import scripts
from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import ray
from tests.cluster_hosts import LOGINS, ClusterHosts, Run, values

CLIENT = SimpleNamespace(public="ssh-ed25519 AAAA client", private="CLIENT")
TOKEN, SECOND_TOKEN = (f"canary-of-the-{which}-generation-0123456789" for which in ("first", "second"))

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
class RayHosts(ClusterHosts):
    """A head and three workers."""

    PLATFORM: ClassVar[ModuleType] = ray

    fleet: Fleet = field(default_factory=fleet)
    token: str = TOKEN

    @property
    def keys(self) -> Any:
        return GivenKeys(self.token)

    def boot(self, name: str) -> None:
        role = "master" if name == "master" else "worker"
        size = ("--cpus", "2", "--memory-gib", "3", "--shm-gib", "0.5")
        self.addresses[name] = self.stack.machine(name, role, *size)["privateIp"]

    def leave(self, name: str, **changed: Any) -> Run:
        return super().leave(name, DRAIN_SECONDS=20, **changed)

    def other(self, host: str, text: str) -> Run:
        """Other shell, with nothing but what every step is told."""
        self.inside(host, "cp", "/dev/stdin", "/root/other.sh", data=text)
        return self.execute(host, ["bash", "/root/other.sh"], scripts.assignments(LOGINS))

    @contextmanager
    def started_step(self, name: str) -> Iterator[subprocess.Popen[str]]:
        """The node's step, still running; its progress comes on stderr."""
        self.put_script(name)
        call = self.call(name)
        there = self.stack.container(name)
        command = ["podman", "exec", "--interactive", there, "bash", self.script, call.verb]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdin
            process.stdin.write(values(call, {}))
            process.stdin.close()
            yield process

    def kill_step(self, name: str) -> None:
        """Without warning: the script and all that it started itself."""
        steps = f"$(pgrep -f '^bash {self.script}')"
        kill = f"for step in {steps}; do kill -9 -- -$(ps -opgid= $step | tr -d ' '); done; :"
        self.inside(name, "bash", "-c", kill)

    def pid(self, node: str) -> str:
        return self.inside(node, "systemctl", "show", "-PMainPID", "ray").strip()
