"""What `fleet` asks of AWS."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from components.clouds.aws import operate
from components.operated import CloudError, Place
from tests.operate_aws.conftest import PLACE, REGION, TAGS, Aws, listed


def test_machines_are_pulumis_by_node_and_elastic_ones_by_pool(aws: Aws) -> None:
    steady = aws.node("steady-1", pool="steady")
    burst = aws.elastic()[0]
    aws.runs({**TAGS, "stack": "other", "node": "steady-1"})
    seen = {machine.id: machine for machine in operate.machines(PLACE)}
    assert set(seen) == {steady, burst}
    assert (seen[steady].node, seen[steady].state) == ("steady-1", "running")
    assert (seen[burst].node, seen[burst].pool, seen[burst].kind) == (None, "burst", "c5.large")
    assert (seen[burst].address or "").startswith("10.90.")
    assert 0 <= (seen[burst].age or 0) < 60


def test_of_a_replaced_node_the_living_machine_counts(aws: Aws) -> None:
    old = aws.node("steady-1")
    aws.ec2.terminate_instances(InstanceIds=[old])
    assert [(one.id, one.state) for one in operate.machines(PLACE)] == [(old, "terminated")]
    new = aws.node("steady-1")
    assert [(one.id, one.state) for one in operate.machines(PLACE)] == [(new, "running")]


def test_stopped_machines_are_started(aws: Aws) -> None:
    stopped, running = aws.node("steady-1"), aws.node("steady-2")
    aws.ec2.stop_instances(InstanceIds=[stopped])
    assert operate.start(PLACE) == ["steady-1"]
    assert aws.states([stopped, running]) == {"running"}
    assert operate.start(PLACE) == []


@pytest.mark.usefixtures("aws")
def test_the_check_says_where_it_will_be_made() -> None:
    assert operate.check(PLACE).startswith("AWS account 123456789012, eu-central-1, as ")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(("minutes", "words"), [(12, "end in 11 minutes"), (-5, "have ended")])
def test_credentials_that_end_too_soon_are_refused(minutes: int, words: str) -> None:
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    Path(boto3.Session()._session.get_config_variable("credentials_file")).write_text(  # type: ignore[attr-defined]
        f"[short]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
        f"x_security_token_expires = {end.isoformat()}\n"
    )
    with pytest.raises(CloudError, match=words):
        operate.check(Place("eo", "t", {"aws:region": REGION, "aws:profile": "short"}))


@pytest.mark.usefixtures("aws")
def test_credentials_of_the_environment_have_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + timedelta(hours=2)).isoformat())
    operate.check(PLACE)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", (datetime.now(UTC) + timedelta(minutes=20)).isoformat())
    with pytest.raises(CloudError, match=r"end in \d+ minutes"):
        operate.check(PLACE)


def test_without_credentials_the_check_says_how_to_get_some(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        CloudError, match=r"no AWS credentials that work .*; log in \(aws sso login --profile NAME"
    ):
        operate.check(PLACE)


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(CloudError, match=r"no profile nosuch in ~/\.aws/config"):
        operate.check(Place("eo", "t", {"aws:region": REGION, "aws:profile": "nosuch"}))


def test_a_stack_without_a_region_is_told_what_to_add() -> None:
    with pytest.raises(CloudError, match="aws:region: eu-central-1"):
        operate.check(Place("eo", "t"))


def test_what_pulumi_alone_would_follow_is_refused() -> None:
    with pytest.raises(CloudError, match="aws:assumeRoles, which Pulumi alone would follow"):
        operate.check(Place("eo", "t", {"aws:region": REGION, "aws:assumeRoles": []}))


def _everything(aws: Aws, tags: dict[str, str]) -> None:
    """One of each kind that the program makes, with these tags."""

    def spec(kind: str) -> list[dict[str, object]]:
        return [{"ResourceType": kind, "Tags": listed(tags)}]

    aws.runs(tags)
    aws.ec2.create_volume(
        AvailabilityZone=f"{REGION}a", Size=40, Encrypted=True, TagSpecifications=spec("volume")
    )
    aws.ec2.create_network_interface(SubnetId=aws.subnet, TagSpecifications=spec("network-interface"))
    aws.ec2.allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))
    aws.ec2.create_security_group(
        GroupName=f"{tags['stack']}-worker",
        Description="x",
        VpcId=aws.vpc,
        TagSpecifications=spec("security-group"),
    )
    for resource in (aws.vpc, aws.subnet):
        aws.ec2.create_tags(Resources=[resource], Tags=listed(tags))
    aws.ec2.create_internet_gateway(TagSpecifications=spec("internet-gateway"))
    aws.ec2.create_route_table(VpcId=aws.vpc, TagSpecifications=spec("route-table"))
    for gone in (False, True):
        made = aws.ec2.create_nat_gateway(
            SubnetId=aws.subnet, ConnectivityType="private", TagSpecifications=spec("natgateway")
        )
        if gone:
            aws.ec2.delete_nat_gateway(NatGatewayId=made["NatGateway"]["NatGatewayId"])
    aws.ec2.create_vpc_endpoint(
        VpcId=aws.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", TagSpecifications=spec("vpc-endpoint")
    )
    aws.ec2.create_launch_template(
        LaunchTemplateName=f"{tags['stack']}-burst",
        LaunchTemplateData={"ImageId": aws.image},
        TagSpecifications=spec("launch-template"),
    )
    efs = boto3.client("efs", REGION)
    efs.create_file_system(CreationToken=tags["stack"], Encrypted=True, Tags=listed(tags))
    boto3.client("ssm", REGION).put_parameter(
        Name=f"/agent-fleet/{tags['stack']}/worker", Value="x", Type="SecureString", Tags=listed(tags)
    )
    iam = boto3.client("iam")
    iam.create_role(
        RoleName=f"{tags['stack']}-worker",
        Path="/agent-fleet/",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
        Tags=listed(tags),
    )
    iam.create_instance_profile(
        InstanceProfileName=f"{tags['stack']}-worker", Path="/agent-fleet/", Tags=listed(tags)
    )
    boto3.client("logs", REGION).create_log_group(logGroupName=f"/eo/{tags['stack']}", tags=tags)


def test_leftovers_are_everything_that_carries_the_stacks_tags(aws: Aws) -> None:
    assert operate.leftovers(PLACE) == []
    _everything(aws, {**TAGS, "stack": "other"})
    assert operate.leftovers(PLACE) == []
    _everything(aws, TAGS)
    lines = operate.leftovers(PLACE)
    assert not any("other" in line for line in lines)
    ids = " ".join(re.findall(r"\b([a-z]+)-[0-9a-f]{8,}", " ".join(lines)))
    assert ids == "i igw lt nat eni rtb sg subnet vol vpc eipalloc vpce fs"
    assert lines[-4:] == [
        "ssm parameter /agent-fleet/eo/worker",
        "iam role eo-worker",
        "iam instance profile eo-worker",
        f"arn:aws:logs:{REGION}:123456789012:log-group:/eo/eo",
    ]


def test_what_is_gone_is_no_leftover_though_ec2_remembers_it(aws: Aws) -> None:
    elastic = aws.elastic(2)
    aws.ec2.terminate_instances(InstanceIds=elastic)
    assert not any("instance i-" in line for line in operate.leftovers(PLACE))


def test_a_volume_that_was_kept_is_told_with_its_size(aws: Aws) -> None:
    tags = [{"Key": key, "Value": value} for key, value in {**TAGS, "Name": "eo-state"}.items()]
    made = aws.ec2.create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=20,
        Encrypted=True,
        TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
    )
    assert operate.leftovers(PLACE) == [f"volume {made['VolumeId']} (eo-state, 20 GiB, available)"]


def test_the_same_stack_of_another_team_is_not_ours(aws: Aws) -> None:
    aws.runs({**TAGS, "team": "other"})
    assert operate.leftovers(PLACE) == []
