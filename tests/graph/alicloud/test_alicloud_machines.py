"""How machines are made: hardened, tagged, reached by what outlives them."""

from typing import Any

import pytest

from components.connection import FIRST_CONTACT_DIALS
from tests.graph.alicloud.conftest import Changed
from tests.graph.recording import Recording, Request

CLUSTERS = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]
VMS = ["annotator-1", "annotator-2"]
TAGS = {"project": "agent-fleet", "stack": "dev", "team": "vision"}
UNTAGGED = {
    "alicloud:ecs/securityGroupRule:SecurityGroupRule",
    "alicloud:ecs/eipAssociation:EipAssociation",
    "alicloud:vpc/snatEntry:SnatEntry",
    "alicloud:nas/accessGroup:AccessGroup",
    "alicloud:nas/accessRule:AccessRule",
    "alicloud:nas/mountTarget:MountTarget",
}


@pytest.fixture(params=[*CLUSTERS, *VMS])
def instance(request: pytest.FixtureRequest, cluster: Recording, gpu_vms: Recording) -> Request:
    name: str = request.param
    return (gpu_vms if name in VMS else cluster)[f"{name}-instance"]


def test_a_machine_answers_questions_about_itself_to_version_2_alone(instance: Request) -> None:
    assert instance.inputs["httpEndpoint"] == "enabled"
    assert instance.inputs["httpTokens"] == "required"


def test_a_machines_disk_is_encrypted_and_carries_its_tags(instance: Request) -> None:
    assert instance.inputs["systemDiskEncrypted"] is True
    assert instance.inputs["systemDiskCategory"] == "cloud_essd"
    assert TAGS.items() <= instance.inputs["volumeTags"].items()
    assert instance.inputs["volumeTags"]["node"] == instance.name.removesuffix("-instance")


def test_nobody_logs_in_with_a_password_or_a_key_of_the_account(instance: Request) -> None:
    ways = {"password", "kmsEncryptedPassword", "keyName", "passwordInherit", "roleName"}
    assert not ways & set(instance.inputs)


def test_a_machine_carries_the_tags_by_which_it_is_found(instance: Request) -> None:
    node, tags = instance.name.removesuffix("-instance"), instance.inputs["tags"]
    assert TAGS.items() <= tags.items()
    assert tags["node"] == node
    role = "master" if node == "master" else "gpuVm" if node in VMS else "worker"
    assert tags["role"] == role
    assert tags.get("pool") == (node.rpartition("-")[0] if role == "worker" else None)
    assert instance.inputs["instanceName"] == f"dev-{node}"


def test_a_machine_is_paid_by_the_hour(instance: Request) -> None:
    assert instance.inputs["instanceChargeType"] == "PostPaid"
    spot = instance.name in ("cheap-1-instance", "annotator-2-instance")
    assert instance.inputs["spotStrategy"] == ("SpotAsPriceGo" if spot else "NoSpot")
    assert "spotPriceLimit" not in instance.inputs


def test_user_data_and_image_never_change_a_machine(instance: Request) -> None:
    assert {"imageId", "userData"} <= set(instance.raw.ignoreChanges)
    assert instance.is_secret("userData")


def test_what_reads_otherwise_than_it_was_written_changes_nothing(instance: Request) -> None:
    assert {"internetMaxBandwidthOut", "stoppedMode"} <= set(instance.raw.ignoreChanges)


def test_another_size_or_place_replaces_a_machine_the_old_one_first(instance: Request) -> None:
    assert instance.raw.deleteBeforeReplace
    assert set(instance.raw.replaceOnChanges) == {"instanceType", "systemDiskSize", "vswitchId"}


def test_a_machine_is_registered_without_the_outputs_that_nobody_reads(instance: Request) -> None:
    read = {"privateIp"}
    computed = {"publicIp", "primaryIpAddress", "cpu", "memory", "osName", "networkInterfaceId"}
    assert not (computed - read) & set(instance.inputs)
    assert instance.raw.version == "4.0.0"


def test_everything_that_can_carry_tags_carries_the_stacks(
    cluster: Recording, gpu_vms: Recording, changed: Changed
) -> None:
    private = changed(lambda config: config["network"].update(private=True))
    for recording in (cluster, gpu_vms, private):
        for request in recording.requests.values():
            if request.type.startswith("alicloud:") and request.type not in UNTAGGED:
                assert TAGS.items() <= request.inputs["tags"].items(), request.name


def test_the_way_in_has_an_address_that_outlives_the_machine(cluster: Recording) -> None:
    address, given = cluster["master-address"], cluster["master-address-given"]
    assert cluster["master-instance"].urn not in cluster.ancestors(address)
    assert (given.inputs["allocationId"], given.inputs["instanceId"]) == (
        "master-address-id",
        "master-instance-id",
    )
    assert given.raw.deleteBeforeReplace
    assert address.inputs["internetChargeType"] == "PayByTraffic"
    assert cluster["master-instance"].inputs["internetMaxBandwidthOut"] == 0, "or it had a second one"
    step = cluster["master-step"].plain("connection")
    assert step["host"] == cluster.outputs["masterPublicIp"] != cluster.outputs["masterPrivateIp"]


