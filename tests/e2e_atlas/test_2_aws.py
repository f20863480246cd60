"""The example of a team on AWS, on simulated AWS and the real engine."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.project import copied_project
from tests.e2e_atlas.conftest import ACCOUNTS, NODES, ResearchFleet

pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResearchFleet]:
    made = ResearchFleet(copied_project(tmp_path_factory.mktemp("project")), "t-atl-aws", "10.97.0.0/16")
    yield made
    made.end()
    assert made.left() == []


@pytest.fixture(scope="module")
def first_up(aws: ResearchFleet) -> str:
    return aws.up_well()


def test_the_stand_ins_are_told_in_a_line(first_up: str) -> None:
    said = [line for line in first_up.splitlines() if " stands in for " in line]
    assert len(said) == 1
    assert said[0].endswith(" stands in for https://files.example.org and registry.example.org/atlas")


def test_every_worker_is_alive_with_its_slots(aws: ResearchFleet, first_up: str) -> None:
    del first_up
    told = json.loads(aws.status().text)
    assert told["well"]
    works = {node["name"]: node["work"] for node in told["nodes"] if node["role"] == "worker"}
    assert works == dict.fromkeys(NODES[1:], "0 jobs, 4 slots")


def test_people_reach_the_pages_and_neither_tracker_nor_schedulers(aws: ResearchFleet, first_up: str) -> None:
    del first_up
    master = aws.outputs()["masterPublicIp"]
    reached = {port for port in (5000, 5555, 5556, 5557, 5558, 5959, 8080, 8443) if aws.reaches(master, port)}
    assert reached == {5555, 5557, 5558, 5959, 8443}


def test_a_second_up_changes_nothing(aws: ResearchFleet, first_up: str) -> None:
    del first_up
    docker = "sudo docker ps --format '{{.Names}} {{.ID}}' | sort"
    before = {node: aws.ssh(node, docker) for node in NODES}
    assert set(aws.up().counts()) == {"unchanged"}
    assert {node: aws.ssh(node, docker) for node in NODES} == before


def test_a_replaced_master_is_the_same_cluster(aws: ResearchFleet, first_up: str) -> None:
    del first_up
    accounts, instance = aws.ssh("master", f"sudo cat {ACCOUNTS}"), aws.instances()["master"]
    assert aws.run("replace", aws.stack, "master").code == 0
    assert aws.instances()["master"] != instance
    assert aws.ssh("master", f"sudo cat {ACCOUNTS}") == accounts


def test_a_down_keeps_what_the_stack_says(aws: ResearchFleet, first_up: str) -> None:
    del first_up
    assert aws.config["storage"]["onDestroy"] == "retain"
    assert aws.run("down", aws.stack).code == 0
    assert aws.instances() == {}
    assert set(aws.account("fileSystem")) == {"storage-files"}
    assert set(aws.account("volume")) == {"state-volume"}
    assert set(aws.account("vpc")) == set()
