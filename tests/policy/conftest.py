"""What the program asks of each cloud for stacks that together have every feature, recorded once."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.config.stack_file import read_stack_file
from tests.graph.aws.conftest import CONFIG
from tests.graph.aws.test_aws_atlas import CONFIG as ATLAS
from tests.graph.aws.test_aws_state_volume import CONFIG as DATABASES
from tests.graph.aws_cloud import VPC, AwsCloud
from tests.graph.recording import Recording, record

STACK_FILE = Path(__file__).parents[2] / "Pulumi.eo-eu-central-1.yaml"


def configs() -> dict[str, dict[str, Any]]:
    zones = CONFIG["network"]["zones"]
    there = {"vpcId": VPC, "subnetIds": [f"subnet-0000000000000000{number}" for number in range(3)]}
    return {
        "everything": CONFIG,
        "private": {**CONFIG, "network": {"zones": zones, "private": True}},
        "deleted": {**CONFIG, "storage": {"mountPath": "/shared", "onDestroy": "delete", "backup": False}},
        "taken-up": {**CONFIG, "network": there, "storage": {"fileSystemId": "fs-0123456789abcdef0"}},
        "databases": DATABASES,
        "eo-grow": dict(read_stack_file(STACK_FILE).values),
        "atlas": {**ATLAS, "team": CONFIG["team"]},
    }


@pytest.fixture(scope="session")
def cloud() -> AwsCloud:
    """What all recordings ask of AWS."""
    return AwsCloud()


@pytest.fixture(scope="session")
def recordings(cloud: AwsCloud) -> Mapping[str, Recording]:
    return {name: record(copy.deepcopy(config), cloud=cloud) for name, config in configs().items()}