def test_bandwidth_is_a_setting_of_the_address(cluster: Recording, gpu_vms: Recording) -> None:
    assert cluster["master-address"].inputs["bandwidth"] == "100"
    assert gpu_vms["annotator-2-address"].inputs["bandwidth"] == "20"


def test_workers_have_addresses_of_their_own_unless_the_network_is_private(
    cluster: Recording, changed: Changed
) -> None:
    assert cluster["steady-1-instance"].inputs["internetMaxBandwidthOut"] == 100
    after = changed(lambda config: config["network"].update(private=True))
    assert after["steady-1-instance"].inputs["internetMaxBandwidthOut"] == 0
    for recording in (cluster, after):
        assert {one.name for one in recording.requests.values() if one.name.startswith("steady")} == {
            "steady",
            *(
                f"steady-{number}-{kind}"
                for number in (1, 2, 3)
                for kind in ("instance", "step", "membership")
            ),
        }


def test_a_gpu_vm_without_an_address_is_reached_by_its_private_one(vms_changed: Changed) -> None:
    after = vms_changed(lambda config: config["gpuVms"][0].update(internetMbps=0))
    names = after.names(set(after.requests))
    assert not {"annotator-1-address", "annotator-1-address-given"} & names
    assert "annotator-2-address" in names
    host = after["annotator-1-step"].plain("connection")["host"]
    assert host.startswith("10.90.")
    assert after.outputs["gpuVms"][0]["publicIp"] == host


def test_first_contact_waits_for_a_machine_that_boots(cluster: Recording, gpu_vms: Recording) -> None:
    for recording, nodes in ((cluster, CLUSTERS), (gpu_vms, VMS)):
        for node in nodes:
            assert recording[f"{node}-step"].plain("connection")["dialErrorLimit"] == FIRST_CONTACT_DIALS


def test_a_worker_is_dialled_at_its_private_address_through_the_masters_public_one(
    cluster: Recording,
) -> None:
    connection = cluster["steady-1-step"].plain("connection")
    assert connection["host"].startswith("10.90.")
    assert connection["proxy"]["host"].startswith("203.0.113.")


def test_the_image_is_the_newest_debian_13_or_the_one_that_is_named(
    cluster: Recording, gpu_vms: Recording, changed: Changed
) -> None:
    newest = "debian_13_1_x64_20G_alibase_20250925.vhd"
    assert cluster["steady-1-instance"].inputs["imageId"] == newest
    assert gpu_vms["annotator-1-instance"].inputs["imageId"] == newest
    image = "m-bp1a2b3c4d5e6f7g8h9i0"
    after = changed(lambda config: config["cluster"]["pools"][0].update(imageId=image))
    assert after["steady-1-instance"].inputs["imageId"] == image


def test_arm_types_boot_an_arm_image(changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"][0].update(instanceType="ecs.c8y.large"))
    assert "arm64" in after["steady-1-instance"].inputs["imageId"]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({}, {"deletionProtection": False, "stoppedMode": "KeepCharging"}),
        ({"deletionProtection": True}, {"deletionProtection": True}),
        ({"stoppedMode": "stopCharging"}, {"stoppedMode": "StopCharging"}),
        ({"releaseTime": "2027-01-31T18:00:00Z"}, {"autoReleaseTime": "2027-01-31T18:00:00Z"}),
        ({"diskGiB": 500}, {"systemDiskSize": 500}),
        ({"diskCategory": "cloud_auto"}, {"systemDiskCategory": "cloud_auto"}),
    ],
)
def test_what_a_gpu_vm_may_be_told(vms_changed: Changed, said: dict[str, Any], asked: dict[str, Any]) -> None:
    after = vms_changed(lambda config: config["gpuVms"][0].update(said))
    inputs = after["annotator-1-instance"].inputs
    assert asked.items() <= inputs.items()
    assert ("autoReleaseTime" in inputs) == ("releaseTime" in said)


def test_a_protected_gpu_vm_keeps_its_address_too(gpu_vms: Recording, vms_changed: Changed) -> None:
    after = vms_changed(lambda config: config["gpuVms"][0].update(deletionProtection=True))
    kept = {"annotator-1-instance", "annotator-1-address", "annotator-1-address-given"}
    assert {request.name for request in after.requests.values() if request.raw.protect} == kept
    assert not [request for request in gpu_vms.requests.values() if request.raw.protect]


def test_a_gpu_vm_has_room_for_images_of_agents(gpu_vms: Recording) -> None:
    assert gpu_vms["annotator-1-instance"].inputs["systemDiskSize"] == 300


def test_what_gpu_vms_alone_have_is_not_asked_of_others(cluster: Recording) -> None:
    asked = {"deletionProtection", "stoppedMode", "autoReleaseTime"}
    for node in CLUSTERS:
        assert not asked & set(cluster[f"{node}-instance"].inputs), node
