"""Where machines stand, and who reaches them."""

import json
import re
from typing import Any

import pytest

from components.clouds.aws.security_groups import description
from components.platforms import ray
from components.ports import SSH
from tests.graph.aws.conftest import CONFIG, Changed
from tests.graph.aws_cloud import VPC, AwsCloud
from tests.graph.recording import Recording, Request, record

EXISTING = {"vpcId": VPC, "subnetIds": [f"subnet-0000000000000000{number}" for number in range(3)]}


def of_kind(recording: Recording, kind: str) -> list[Request]:
    return [request for request in recording.requests.values() if request.type.startswith(f"aws:{kind}")]


def inbound(recording: Recording) -> list[dict[str, Any]]:
    return [rule.inputs for rule in of_kind(recording, "vpc/securityGroupIngressRule")]


def in_order(recording: Recording) -> list[str]:
    return sorted(json.dumps(rule, sort_keys=True) for rule in inbound(recording))


def private(config: dict[str, Any]) -> None:
    config["network"]["private"] = True


def existing(config: dict[str, Any]) -> None:
    config["network"] = dict(EXISTING)


# rules


def test_rules_are_those_of_the_catalogue_and_the_storages(aws: Recording) -> None:
    catalogue = {
        (port.to_role, source, port.first, port.last)
        for port in (*SSH, *ray.PORTS)
        for source in port.sources
        if port.to_role in ("master", "worker") and source in ("master", "worker")
    }
    catalogue |= {("master", "203.0.113.0/28", 22, 22)}
    catalogue |= {("storage", role, 2049, 2049) for role in ("master", "worker")}

    def role(group: str) -> str:
        return group.removeprefix("security-groups-").removesuffix("-id")

    found = {
        (
            role(rule["securityGroupId"]),
            rule.get("cidrIpv4") or role(rule["referencedSecurityGroupId"]),
            rule["fromPort"],
            rule["toPort"],
        )
        for rule in inbound(aws)
    }
    assert found == catalogue
    assert {rule["ipProtocol"] for rule in inbound(aws)} == {"tcp"}


def test_a_rule_names_one_source(aws: Recording) -> None:
    for rule in inbound(aws):
        assert ("cidrIpv4" in rule) != ("referencedSecurityGroupId" in rule)


def test_only_the_master_is_reached_from_outside_by_ssh_and_by_admins(aws: Recording) -> None:
    (outside,) = [rule for rule in inbound(aws) if "cidrIpv4" in rule]
    assert outside["cidrIpv4"] == "203.0.113.0/28"
    assert outside["securityGroupId"] == "security-groups-master-id"
    assert outside["fromPort"] == outside["toPort"] == 22


def test_nothing_is_open_to_the_world_unless_the_stack_says_so(aws: Recording, changed: Changed) -> None:
    assert "0.0.0.0/0" not in json.dumps(inbound(aws))
    after = changed(lambda config: config.update(access={"admins": ["0.0.0.0/0"], "openToTheWorld": True}))
    assert [rule["fromPort"] for rule in inbound(after) if rule.get("cidrIpv4") == "0.0.0.0/0"] == [22]


def test_groups_hold_no_rules_of_their_own_which_would_fight_the_others(aws: Recording) -> None:
    for group in of_kind(aws, "ec2/securityGroup:"):
        assert not {"ingress", "egress"} & set(group.inputs), group.name


def test_what_goes_out_is_said(aws: Recording) -> None:
    found = {rule.inputs["securityGroupId"] for rule in of_kind(aws, "vpc/securityGroupEgressRule")}
    assert found == {"security-groups-master-id", "security-groups-worker-id"}, "the storage goes nowhere"


def test_groups_and_rules_say_what_they_are_for_in_letters_that_ec2_takes(aws: Recording) -> None:
    allowed = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
    for request in (*of_kind(aws, "ec2/securityGroup:"), *of_kind(aws, "vpc/securityGroup")):
        assert allowed.fullmatch(request.inputs["description"]), request.inputs["description"]


def test_a_description_loses_what_ec2_refuses() -> None:
    assert description("the cluster's own <records>") == "the clusters own records"


