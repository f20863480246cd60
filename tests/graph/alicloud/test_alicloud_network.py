"""Where machines stand, who reaches them, and what they share."""

import json
from typing import Any

import pytest

from components.platforms import ray
from components.ports import SSH
from tests.graph.alicloud.conftest import Changed
from tests.graph.alicloud_cloud import FILES, VPC, VSWITCH, ZONES
from tests.graph.recording import Recording, Request

EXISTING = {"vpcId": VPC, "vswitchId": VSWITCH}


def of_kind(recording: Recording, kind: str) -> list[Request]:
    return [
        request for request in recording.requests.values() if request.type.startswith(f"alicloud:{kind}:")
    ]


def rules(recording: Recording, way: str = "ingress") -> list[dict[str, Any]]:
    found = of_kind(recording, "ecs/securityGroupRule")
    return [rule.inputs for rule in found if rule.inputs["type"] == way]


def in_order(recording: Recording) -> list[str]:
    return sorted(json.dumps(rule, sort_keys=True) for rule in rules(recording))


def private(config: dict[str, Any]) -> None:
    config["network"]["private"] = True


def existing(config: dict[str, Any]) -> None:
    config["network"] = dict(EXISTING)


def role(group: str) -> str:
    return group.removeprefix("security-groups-").removesuffix("-id")


# rules


def test_rules_are_those_of_the_catalogue(cluster: Recording) -> None:
    catalogue = {
        (port.to_role, source, f"{port.first}/{port.last}")
        for port in (*SSH, *ray.PORTS)
        for source in port.sources
        if port.to_role in ("master", "worker") and source in ("master", "worker")
    }
    catalogue |= {("master", "203.0.113.0/28", "22/22")}
    found = {
        (
            role(rule["securityGroupId"]),
            rule.get("cidrIp") or role(rule["sourceSecurityGroupId"]),
            rule["portRange"],
        )
        for rule in rules(cluster)
    }
    assert found == catalogue
    assert {(rule["ipProtocol"], rule["policy"], rule["nicType"]) for rule in rules(cluster)} == {
        ("tcp", "accept", "intranet")
    }


def test_a_rule_names_one_source(cluster: Recording) -> None:
    for rule in rules(cluster):
        assert ("cidrIp" in rule) != ("sourceSecurityGroupId" in rule)
        assert not {"ipv6CidrIp", "prefixListId"} & set(rule)


def test_only_the_master_is_reached_from_outside_by_ssh_and_by_admins(cluster: Recording) -> None:
    (outside,) = [rule for rule in rules(cluster) if "cidrIp" in rule]
    assert outside["cidrIp"] == "203.0.113.0/28"
    assert (outside["securityGroupId"], outside["portRange"]) == ("security-groups-master-id", "22/22")


def test_a_gpu_vm_lets_in_ssh_of_admins_and_nothing_for_its_agent(gpu_vms: Recording) -> None:
    (only,) = rules(gpu_vms)
    assert (only["cidrIp"], only["portRange"]) == ("203.0.113.0/28", "22/22")


def test_nothing_is_open_to_the_world_unless_the_stack_says_so(cluster: Recording, changed: Changed) -> None:
    assert "0.0.0.0/0" not in json.dumps(rules(cluster))
    after = changed(lambda config: config.update(access={"admins": ["0.0.0.0/0"], "openToTheWorld": True}))
    assert [rule["portRange"] for rule in rules(after) if rule.get("cidrIp") == "0.0.0.0/0"] == ["22/22"]


def test_machines_of_one_group_do_not_reach_each_other_but_by_a_rule(
    cluster: Recording, gpu_vms: Recording
) -> None:
    for group in (*of_kind(cluster, "ecs/securityGroup"), *of_kind(gpu_vms, "ecs/securityGroup")):
        assert group.inputs["innerAccessPolicy"] == "Drop", group.name
        assert group.inputs["securityGroupType"] == "normal", group.name


def test_what_goes_out_is_said(cluster: Recording) -> None:
    found = rules(cluster, "egress")
    assert {role(rule["securityGroupId"]) for rule in found} == {"master", "worker"}
    for rule in found:
        assert (rule["ipProtocol"], rule["portRange"], rule["cidrIp"]) == ("all", "-1/-1", "0.0.0.0/0")


def test_rules_say_what_they_are_for_in_as_many_letters_as_ecs_takes(cluster: Recording) -> None:
    for rule in (*rules(cluster), *rules(cluster, "egress")):
        assert 1 <= len(rule["description"]) <= 512


