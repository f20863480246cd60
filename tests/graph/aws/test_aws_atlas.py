"""The example of a cluster of Atlas on AWS: by construction, with nothing of its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.config.stack_file import read_stack_file
from tests.graph.recording import Recording, record

STACK_FILE = Path(__file__).parents[3] / "Pulumi.research-us-east-1.yaml"
# Of the region that the recorded AWS is.
CONFIG: dict[str, Any] = {
    **read_stack_file(STACK_FILE).values,
    "network": {"zones": ["eu-central-1a"]},
}


@pytest.fixture(scope="module")
def made() -> Recording:
    return record(CONFIG)


def test_ports_are_open_by_pair_of_roles_and_to_people(made: Recording) -> None:
    rules = [one for one in made.requests.values() if "IngressRule" in one.type]
    opened = {(int(rule.inputs["fromPort"]), rule.inputs.get("cidrIpv4", "group")) for rule in rules}
    of_people = {(port, "203.0.113.0/24") for port in (5555, 5557, 5558, 5959, 8443)}
    between = {(port, "group") for port in (22, 2049, 5000, 5556, 5558)}
    assert opened == {(22, "203.0.113.0/28"), *of_people, *between}


def test_people_find_the_master_by_its_public_address(made: Recording) -> None:
    address = made.outputs["masterPublicIp"]
    remote = yaml.safe_load(made.outputs["clientConfig"]["files"]["remote.config.yaml"])
    assert remote["scheduler_url"] == f"http://{address}:5558"
    assert f"DASHBOARD_HOST={address}\n" in made["master-step"].plain("stdin")
