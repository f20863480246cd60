"""checkov's verdict on the program's stacks on Alibaba Cloud, and rules of our own where it looks at nothing.

Of what the program asks for checkov 3.3 knows security group rules alone, and secrets anywhere.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pulumi_alicloud as alicloud
import pytest

from components.clouds.alicloud import api
from components.config.stack_file import read_stack_file
from tests.graph.alicloud.conftest import CLUSTER, GPU_VMS, SECRETS
from tests.graph.alicloud.test_alicloud_state_volume import CONFIG as DATABASES
from tests.graph.alicloud_cloud import FILES, VPC, VSWITCH, AlicloudCloud
from tests.graph.recording import Recording, Request, record
from tests.policy import actions_alicloud, scanner, translate
from tests.policy.recorded import record as record_few

ROOT = Path(__file__).parents[2]
POLICY: dict[str, Any] = json.loads((ROOT / api.POLICY).read_text())
ALLOWED = {action for statement in POLICY["Statement"] for action in statement["Action"]}
STACK_FILE = ROOT / "Pulumi.vision-cn-hangzhou.yaml"

# Whoever reaches one of these may run code or read files: Ray's records, dashboard and client.
CONTROL = (6379, 8265, 10001)
OUR_TAGS = {"project": "agent-fleet", "team": "vision", "stack": "dev"}
# They have no tags of their own on Alibaba Cloud.
UNTAGGED = {
    "alicloud_security_group_rule",
    "alicloud_eip_association",
    "alicloud_snat_entry",
    "alicloud_ecs_disk_attachment",
    "alicloud_nas_access_group",
    "alicloud_nas_access_rule",
    "alicloud_nas_mount_target",
}


def configs() -> dict[str, dict[str, Any]]:
    there = {"vpcId": VPC, "vswitchId": VSWITCH, "private": True}
    vm = {**GPU_VMS["gpuVms"][0], "internetMbps": 0, "deletionProtection": True}
    own = {
        key.removeprefix("agent-fleet:"): value for key, value in read_stack_file(STACK_FILE).values.items()
    }
    return {
        "cluster": CLUSTER,
        "private": {**CLUSTER, "network": {**CLUSTER["network"], "private": True}},
        "deleted": {**CLUSTER, "storage": {"onDestroy": "delete"}},
        "taken-up": {**CLUSTER, "network": there, "storage": {"fileSystemId": FILES}},
        "gpu-vms": GPU_VMS,
        "without-address": {**GPU_VMS, "gpuVms": [vm]},
        "both": {**CLUSTER, "gpuVms": GPU_VMS["gpuVms"]},
        "databases": DATABASES,
        "vision": own,
    }


@pytest.fixture(scope="module")
def cloud() -> AlicloudCloud:
    """What all recordings ask of Alibaba Cloud."""
    return AlicloudCloud()


@pytest.fixture(scope="module")
def recordings(cloud: AlicloudCloud) -> Mapping[str, Recording]:
    return {
        name: record(copy.deepcopy(config), SECRETS if "gpuVms" in config else None, cloud)
        for name, config in configs().items()
    }


@pytest.fixture(params=sorted(configs()))
def recording(request: pytest.FixtureRequest, recordings: Mapping[str, Recording]) -> Recording:
    return recordings[request.param]


def ours(recording: Recording) -> list[Request]:
    return [request for request in recording.requests.values() if translate.of_a_cloud(request)]


def of_type(recording: Recording, name: str) -> list[Request]:
    return [request for request in ours(recording) if translate.type_of(request.type) == name]


def types(recordings: Mapping[str, Recording]) -> set[str]:
    return {
        translate.type_of(request.type) for recording in recordings.values() for request in ours(recording)
    }


# the scanner


def _careless() -> None:
    """What the public recipe does."""
    group = alicloud.ecs.SecurityGroup("open", vpc_id="vpc-1")
    alicloud.ecs.SecurityGroupRule(
        "ssh",
        type="ingress",
        ip_protocol="tcp",
        port_range="22/22",
        security_group_id=group.id,
        cidr_ip="0.0.0.0/0",
    )


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    verdict = scanner.scan({"careless": translate.plan(record_few(_careless))}, tmp_path)
    found = {(finding.check, finding.resource) for finding in scanner.unexplained(verdict.findings)}
    assert ("CKV_ALI_2", "alicloud_security_group_rule.ssh") in found


@pytest.fixture(scope="module")
def verdict(recordings: Mapping[str, Recording], tmp_path_factory: pytest.TempPathFactory) -> scanner.Verdict:
    plans = {f"ali-{name}": translate.plan(recording) for name, recording in recordings.items()}
    return scanner.scan(plans, tmp_path_factory.mktemp("plans"))


def test_no_finding_is_unexplained(verdict: scanner.Verdict) -> None:
    assert [str(finding) for finding in scanner.unexplained(verdict.findings)] == []
    assert verdict.passed > 50


def test_no_exception_is_left_over(verdict: scanner.Verdict) -> None:
    assert scanner.unused(verdict.findings, "alicloud") == []


def test_the_scanner_looks_at_what_it_knows(recordings: Mapping[str, Recording]) -> None:
    """When it learns more, this says so."""
    assert types(recordings) & scanner.checked_types() == {"alicloud_security_group_rule"}


# the operator's policy


def test_it_is_known_what_every_type_and_look_up_needs(
    recordings: Mapping[str, Recording], cloud: AlicloudCloud
) -> None:
    assert types(recordings) == set(actions_alicloud.TYPES)
    assert {name for name, _ in cloud.asked} == set(actions_alicloud.LOOK_UPS)


def _asked() -> set[str]:
    tables = (*actions_alicloud.TYPES.values(), *actions_alicloud.LOOK_UPS.values())
    return {action for needed in tables for action in needed}


@pytest.mark.parametrize("action", sorted(_asked()))
def test_what_the_program_does_is_allowed(action: str) -> None:
    assert any(fnmatchcase(action, pattern) for pattern in ALLOWED)


# our own rules


def test_machines_are_hardened_alike(recording: Recording) -> None:
    instances = of_type(recording, "alicloud_instance")
    assert instances
    for one in instances:
        assert (one.plain("httpEndpoint"), one.plain("httpTokens")) == ("enabled", "required"), one.name
        assert one.plain("systemDiskEncrypted") is True, one.name
        assert not {"password", "keyName", "roleName", "dataDisks"} & set(one.inputs), one.name


def test_storage_is_encrypted_and_for_one_range_of_private_addresses(recording: Recording) -> None:
    for one in of_type(recording, "alicloud_nas_file_system"):
        assert one.plain("encryptType") == 1
    for one in of_type(recording, "alicloud_ecs_disk"):
        assert one.plain("encrypted") is True
    for one in of_type(recording, "alicloud_nas_access_rule"):
        network = ip_network(one.plain("sourceCidrIp"))
        assert network.is_private
        assert network.prefixlen >= 16


def inbound(recording: Recording) -> Iterator[tuple[Request, dict[str, Any]]]:
    for one in of_type(recording, "alicloud_security_group_rule"):
        rule = {key: one.plain(key) for key in one.inputs}
        if rule["type"] == "ingress":
            yield one, rule


def test_nobody_comes_in_but_those_that_access_names(recording: Recording) -> None:
    named = {ip_network("203.0.113.0/28"), ip_network("203.0.113.0/24")}
    for one, rule in inbound(recording):
        by_network = rule.get("cidrIp")
        assert bool(by_network) != bool(rule.get("sourceSecurityGroupId")), one.name
        assert not by_network or ip_network(by_network) in named, one.name
        assert rule.get("description"), one.name


def test_control_ports_are_open_to_groups_only(recording: Recording) -> None:
    for one, rule in inbound(recording):
        first, last = map(int, rule["portRange"].split("/"))
        covered = [port for port in CONTROL if first <= port <= last]
        assert not (covered and rule.get("cidrIp")), one.name


def test_everything_that_can_carry_tags_carries_the_stacks(recording: Recording) -> None:
    for one in ours(recording):
        if translate.type_of(one.type) not in UNTAGGED:
            assert OUR_TAGS.items() <= one.plain("tags").items(), one.name
