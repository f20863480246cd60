"""Where no scanner looks, for stacks that together have every feature; tests/graph/aws has the rest."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from tests.graph.recording import Recording, Request
from tests.policy.conftest import configs

# Whoever reaches one of these may run code or read files: Ray's records, dashboard and client; the storage.
CONTROL = (6379, 8265, 10001, 2049)
OUR_TAGS = {"project": "agent-fleet", "team": "earth-observation"}
# They have no tags of their own on AWS.
UNTAGGED = {
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/volumeAttachment:VolumeAttachment",
    "aws:efs/backupPolicy:BackupPolicy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:efs/mountTarget:MountTarget",
    "aws:iam/rolePolicy:RolePolicy",
}


@pytest.fixture(params=sorted(configs()))
def recording(request: pytest.FixtureRequest, recordings: Mapping[str, Recording]) -> Recording:
    return recordings[request.param]


def of_type(recording: Recording, ending: str) -> list[Request]:
    return [one for one in recording.requests.values() if one.type.endswith(f":{ending}")]


def test_instances_and_templates_are_hardened_alike(recording: Recording) -> None:
    instances, templates = of_type(recording, "Instance"), of_type(recording, "LaunchTemplate")
    assert instances
    for one in (*instances, *templates):
        options = one.plain("metadataOptions")
        assert options["httpTokens"] == "required", one.name
        assert options["httpPutResponseHopLimit"] == 1, one.name
    for one in instances:
        assert one.plain("rootBlockDevice")["encrypted"] is True, one.name
    for one in templates:
        disks = one.plain("blockDeviceMappings")
        assert disks, one.name
        assert all(disk["ebs"]["encrypted"] == "true" for disk in disks), one.name
        assert one.plain("instanceInitiatedShutdownBehavior") == "terminate", one.name


def test_spot_is_asked_for_by_instances_alone(recording: Recording) -> None:
    """A resource for a spot request is one that no check of IMDS or encryption looks at."""
    assert not [one.type for one in recording.requests.values() if "spot" in one.type.lower()]


def rules(recording: Recording) -> Iterator[tuple[Request, dict[str, Any]]]:
    for one in of_type(recording, "SecurityGroupIngressRule"):
        yield one, {key: one.plain(key) for key in one.inputs}


def test_nobody_comes_in_but_those_that_access_names(recording: Recording) -> None:
    named = {ip_network("203.0.113.0/28"), ip_network("203.0.113.0/24")}
    for one, rule in rules(recording):
        by_network = rule.get("cidrIpv4")
        assert bool(by_network) != bool(rule.get("referencedSecurityGroupId")), one.name
        assert not rule.get("cidrIpv6"), one.name
        assert not by_network or ip_network(by_network) in named, one.name
        assert rule.get("description"), one.name


def test_control_ports_are_open_to_groups_only(recording: Recording) -> None:
    for one, rule in rules(recording):
        covered = [port for port in CONTROL if rule["fromPort"] <= port <= rule["toPort"]]
        assert not (covered and rule.get("cidrIpv4")), one.name


def test_everything_that_can_carry_tags_carries_the_stacks(recording: Recording) -> None:
    for one in recording.requests.values():
        if not one.type.startswith("aws:") or not one.raw.custom or one.type in UNTAGGED:
            continue
        assert OUR_TAGS.items() <= one.plain("tags").items(), one.name
        assert one.plain("tags")["stack"]


def statements(recording: Recording) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in of_type(recording, "RolePolicy"):
        for statement in json.loads(one.plain("policy"))["Statement"]:
            yield one.name, statement


def test_no_machine_may_do_anything_at_all_anywhere(recording: Recording) -> None:
    for name, statement in statements(recording):
        assert isinstance(statement["Action"], list), name
        assert not [action for action in statement["Action"] if "*" in action], name
        if "*" in statement["Resource"]:
            assert all(":Describe" in action for action in statement["Action"]), name
