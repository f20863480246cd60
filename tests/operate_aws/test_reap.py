"""The reaper against AWS's API: what it ends, what it leaves alone, and what it says where it cannot."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.clouds.aws import api, reap
from components.operated import CloudError, Place
from tests.operate_aws.conftest import PLACE, REGION, TAGS, Aws, listed

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reap, "POLL", 0.01)


def test_all_machines_of_elastic_pools_go_and_nothing_else(aws: Aws) -> None:
    elastic = aws.elastic(5)
    others = [
        aws.node("master"),
        aws.node("steady-1", pool="steady"),
        *aws.runs({**TAGS, "stack": "other"}),
        *aws.runs({**TAGS, "team": "other"}),
        *aws.runs({"Name": "somebody's"}),
    ]
    reap.reap(PLACE)
    assert aws.states(elastic) == {"terminated"}
    assert aws.states(others) == {"running"}


def test_again_and_with_nothing_there_is_fine(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    reap.reap(PLACE)
    aws.elastic(2)
    reap.reap(PLACE)
    reap.reap(PLACE)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "machines of elastic pools of stack eo: none is left",
        "machines of elastic pools of stack eo: 2 running",
        "machines of elastic pools of stack eo: none is left",
        "machines of elastic pools of stack eo: none is left",
    ]


def test_stopped_ones_go_too(aws: Aws) -> None:
    elastic = aws.elastic(2)
    aws.ec2.stop_instances(InstanceIds=elastic[:1])
    reap.reap(PLACE)
    assert aws.states(elastic) == {"terminated"}


def test_a_worker_that_lost_our_tags_is_found_in_the_stacks_own_network_only(aws: Aws) -> None:
    rays = {"ray-cluster-name": "eo", "ray-node-type": "worker"}
    lost = aws.runs(rays)
    head = aws.runs({**rays, "ray-node-type": "head"})
    claimed = aws.runs({**rays, "stack": "other"})
    reap.reap(PLACE)
    assert aws.states(lost) == {"running"}
    reap.reap(PLACE, vpc="vpc-0123456789abcdef0")
    assert aws.states(lost) == {"running"}
    reap.reap(PLACE, vpc=aws.vpc)
    assert aws.states(lost) == {"terminated"}
    assert aws.states([*head, *claimed]) == {"running"}


def test_open_spot_requests_are_cancelled(aws: Aws) -> None:
    def request(tags: dict[str, str]) -> str:
        made = aws.ec2.request_spot_instances(
            LaunchSpecification={"ImageId": aws.image, "InstanceType": "c5.large"},
            TagSpecifications=[{"ResourceType": "spot-instances-request", "Tags": listed(tags)}],
        )
        return str(made["SpotInstanceRequests"][0]["SpotInstanceRequestId"])

    ours, theirs = request(TAGS), request({**TAGS, "stack": "other"})
    reap.reap(PLACE)
    there = aws.ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    left = {one["SpotInstanceRequestId"] for one in there if one["State"] in ("open", "active")}
    assert theirs in left
    assert ours not in left


def test_what_a_dying_master_launched_late_is_seen(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    late: list[str] = []
    pause = reap.time.sleep

    def launch_while_waiting(seconds: float) -> None:
        if not late:
            late.extend(aws.elastic(3))
        pause(seconds)

    monkeypatch.setattr(reap.time, "sleep", launch_while_waiting)
    reap.reap(PLACE)
    assert len(late) == 3
    assert aws.states(late) == {"terminated"}


class Refusing:
    """An EC2 that refuses to terminate some, or takes its time."""

    def __init__(self, ec2: Any, refused: list[str], code: str) -> None:
        self._ec2, self._refused, self._code = ec2, refused, code
        self.portions: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ec2, name)

    def terminate_instances(self, InstanceIds: list[str]) -> Any:  # noqa: N803 - boto3's name
        self.portions.append(len(InstanceIds))
        if set(InstanceIds) & set(self._refused):
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "TerminateInstances")
        return self._ec2.terminate_instances(InstanceIds=InstanceIds)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch, aws: Aws) -> Any:
    def refuse(ids: list[str], code: str) -> Refusing:
        made = Refusing(aws.ec2, ids, code)
        monkeypatch.setattr(api, "client", lambda *_: made)
        return made

    return refuse


def test_a_refused_one_keeps_no_other_alive_and_the_error_says_what_to_type(aws: Aws, refusing: Any) -> None:
    ids = aws.elastic(4)
    refusing([ids[2]], "OperationNotPermitted")
    with pytest.raises(CloudError) as caught:
        reap.reap(PLACE)
    assert aws.states([ids[0], ids[1], ids[3]]) == {"terminated"}
    assert str(caught.value).endswith(
        "1 machines of stack eo are left, and they cost money. Run: aws ec2 terminate-instances --region "
        f"{REGION} --instance-ids {ids[2]}; then destroy again"
    )


def test_without_the_right_to_terminate_every_id_is_named(aws: Aws, refusing: Any) -> None:
    ids = aws.elastic(3)
    refusing(ids, "UnauthorizedOperation")
    with pytest.raises(CloudError) as caught:
        reap.reap(Place("eo", "earth-observation", {"aws:region": REGION, "aws:profile": None}))
    said = str(caught.value)
    assert said.startswith("these credentials may not do TerminateInstances; ")
    assert said.count("may not do") == 1
    assert all(one in said for one in ids)


def test_one_that_went_by_itself_is_no_error(aws: Aws, refusing: Any) -> None:
    ids = aws.elastic(2)
    refusing(ids[:1], "InvalidInstanceID.NotFound")
    with pytest.raises(CloudError, match="after 0 s they are not gone"):
        # this EC2 goes on listing what it does not know: the time is what ends it
        reap.reap(PLACE, seconds=0.2)
    assert aws.states(ids[1:]) == {"terminated"}


def test_many_go_in_portions(aws: Aws, refusing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reap, "AT_ONCE", 10)
    ids = aws.elastic(25)
    ec2 = refusing([], "")
    reap.reap(PLACE)
    assert ec2.portions == [10, 10, 5]
    assert aws.states(ids) == {"terminated"}


def _command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": "/usr/bin:/bin",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": "/nonexistent",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "components.clouds.aws.reap", "--region", REGION, "--stack", "eo", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_credentials_it_fails_with_one_sentence() -> None:
    done = _command("--team", "earth-observation")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "there are no AWS credentials that work" in done.stderr
    assert "aws sso login" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_aws_that_is_not_reached_is_given_up() -> None:
    done = _command(
        *("--team", "earth-observation"),
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "any"),
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: AWS is not reached")


def test_the_words_of_the_command_reach_the_reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(reap, "reap", lambda *given: asked.extend(given))
    words = f"--region {REGION} --stack eo --team t --profile sandbox --vpc vpc-1 --seconds 5".split()
    assert reap.main(words) == 0
    assert asked == [Place("eo", "t", {"aws:region": REGION, "aws:profile": "sandbox"}), "vpc-1", 5.0]
