import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from components.config.stack_file import read_stack_file
from tests.atlas.standins import Standins
from tests.e2e.conftest import Argvs
from tests.e2e.project import ROOT, Fleet, copied_project, podman
from tests.e2e_aws.project import SimulatedFleet

STACK = "t-e2e-atl"
NODES = ("master", "workers-1", "workers-2")
ACCOUNTS = "/var/lib/atlas/h2/data/keycloak.json"
EXAMPLE = ROOT / "Pulumi.research-us-east-1.yaml"


class AtlasFleet(Fleet):
    """A master and two workers with accounts for two people."""

    def __init__(self, folder: Path, standins: Standins) -> None:
        self.standins = standins
        super().__init__(folder, STACK)
        users = [{"name": name, "email": f"{name}@example.org"} for name in ("ann", "bob")]
        self.config: dict[str, Any] = {
            "team": "tests",
            "cloud": "local",
            "storage": {"mountPath": "/shared", "onDestroy": "delete"},
            "packages": {"insecureRegistries": [standins.registry]},
            "cluster": {
                "platform": "atlas",
                "settings": {**standins.settings(), "users": users, "drainMinutes": 1},
                "master": {"cpus": 2, "memoryGiB": 3},
                "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 1.5}],
            },
        }

    @property
    def settings(self) -> dict[str, Any]:
        return self.config["cluster"]["settings"]

    def inside(self, node: str, line: str) -> str:
        return podman("exec", self.container(node), "bash", "-c", line).strip()

    def containers(self, node: str) -> str:
        """Another answer means that Atlas was restarted."""
        return self.inside(node, "docker ps --format '{{.Names}} {{.ID}}' | sort")

    def log_in(self, realm: str, user: str, password: str) -> dict[str, Any]:
        """What Keycloak answers."""
        url = f"http://127.0.0.1:8080/auth/realms/{realm}/protocol/openid-connect/token"
        form = f"grant_type=password&client_id=foundations&username={user}&password={password}"
        return json.loads(self.inside("master", f"curl -sS -d '{form}' {url}"))

    def state(self) -> str:
        return json.dumps(json.loads(self.pulumi("stack", "export")))

    def up_well(self) -> Any:
        done = self.up()
        assert done.code == 0, done.text[-3000:]
        return done


class ResearchFleet(SimulatedFleet):
    """The example stack in another network."""

    described: ClassVar[dict[str, Any]] = dict(read_stack_file(EXAMPLE).values)
    provider: ClassVar[dict[str, str]] = {"aws:region": "us-east-1"}

    def up_well(self) -> str:
        done = self.up()
        assert done.code == 0, done.text[-3000:]
        return done.text


@pytest.fixture(scope="session")
def standins() -> Iterator[Standins]:
    made = Standins(STACK)
    made.remove()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def argvs() -> Argvs:
    return Argvs()


@pytest.fixture(scope="session")
def up(standins: Standins, argvs: Argvs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtlasFleet]:
    """The stack after its first `up`, which must be green."""
    made = AtlasFleet(copied_project(tmp_path_factory.mktemp("project")), standins)
    try:
        made.up_well()
        argvs.end()
        yield made
    finally:
        made.end()
