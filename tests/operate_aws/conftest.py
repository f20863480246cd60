"""AWS's API in this process, with a stack on it as the program and Ray's autoscaler would have made it."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws

from components.operated import Place

REGION = "eu-central-1"
PLACE = Place("eo", "earth-observation", {"aws:region": REGION})
TAGS = {"project": "agent-fleet", "stack": "eo", "team": "earth-observation"}


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Every session of boto3 reads megabytes of descriptions; the tests make a hundred sessions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CREDENTIAL_EXPIRATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws() -> Iterator["Aws"]:
    with mock_aws():
        yield Aws()


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Aws:
    """What a test does to AWS."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.client("ec2", REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.90.0.0/20")
        self.subnet = subnet["Subnet"]["SubnetId"]
        self.image = "ami-03cf127a"

    def runs(self, tags: dict[str, str], *, spot: bool = False, count: int = 1) -> list[str]:
        """Launches machines; returns their ids."""
        market = {"InstanceMarketOptions": {"MarketType": "spot"}} if spot else {}
        made = self.ec2.run_instances(
            ImageId=self.image,
            InstanceType="c5.large",
            MinCount=count,
            MaxCount=count,
            SubnetId=self.subnet,
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed(tags)}],
            **market,
        )
        return [instance["InstanceId"] for instance in made["Instances"]]

    def node(self, name: str, **more: str) -> str:
        """One of Pulumi's own."""
        return self.runs({**TAGS, "node": name, "role": "worker", **more})[0]

    def elastic(self, count: int = 1) -> list[str]:
        """What Ray's autoscaler makes from a launch template."""
        rays = {"ray-cluster-name": "eo", "ray-node-type": "worker"}
        return self.runs({**TAGS, **rays, "role": "worker", "pool": "burst"}, spot=True, count=count)

    def states(self, ids: list[str]) -> set[str]:
        found = self.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return {one["State"]["Name"] for reservation in found for one in reservation["Instances"]}
