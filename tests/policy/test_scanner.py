"""The road from recorded requests to a third party's verdict: that it can fail, and for the right reasons."""

import json
from pathlib import Path

import pulumi_aws as aws
import pytest

from tests.policy import scanner, translate
from tests.policy.recorded import record


def _careless() -> None:
    """What a hurried person would write."""
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    group = aws.ec2.SecurityGroup("open", vpc_id=vpc.id)
    aws.vpc.SecurityGroupIngressRule(
        "ssh", security_group_id=group.id, ip_protocol="tcp", from_port=22, to_port=22, cidr_ipv4="0.0.0.0/0"
    )
    aws.ec2.Instance(
        "head",
        ami="ami-1",
        instance_type="m5.2xlarge",
        associate_public_ip_address=True,
        vpc_security_group_ids=[group.id],
        metadata_options=aws.ec2.InstanceMetadataOptionsArgs(http_tokens="optional"),
        root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(encrypted=False),
        user_data="export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    aws.ec2.LaunchTemplate(
        "workers",
        image_id="ami-1",
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(http_tokens="optional"),
    )
    aws.efs.FileSystem("files")
    role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anything]})
    aws.iam.RolePolicy("rights", role=role.name, policy=policy)


def _careful() -> None:
    role = aws.iam.Role("role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    profile = aws.iam.InstanceProfile("profile", role=role.name)
    aws.ec2.Instance(
        "head",
        ami="ami-1",
        instance_type="m5.2xlarge",
        iam_instance_profile=profile.name,
        associate_public_ip_address=False,
        monitoring=True,
        ebs_optimized=True,
        metadata_options=aws.ec2.InstanceMetadataOptionsArgs(http_endpoint="enabled", http_tokens="required"),
        root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(encrypted=True),
    )


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> scanner.Verdict:
    plan = translate.plan(record(_careless))
    return scanner.scan({"careless": plan}, tmp_path_factory.mktemp("careless"))


@pytest.mark.parametrize(
    ("check", "resource"),
    [
        ("CKV_AWS_24", "aws_vpc_security_group_ingress_rule.ssh"),
        ("CKV_AWS_79", "aws_instance.head"),
        ("CKV_AWS_8", "aws_instance.head"),
        ("CKV_AWS_88", "aws_instance.head"),
        ("CKV_AWS_46", "aws_instance.head"),
        ("CKV_AWS_79", "aws_launch_template.workers"),
        ("CKV_AWS_42", "aws_efs_file_system.files"),
        ("CKV_AWS_62", "aws_iam_role_policy.rights"),
        ("CKV2_AWS_41", "aws_instance.head"),
        ("CKV2_AWS_12", "aws_vpc.vpc"),
    ],
)
def test_what_is_wrong_is_found(verdict: scanner.Verdict, check: str, resource: str) -> None:
    assert (check, resource) in {(finding.check, finding.resource) for finding in verdict.findings}


def test_what_is_wrong_is_not_excused(verdict: scanner.Verdict) -> None:
    left = {(finding.check, finding.resource) for finding in scanner.unexplained(verdict.findings)}
    assert ("CKV_AWS_79", "aws_instance.head") in left
    assert ("CKV_AWS_24", "aws_vpc_security_group_ingress_rule.ssh") in left


def test_what_is_right_passes_also_where_resources_are_connected(tmp_path: Path) -> None:
    verdict = scanner.scan({"careful": translate.plan(record(_careful))}, tmp_path)
    assert {finding.check for finding in verdict.findings if finding.resource == "aws_instance.head"} == set()
    assert verdict.passed > 5


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("aws:ec2/instance:Instance", "aws_instance"),
        ("aws:ec2/launchTemplate:LaunchTemplate", "aws_launch_template"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
        ("aws:efs/fileSystemPolicy:FileSystemPolicy", "aws_efs_file_system_policy"),
        ("aws:ebs/volume:Volume", "aws_ebs_volume"),
        ("aws:ssm/parameter:Parameter", "aws_ssm_parameter"),
        ("alicloud:ecs/instance:Instance", "alicloud_instance"),
        ("alicloud:ecs/securityGroupRule:SecurityGroupRule", "alicloud_security_group_rule"),
        ("alicloud:vpc/network:Network", "alicloud_vpc"),
        ("alicloud:vpc/switch:Switch", "alicloud_vswitch"),
        ("alicloud:nas/fileSystem:FileSystem", "alicloud_nas_file_system"),
    ],
)
def test_types_are_terraforms(ours: str, theirs: str) -> None:
    assert translate.type_of(ours) == theirs


def test_every_exception_has_a_reason() -> None:
    for one in scanner.exemptions():
        assert len(one.reason.split()) > 4, one
