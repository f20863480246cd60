"""The policy that an operator needs: it allows what is asked for, and nothing else."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from components.clouds.aws import api, operate, reap
from tests.operate_aws.conftest import PLACE, Aws
from tests.policy import actions

ROOT = Path(__file__).parents[2]
POLICY: dict[str, Any] = json.loads((ROOT / api.POLICY).read_text())
ALLOWED = {action for statement in POLICY["Statement"] for action in statement["Action"]}
# What a managed policy may have, white space not counted.
MOST_CHARACTERS = 6144


def _allows(action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in ALLOWED)


def _asked() -> set[str]:
    tables = (*actions.TYPES.values(), *actions.LOOK_UPS.values())
    return {action for needed in tables for action in needed}


@pytest.mark.parametrize("action", sorted(_asked()))
def test_what_the_program_does_is_allowed(action: str) -> None:
    assert _allows(action)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Actions that boto3 asks for."""
    found: set[str] = set()
    make = BaseClient._make_api_call

    def note(client: BaseClient, operation: str, given: Any) -> Any:
        service = client.meta.service_model.service_name
        found.add(f"{actions.PREFIXES.get(service, service)}:{operation}")
        return make(client, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    return found


def _by_commands(aws: Aws, seen: set[str], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(reap, "POLL", 0.01)
    stopped = aws.node("steady-1")
    aws.ec2.stop_instances(InstanceIds=[stopped])
    aws.elastic(2)
    spec = [{"ResourceType": "spot-instances-request", "Tags": [{"Key": "stack", "Value": "eo"}]}]
    aws.ec2.request_spot_instances(
        LaunchSpecification={"ImageId": aws.image, "InstanceType": "c5.large"}, TagSpecifications=spec
    )
    for tag in api.tags_of(PLACE).items():
        aws.ec2.create_tags(Resources=_requests(aws), Tags=[{"Key": tag[0], "Value": tag[1]}])
    seen.clear()
    operate.check(PLACE)
    operate.start(PLACE)
    operate.leftovers(PLACE)
    reap.reap(PLACE, vpc=aws.vpc)
    return set(seen)


def _requests(aws: Aws) -> list[str]:
    there = aws.ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    return [one["SpotInstanceRequestId"] for one in there]


def test_what_the_commands_and_the_reaper_do_is_allowed_and_nothing_else_is(
    aws: Aws,
    seen: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands = _by_commands(aws, seen, monkeypatch)
    assert {"ec2:TerminateInstances", "ec2:CancelSpotInstanceRequests", "ec2:StartInstances"} <= commands
    assert [action for action in sorted(commands) if not _allows(action)] == []
    needed = commands | _asked()
    idle = [one for one in sorted(ALLOWED) if not any(fnmatchcase(action, one) for action in needed)]
    assert idle == []


def test_nothing_but_looking_goes_everywhere() -> None:
    for statement in POLICY["Statement"]:
        wild = [action for action in statement["Action"] if "*" in action]
        assert all(re.fullmatch(r"(ec2|elasticfilesystem):Describe\*", action) for action in wild)
        if statement["Sid"] != "Look":
            assert statement["Resource"] != "*" or "aws:RequestedRegion" in str(statement["Condition"])


def test_it_fits_into_one_managed_policy() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= MOST_CHARACTERS


def test_roles_are_the_programs_own() -> None:
    own = "agent-fleet/"
    for statement in POLICY["Statement"]:
        resources = statement["Resource"]
        writes = [
            action for action in statement["Action"] if re.match(r"iam:(?!Get|List|CreateService)", action)
        ]
        if writes:
            assert all(
                own in resource for resource in ([resources] if isinstance(resources, str) else resources)
            )
