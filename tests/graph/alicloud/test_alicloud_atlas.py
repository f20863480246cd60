"""A cluster of Atlas on Alibaba Cloud: by construction, with nothing of its own."""

from typing import Any

import pytest

from components.config.stack_file import read_stack_file
from tests.graph.alicloud.conftest import CLUSTER
from tests.graph.aws.test_aws_atlas import STACK_FILE
from tests.graph.recording import Recording, record

CLUSTER_OF_FILE: Any = read_stack_file(STACK_FILE).values["cluster"]
SETTINGS = CLUSTER_OF_FILE["settings"]
CONFIG: dict[str, Any] = {
    **CLUSTER,
    "storage": {"mountPath": "/shared"},
    "cluster": {
        "platform": "atlas",
        "settings": SETTINGS,
        "master": {"instanceType": "ecs.g7.xlarge"},
        "pools": [{"name": "workers", "count": 2, "instanceType": "ecs.c7.xlarge"}],
    },
}


@pytest.fixture(scope="module")
def made() -> Recording:
    return record(CONFIG)


def test_ports_are_open_by_pair_of_roles_and_to_people(made: Recording) -> None:
    rules = [one.inputs for one in made.requests.values() if "securityGroupRule" in one.type]
    incoming = [rule for rule in rules if rule["type"] == "ingress"]
    opened = {(int(rule["portRange"].partition("/")[0]), rule.get("cidrIp", "group")) for rule in incoming}
    of_people = {(port, "203.0.113.0/24") for port in (5555, 5557, 5558, 5959, 8443)}
    between = {(port, "group") for port in (22, 5000, 5556, 5558)}
    assert opened == {(22, "203.0.113.0/28"), *of_people, *between}


def test_the_masters_databases_are_on_a_disk_of_their_own(made: Recording) -> None:
    assert made["state-volume"].type == "alicloud:ecs/ecsDisk:EcsDisk"
    assert "STATE_PATH=" in made["master-step"].plain("stdin")
    assert set(made.outputs["clientConfig"]["passwords"]) == {user["name"] for user in SETTINGS["users"]}
