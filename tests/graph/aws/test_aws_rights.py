"""What machines may do with AWS's own API."""

import json
from typing import Any

import pytest

from tests.graph.aws.conftest import CONFIG, Changed
from tests.graph.aws_cloud import ACCOUNT, REGION
from tests.graph.recording import Recording

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
OURS = {"project": "agent-fleet", "stack": "dev", "team": "earth-observation"}
# EC2 knows no single resource for these (service authorization reference).
ONLY_EVERYWHERE = ["ec2:DescribeInstances"]


def rights(recording: Recording, role: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(recording[f"identities-{role}-rights"].inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_every_role_of_machines_has_a_profile_of_its_own(aws: Recording) -> None:
    for role in ("master", "worker"):
        profile = aws[f"identities-{role}-profile"].inputs
        assert profile["name"] == f"earth-observation-dev-{role}"
        assert profile["path"] == aws[f"identities-{role}"].inputs["path"] == "/agent-fleet/"
    assert aws["master-instance"].inputs["iamInstanceProfile"] == "earth-observation-dev-master"
    assert aws["steady-1-instance"].inputs["iamInstanceProfile"] == "earth-observation-dev-worker"


def test_only_machines_may_take_a_role(aws: Recording) -> None:
    (statement,) = json.loads(aws["identities-master"].inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_without_elastic_pools_machines_may_do_nothing(changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"].pop())
    assert not [
        request for request in after.requests.values() if "olicy" in request.type and "iam" in request.type
    ]


def test_nothing_is_allowed_on_everything_that_can_be_named(aws: Recording) -> None:
    for role in ("master", "worker"):
        for statement in rights(aws, role).values():
            assert not [action for action in statement["Action"] if "*" in action], statement
            if "*" in statement["Resource"]:
                assert statement["Action"] == ONLY_EVERYWHERE


def test_a_worker_reads_the_one_parameter_of_its_role(aws: Recording) -> None:
    (statement,) = rights(aws, "worker").values()
    assert statement["Action"] == ["ssm:GetParameter"]
    name = aws["worker-secret-parameter"].inputs["name"]
    assert statement["Resource"] == [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"]


def test_the_master_starts_from_the_stacks_own_templates_only(aws: Recording) -> None:
    found = rights(aws, "master")
    there = {f"aws:ResourceTag/{key}": value for key, value in OURS.items()}
    assert found["StartFromTemplates"]["Condition"] == {"StringEquals": there}
    for name in ("StartWhere", "StartTagged"):
        assert found[name]["Condition"]["ArnLike"] == {"ec2:LaunchTemplate": f"{EC2}:launch-template/*"}


def test_the_master_starts_in_its_own_subnets_and_group_only(aws: Recording) -> None:
    where = rights(aws, "master")["StartWhere"]["Resource"]
    subnets = {f"{EC2}:subnet/network-public-{zone}-id" for zone in CONFIG["network"]["zones"]}
    group = f"{EC2}:security-group/security-groups-worker-id"
    assert set(where) == {*subnets, group, f"arn:aws:ec2:{REGION}::image/*"}


@pytest.mark.parametrize("name", ["StartTagged", "StartSpot", "TagWhatStarts"])
def test_what_the_master_starts_carries_the_stacks_tags(aws: Recording, name: str) -> None:
    said = rights(aws, "master")[name]["Condition"]["StringEquals"]
    for key, value in {**OURS, "role": "worker"}.items():
        assert said[f"aws:RequestTag/{key}"] == value


def test_the_master_tags_nothing_that_is_there(aws: Recording) -> None:
    said = rights(aws, "master")["TagWhatStarts"]["Condition"]["StringEquals"]
    assert said["ec2:CreateAction"] == "RunInstances"


def test_the_master_ends_elastic_workers_of_the_stack_and_neither_itself_nor_named_ones(
    aws: Recording,
) -> None:
    condition = rights(aws, "master")["EndWorkers"]["Condition"]
    named = aws["master-instance"].inputs["tags"], aws["steady-1-instance"].inputs["tags"]
    (elastic,) = {
        json.dumps(one["tags"], sort_keys=True)
        for one in aws["burst-template-debian-x86_64"].inputs["tagSpecifications"]
    }

    def allowed(tags: dict[str, str]) -> bool:
        said = {key.partition("/")[2]: value for key, value in condition["StringEquals"].items()}
        absent = [key.partition("/")[2] for key, value in condition["Null"].items() if value == "true"]
        return said.items() <= tags.items() and not set(absent) & set(tags)

    assert allowed(json.loads(elastic))
    assert not any(map(allowed, named))
    assert not allowed({**json.loads(elastic), "stack": "another"})


def test_the_master_hands_on_the_workers_role_only_and_to_machines(aws: Recording) -> None:
    statement = rights(aws, "master")["HandOnTheWorkersRole"]
    (role,) = statement["Resource"]
    assert role.endswith(":identities-worker")
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
