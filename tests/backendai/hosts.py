"""A Backend.AI cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

import json
import subprocess
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import backendai
from tests.cluster_hosts import ClusterHosts, Run

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

# rows as lines, fields with `|` between them; as root, and the query after it
PSQL = ("runuser", "-u", "postgres", "--", "psql", "-qtAX", "-d", "backend", "-c")


def fleet(**settings: Any) -> Fleet:
    config = json.loads(json.dumps(CONFIG))
    config["cluster"]["settings"].update(settings)
    return fleet_of(validate(config, set(), STACK), STACK, backendai.PORTS, {})


@dataclass
class BackendaiHosts(ClusterHosts):
    """A control plane and two agents."""

    PLATFORM: ClassVar[ModuleType] = backendai

    fleet: Fleet = field(default_factory=fleet)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the manager says, by the names of nodes."""
        said = json.loads(self.inside("master", "bash", self.script, "nodes"))
        return {known["name"].removeprefix(f"{STACK}-"): known for known in said}

    def sql(self, query: str) -> str:
        return self.inside("master", *PSQL, query).strip()

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

    def pid(self, node: str, unit: str = "backendai-agent") -> str:
        return self.inside(node, "systemctl", "show", "-PMainPID", unit).strip()
