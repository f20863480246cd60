"""An Atlas cluster on real hosts, made by the steps that the platform asks for, without Pulumi."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import atlas
from tests.cluster_hosts import ClusterHosts

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
class AtlasHosts(ClusterHosts):
    """A master and two workers."""

    PLATFORM: ClassVar[ModuleType] = atlas

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