def test_one_worker_more_changes_no_rule_and_no_group(aws: Recording, changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"][0].update(count=30))
    assert in_order(after) == in_order(aws)


# a VPC of its own


def test_names_of_the_storage_can_be_resolved(aws: Recording) -> None:
    assert aws["network"].inputs["enableDnsHostnames"] is True
    assert aws["network"].inputs["enableDnsSupport"] is True


def test_no_subnet_gives_an_address_to_whatever_is_put_into_it(aws: Recording, changed: Changed) -> None:
    for recording in (aws, changed(private)):
        for subnet in of_kind(recording, "ec2/subnet:"):
            assert subnet.inputs["mapPublicIpOnLaunch"] is False, subnet.name


def test_every_zone_has_a_subnet_with_a_way_out(aws: Recording) -> None:
    zones = {subnet.inputs["availabilityZone"]: subnet.name for subnet in of_kind(aws, "ec2/subnet:")}
    assert set(zones) == set(CONFIG["network"]["zones"])
    for name in zones.values():
        assert aws[f"{name}-routes"].inputs["routeTableId"] == "network-public-routes-id"
    assert aws["network-public-way-out"].inputs["gatewayId"] == "network-gateway-id"


def test_the_default_security_group_lets_nothing_through(aws: Recording) -> None:
    inputs = aws["network-default-group"].inputs
    assert inputs["vpcId"] == "network-id"
    assert not {"ingress", "egress"} & set(inputs)


def test_a_zone_that_comes_or_goes_moves_no_other(aws: Recording, changed: Changed) -> None:
    after = changed(lambda config: config["network"]["zones"].pop())
    for letter in "ab":
        name = f"network-public-eu-central-1{letter}"
        assert after[name].inputs == aws[name].inputs


def test_workers_ask_for_a_public_address_where_they_have_no_other_way_out(aws: Recording) -> None:
    assert aws["steady-1-instance"].inputs["associatePublicIpAddress"] is True


def test_private_workers_have_no_public_address_and_go_out_by_one_gateway(changed: Changed) -> None:
    after = changed(private)
    inputs = after["steady-1-instance"].inputs
    assert inputs["associatePublicIpAddress"] is False
    assert inputs["subnetId"] == "network-private-eu-central-1a-id"
    assert len(of_kind(after, "ec2/natGateway")) == 1
    assert after["network-private-way-out"].inputs["natGatewayId"] == "network-nat-id"
    assert after["master-interface"].inputs["subnetId"] == "network-public-eu-central-1a-id"
    assert "network-private-way-out" in after.names(after.ancestors(after["steady-1-instance"]))


def test_s3_is_reached_past_the_gateways_from_every_subnet(aws: Recording, changed: Changed) -> None:
    assert aws["network-s3"].inputs["serviceName"] == "com.amazonaws.eu-central-1.s3"
    assert aws["network-s3"].inputs["vpcEndpointType"] == "Gateway"
    tables = {"network-public-routes-id", "network-private-routes-id"}
    assert set(changed(private)["network-s3"].inputs["routeTableIds"]) == tables


# a VPC that is there


def test_of_a_vpc_that_is_there_nothing_is_made_or_changed(changed: Changed) -> None:
    after = changed(existing)
    kinds = {request.type for request in after.requests.values()}
    assert not [kind for kind in kinds if re.search("Vpc|Subnet|Route|Gateway|Default", kind)]
    assert after["security-groups-worker"].inputs["vpcId"] == VPC


def test_in_a_vpc_that_is_there_machines_stand_in_the_subnets_that_are_named(changed: Changed) -> None:
    after = changed(existing)
    assert after["master-interface"].inputs["subnetId"] == EXISTING["subnetIds"][0]
    assert after["steady-1-instance"].inputs["subnetId"] == EXISTING["subnetIds"][0]


def test_with_private_the_first_subnet_is_the_masters_and_the_others_the_workers(changed: Changed) -> None:
    after = changed(existing, private)
    assert after["master-interface"].inputs["subnetId"] == EXISTING["subnetIds"][0]
    assert after["steady-1-instance"].inputs["subnetId"] == EXISTING["subnetIds"][1]


def test_a_zone_with_two_subnets_gets_one_mount_target(config: dict[str, Any]) -> None:
    config["network"] = {
        "vpcId": VPC,
        "subnetIds": [f"subnet-0000000000000000{number}" for number in (0, 3, 1)],
    }
    targets = of_kind(record(config, cloud=AwsCloud()), "efs/mountTarget")
    assert {target.inputs["subnetId"] for target in targets} == {
        "subnet-00000000000000000",
        "subnet-00000000000000001",
    }


# storage


def test_storage_is_encrypted_and_grows_with_its_use(aws: Recording) -> None:
    inputs = aws["storage-files"].inputs
    assert inputs["encrypted"] is True
    assert inputs["throughputMode"] == "elastic"
    assert "lifecyclePolicies" not in inputs
    assert "availabilityZoneName" not in inputs


def test_whoever_comes_without_tls_is_refused(aws: Recording) -> None:
    allow, deny = json.loads(aws["storage-policy"].inputs["policy"])["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow["Condition"] == {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
    assert allow["Resource"] == deny["Resource"] != "*"


def test_every_zone_has_a_mount_target_that_only_the_storages_group_lets_in(aws: Recording) -> None:
    targets = of_kind(aws, "efs/mountTarget")
    assert len(targets) == 3
    for target in targets:
        assert target.inputs["securityGroups"] == ["security-groups-storage-id"]


@pytest.mark.parametrize(("said", "kept"), [({}, True), ({"onDestroy": "delete"}, False)])
def test_files_their_policy_and_backups_are_kept_unless_the_stack_says_otherwise(
    changed: Changed, said: dict[str, str], kept: bool
) -> None:
    after = changed(lambda config: config.update(storage=said))
    for name in ("storage-files", "storage-policy", "storage-backup"):
        assert after[name].raw.retainOnDelete is kept
    assert not after["storage-eu-central-1a"].raw.retainOnDelete, "or its group could not go"


def test_no_backup_is_said_not_left_out(aws: Recording, changed: Changed) -> None:
    assert aws["storage-backup"].inputs["backupPolicy"] == {"status": "ENABLED"}
    after = changed(lambda config: config.update(storage={"backup": False}))
    assert after["storage-backup"].inputs["backupPolicy"] == {"status": "DISABLED"}


def test_a_file_system_that_is_there_gets_mount_targets_and_nothing_else(changed: Changed) -> None:
    after = changed(lambda config: config.update(storage={"fileSystemId": "fs-0123456789abcdef0"}))
    assert {request.type for request in of_kind(after, "efs/")} == {"aws:efs/mountTarget:MountTarget"}
    assert after["storage-eu-central-1a"].inputs["fileSystemId"] == "fs-0123456789abcdef0"