def test_one_worker_more_changes_no_rule_and_no_group(cluster: Recording, changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"][0].update(count=30))
    assert in_order(after) == in_order(cluster)


# a VPC of its own


def test_machines_stand_in_one_vswitch_of_the_zone_that_the_stack_names(
    cluster: Recording, gpu_vms: Recording
) -> None:
    for recording in (cluster, gpu_vms):
        vpc, vswitch = recording["network"].inputs, recording["network-vswitch"].inputs
        assert (vswitch["zoneId"], vswitch["vpcId"]) == (ZONES[-1], "network-id")
        assert vswitch["cidrBlock"] == vpc["cidrBlock"] == "10.90.0.0/16"
        for instance in of_kind(recording, "ecs/instance"):
            assert instance.inputs["vswitchId"] == "network-vswitch-id", instance.name


def test_another_zone_or_range_makes_the_network_anew_beside_the_old_one(
    cluster: Recording, changed: Changed
) -> None:
    before = cluster["network"].raw
    assert list(before.replaceOnChanges) == ["cidrBlock"]
    assert not before.deleteBeforeReplace, "machines stand in it"
    moved = changed(lambda config: config["network"].update(zone=ZONES[0]))
    assert moved["network"].raw.replacement_trigger != before.replacement_trigger
    assert changed()["network"].raw.replacement_trigger == before.replacement_trigger


def test_there_is_no_gateway_where_every_machine_has_an_address(
    cluster: Recording, gpu_vms: Recording
) -> None:
    for recording in (cluster, gpu_vms):
        assert not of_kind(recording, "vpc/natGateway")
        assert not of_kind(recording, "vpc/snatEntry")


def goes_out_by_nat(recording: Recording) -> None:
    gateway, entry = recording["network-nat"].inputs, recording["network-way-out"].inputs
    assert (gateway["natType"], gateway["internetChargeType"]) == ("Enhanced", "PayByLcu")
    assert gateway["vswitchId"] == "network-vswitch-id"
    assert (entry["snatTableId"], entry["sourceVswitchId"]) == ("stb-network-nat", "network-vswitch-id")
    assert entry["snatIp"].startswith("203.0.113.")
    given = recording["network-nat-address-given"].inputs
    assert (given["instanceId"], given["instanceType"]) == ("network-nat-id", "Nat")


def test_private_workers_go_out_by_nat(changed: Changed) -> None:
    goes_out_by_nat(changed(private))


def test_so_does_a_gpu_vm_without_an_address(vms_changed: Changed) -> None:
    goes_out_by_nat(vms_changed(lambda config: config["gpuVms"][0].update(internetMbps=0)))


# a VPC that is there


def test_of_a_vpc_that_is_there_nothing_is_made_or_changed(changed: Changed) -> None:
    after = changed(existing, private)
    assert not [request.type for request in after.requests.values() if ":vpc/" in request.type]
    assert after["security-groups-worker"].inputs["vpcId"] == VPC
    for instance in of_kind(after, "ecs/instance"):
        assert instance.inputs["vswitchId"] == VSWITCH


def test_there_the_storage_is_for_the_vswitchs_own_range(changed: Changed) -> None:
    after = changed(existing)
    assert after["storage-access-rule"].inputs["sourceCidrIp"] == "172.16.8.0/24"
    assert after["storage-mount-target"].inputs["vswitchId"] == VSWITCH


# storage


def test_storage_is_encrypted_and_stands_where_machines_do(cluster: Recording) -> None:
    inputs = cluster["storage-files"].inputs
    assert (inputs["encryptType"], inputs["protocolType"]) == (1, "NFS")
    assert (inputs["fileSystemType"], inputs["storageType"]) == ("standard", "Performance")
    assert inputs["zoneId"] == ZONES[-1]


def test_another_zone_leaves_the_data_where_it_is(cluster: Recording) -> None:
    assert list(cluster["storage-files"].raw.ignoreChanges) == ["zoneId"]


def test_only_machines_of_the_vswitch_reach_it(cluster: Recording) -> None:
    rule = cluster["storage-access-rule"].inputs
    assert rule["sourceCidrIp"] == "10.90.0.0/16"
    assert (rule["rwAccessType"], rule["userAccessType"]) == ("RDWR", "no_squash")
    assert len(of_kind(cluster, "nas/accessRule")) == 1
    target = cluster["storage-mount-target"].inputs
    name = cluster["storage-access"].inputs["accessGroupName"]
    assert target["accessGroupName"] == name == "vision-dev-nas"
    assert target["vswitchId"] == "network-vswitch-id"


@pytest.mark.parametrize(("said", "kept"), [({}, True), ({"onDestroy": "delete"}, False)])
def test_files_are_kept_unless_the_stack_says_otherwise(
    changed: Changed, said: dict[str, str], kept: bool
) -> None:
    after = changed(lambda config: config.update(storage=said))
    assert after["storage-files"].raw.retainOnDelete is kept
    for name in ("storage-access", "storage-access-rule", "storage-mount-target"):
        assert not after[name].raw.retainOnDelete, "or the network could not go"


def test_a_file_system_that_is_there_gets_a_mount_target_and_nothing_else(changed: Changed) -> None:
    after = changed(lambda config: config.update(storage={"fileSystemId": FILES}))
    assert not of_kind(after, "nas/fileSystem")
    assert after["storage-mount-target"].inputs["fileSystemId"] == FILES


def test_gpu_vms_alone_share_nothing(gpu_vms: Recording) -> None:
    assert not [request.type for request in gpu_vms.requests.values() if ":nas/" in request.type]
