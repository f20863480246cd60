"""The same on simulated AWS, where the databases lie on a volume of EBS."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.e2e.project import copied_project
from tests.e2e_aws.project import SimulatedFleet
from tests.e2e_backendai.project import sql

pytestmark = pytest.mark.exhaustive

NODES = ("master", "docker-1")


class AwsFleet(SimulatedFleet):
    described: ClassVar[dict[str, Any]] = {
        "team": "tests",
        "cloud": "aws",
        "access": {"admins": ["203.0.113.0/28"]},
        "network": {"zones": ["eu-central-1a"]},
        "storage": {"mountPath": "/shared", "onDestroy": "delete"},
        "cluster": {
            "platform": "backendai",
            "settings": {"users": [{"email": "bob@example.org"}]},
            "master": {"instanceType": "m5.large"},
            "pools": [{"name": "docker", "instanceTypes": ["c5.large"], "count": 1}],
        },
    }

    def kept(self) -> list[str]:
        return [one["id"] for one in self.account("volume").values()]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsFleet]:
    made = AwsFleet(copied_project(tmp_path_factory.mktemp("project")), "t-bai-aws", "10.97.0.0/16")
    assert made.up().code == 0
    yield made
    made.end()


def test_every_agent_is_alive_and_a_second_up_changes_nothing(cluster: AwsFleet) -> None:
    assert {node["name"] for node in json.loads(cluster.status().text)["nodes"]} == set(NODES)
    assert sql(cluster, "SELECT id, status FROM agents") == "t-bai-aws-docker-1|ALIVE"
    assert set(cluster.up().counts()) == {"unchanged"}


def test_a_master_made_anew_finds_its_databases(cluster: AwsFleet) -> None:
    (volume,), instance = cluster.kept(), cluster.instances()["master"]
    before = sql(cluster, "SELECT email, uuid FROM users ORDER BY email")
    assert cluster.run("replace", cluster.stack, "master").code == 0
    assert cluster.instances()["master"] != instance
    assert cluster.kept() == [volume]
    assert sql(cluster, "SELECT email, uuid FROM users ORDER BY email") == before
    assert "bob@example.org" in before


def test_databases_that_are_kept_are_taken_up_by_their_volumes_id(cluster: AwsFleet) -> None:
    before = sql(cluster, "SELECT email, uuid FROM users ORDER BY email")
    cluster.config["storage"]["onDestroy"] = "retain"
    assert cluster.up().code == 0
    assert cluster.run("down", cluster.stack).code == 0
    (volume,) = cluster.kept()
    (files,) = cluster.account("fileSystem").values()
    cluster.config["storage"] = {"fileSystemId": files["id"], "stateVolumeId": volume}
    assert cluster.up().code == 0
    assert sql(cluster, "SELECT email, uuid FROM users ORDER BY email") == before
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.kept() == [volume], "a volume that was taken up stays"
