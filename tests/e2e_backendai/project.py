"""A whole Backend.AI cluster on local hosts, with a registry of its own, driven by `python -m fleet`."""

import json
import shlex
from pathlib import Path
from typing import Any

from tests.backendai.hosts import PSQL
from tests.backendai.standins import Standins
from tests.e2e.project import Done, Fleet, podman

CLIENT = "/opt/backendai/bin/backend.ai"


def sql(cluster: Fleet, query: str) -> str:
    """What the database on the master says, past Backend.AI's own API."""
    return cluster.ssh("master", shlex.join(("sudo", *PSQL, query))).strip()


class BackendaiFleet(Fleet):
    """A control plane, two agents with Docker and one that only pretends to run sessions."""

    def __init__(self, folder: Path, stack: str, standins: Standins) -> None:
        self.standins = standins
        super().__init__(folder, stack)
        self.config: dict[str, Any] = {
            "team": "tests",
            "cloud": "local",
            "storage": {"mountPath": "/shared", "onDestroy": "delete"},
            "packages": {"insecureRegistries": [standins.registry]},
            "cluster": {
                "platform": "backendai",
                "settings": {
                    "dummyPools": ["pretended"],
                    "drainMinutes": 2,
                    "autoPull": "tag",
                    "reservedMemoryGiB": 0.5,
                    **standins.settings(),
                },
                "master": {"cpus": 2, "memoryGiB": 3},
                "pools": [
                    {"name": "docker", "count": 2, "cpus": 1, "memoryGiB": 2},
                    {"name": "pretended", "count": 1, "cpus": 1, "memoryGiB": 1.5},
                ],
            },
        }

    def up_well(self) -> Done:
        done = self.up()
        assert done.code == 0, done.text[-3000:]
        return done

    def pid(self, node: str) -> str:
        part = "backendai-manager" if node == "master" else "backendai-agent"
        return self.ssh(node, f"systemctl show -P MainPID {part}").strip()

    def inside(self, node: str, line: str) -> str:
        return podman("exec", self.container(node), "bash", "-c", line)

    def client(self, *words: str, keys: dict[str, str] | None = None) -> str:
        """The platform's own client on the master, with the administrator's keys unless others are given."""
        told = keys or self.outputs()["clientConfig"]
        given = "; ".join(
            f"export {name}={shlex.quote(value)}"
            for name, value in {
                "BACKEND_ENDPOINT": "http://127.0.0.1:8081",
                "BACKEND_ENDPOINT_TYPE": "api",
                "BACKEND_ACCESS_KEY": told["accessKey"],
                "BACKEND_SECRET_KEY": told["secretKey"],
            }.items()
        )
        return self.inside("master", f"{given}; {CLIENT} {shlex.join(words)} 2>&1")

    def batch(self, name: str, code: str, group: str = "docker", *more: str) -> str:
        """Starts a batch session."""
        return self.client(
            *("session", "create", "--type", "batch", "--name", name, "--scaling-group", group),
            *("-r", "cpu=1", "-r", "mem=128m", "-c", code, *more, self.standins.kernel),
        )

    def session(self, name: str) -> tuple[str, str]:
        """Its status and result."""
        row = sql(self, f"SELECT status, result FROM sessions WHERE name = '{name}'")  # noqa: S608 - our names
        status, _, result = row.partition("|")
        return status, result

    def nodes(self) -> dict[str, dict[str, Any]]:
        return {node["name"]: node for node in json.loads(self.status().text)["nodes"]}
