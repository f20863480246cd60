"""How machines are made: hardened, tagged, and replaced by what must replace them only."""

from typing import Any

import pytest

from components.connection import FIRST_CONTACT_DIALS
from tests.graph.aws.conftest import Changed
from tests.graph.recording import Recording, Request

NAMED = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]
WORKERS = NAMED[1:]
TAGS = {"project": "agent-fleet", "stack": "dev", "team": "earth-observation"}


def template(recording: Recording) -> Request:
    return recording["burst-template-debian-x86_64"]


def of_kind(recording: Recording, kind: str) -> list[Request]:
    return [request for request in recording.requests.values() if request.type == kind]


@pytest.mark.parametrize("node", NAMED)
def test_a_machine_answers_questions_about_itself_to_version_2_alone(aws: Recording, node: str) -> None:
    options = aws[f"{node}-instance"].inputs["metadataOptions"]
    assert options == {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}


@pytest.mark.parametrize("node", NAMED)
def test_a_machines_disk_is_encrypted_goes_with_it_and_carries_its_tags(aws: Recording, node: str) -> None:
    disk = aws[f"{node}-instance"].inputs["rootBlockDevice"]
    assert disk["encrypted"] is True
    assert disk["deleteOnTermination"] is True
    assert disk["volumeType"] == "gp3"
    assert disk["tags"]["node"] == node


@pytest.mark.parametrize("node", NAMED)
def test_a_machine_carries_the_tags_by_which_it_is_found(aws: Recording, node: str) -> None:
    tags = aws[f"{node}-instance"].inputs["tags"]
    assert TAGS.items() <= tags.items()
    assert tags["Name"] == f"dev-{node}"
    assert tags["node"] == node
    assert tags["role"] == ("master" if node == "master" else "worker")
    assert tags.get("pool") == (None if node == "master" else node.rpartition("-")[0])


def test_everything_that_can_carry_tags_carries_the_stacks(aws: Recording) -> None:
    without = {
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:efs/mountTarget:MountTarget",
        "aws:efs/backupPolicy:BackupPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:iam/rolePolicy:RolePolicy",
    }
    for request in aws.requests.values():
        if request.type.startswith("aws:") and request.type not in without:
            assert TAGS.items() <= request.inputs["tags"].items(), request.name
            assert request.inputs["tags"]["Name"], request.name


def test_the_head_carries_what_rays_autoscaler_looks_for(aws: Recording) -> None:
    tags = aws["master-instance"].inputs["tags"]
    assert tags["ray-cluster-name"] == "dev"
    assert tags["ray-node-type"] == "head"


def test_the_head_is_protected_against_termination_and_pulumi_may_still_end_it(aws: Recording) -> None:
    inputs = aws["master-instance"].inputs
    assert inputs["disableApiTermination"] is True
    assert inputs["forceDestroy"] is True
    for node in WORKERS:
        assert "disableApiTermination" not in aws[f"{node}-instance"].inputs


def test_a_head_that_no_scaler_runs_on_needs_neither_protection_nor_its_tags(changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"].pop())
    inputs = after["master-instance"].inputs
    assert "disableApiTermination" not in inputs
    assert not [tag for tag in inputs["tags"] if tag.startswith("ray-")]


@pytest.mark.parametrize("node", NAMED)
def test_user_data_and_image_never_change_a_machine(aws: Recording, node: str) -> None:
    assert {"ami", "userData"} <= set(aws[f"{node}-instance"].raw.ignoreChanges)
    assert "userDataReplaceOnChange" not in aws[f"{node}-instance"].inputs


@pytest.mark.parametrize("node", NAMED)
def test_another_size_replaces_a_machine_the_old_one_first(aws: Recording, node: str) -> None:
    raw = aws[f"{node}-instance"].raw
    assert raw.deleteBeforeReplace
    assert set(raw.replaceOnChanges) == {"instanceType", "rootBlockDevice.volumeSize"}


def test_the_master_keeps_its_addresses_when_its_instance_is_replaced(aws: Recording) -> None:
    interface, instance = aws["master-interface"], aws["master-instance"]
    assert instance.inputs["primaryNetworkInterface"] == {"networkInterfaceId": "master-interface-id"}
    assert aws["master-address"].inputs["networkInterface"] == "master-interface-id"
    assert instance.urn not in aws.ancestors(interface) | aws.ancestors(aws["master-address"])
    assert not {"subnetId", "vpcSecurityGroupIds", "associatePublicIpAddress"} & set(instance.inputs)


def test_machines_with_names_stand_in_the_first_zone_wherever_others_come_and_go(
    aws: Recording, changed: Changed
) -> None:
    after = changed(lambda config: config["network"]["zones"].pop())
    for recording in (aws, after):
        for node in WORKERS:
            assert recording[f"{node}-instance"].inputs["subnetId"] == "network-public-eu-central-1a-id"


def test_spot_is_asked_for_once_and_without_a_price(aws: Recording) -> None:
    assert aws["cheap-1-instance"].inputs["instanceMarketOptions"] == {
        "marketType": "spot",
        "spotOptions": {"spotInstanceType": "one-time", "instanceInterruptionBehavior": "terminate"},
    }
    assert "instanceMarketOptions" not in aws["steady-1-instance"].inputs


def test_the_image_is_debians_by_its_publisher_or_the_one_that_is_named(
    aws: Recording, changed: Changed
) -> None:
    assert aws["steady-1-instance"].inputs["ami"] == "ami-newest-debian-13-amd64-*"
    after = changed(lambda config: config["cluster"]["pools"][0].update(imageId="ami-0123456789abcdef0"))
    assert after["steady-1-instance"].inputs["ami"] == "ami-0123456789abcdef0"


def test_machines_with_gpus_boot_the_vendors_image(changed: Changed) -> None:
    gpu = {"name": "gpu", "count": 1, "instanceTypes": ["g4dn.xlarge"], "gpus": 1, "diskGiB": 100}
    after = changed(lambda config: config["cluster"]["pools"].insert(0, gpu))
    assert after["gpu-1-instance"].inputs["ami"] == "ami-gpu"


def test_arm_types_boot_an_arm_image(changed: Changed) -> None:
    after = changed(lambda config: config["cluster"]["pools"][0].update(instanceTypes=["c6g.large"]))
    assert after["steady-1-instance"].inputs["ami"] == "ami-newest-debian-13-arm64-*"


def test_first_contact_waits_for_a_machine_that_boots(aws: Recording) -> None:
    for node in NAMED:
        assert aws[f"{node}-step"].plain("connection")["dialErrorLimit"] == FIRST_CONTACT_DIALS


def test_a_worker_is_dialled_at_its_private_address_through_the_masters_public_one(aws: Recording) -> None:
    connection = aws["steady-1-step"].plain("connection")
    assert connection["host"].startswith("10.90.")
    assert connection["proxy"]["host"].startswith("203.0.113.")


# launch templates


def test_machines_of_elastic_pools_are_hardened_as_the_others(aws: Recording) -> None:
    inputs = template(aws).inputs
    assert inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = inputs["blockDeviceMappings"]
    assert disk["deviceName"] == "/dev/xvda"
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeType"]) == ("true", "gp3")
    assert inputs["iamInstanceProfile"]["arn"].endswith("identities-worker-profile")


def test_a_launch_template_leaves_to_the_request_what_ray_says_in_it(aws: Recording) -> None:
    said = {"instanceType", "networkInterfaces", "vpcSecurityGroupIds", "instanceMarketOptions"}
    assert not said & set(template(aws).inputs)


def test_machines_disks_and_interfaces_of_elastic_pools_are_tagged_without_a_nodes_name(
    aws: Recording,
) -> None:
    found = {one["resourceType"]: one["tags"] for one in template(aws).inputs["tagSpecifications"]}
    assert set(found) == {"instance", "volume", "network-interface", "spot-instances-request"}
    for tags in found.values():
        assert TAGS.items() <= tags.items()
        assert tags["pool"] == "burst"
        assert tags["role"] == "worker"
        assert "node" not in tags, "the reaper tells them apart by it"


def test_an_elastic_worker_that_powers_itself_off_is_gone(aws: Recording) -> None:
    assert template(aws).inputs["instanceInitiatedShutdownBehavior"] == "terminate"


def test_a_newer_image_is_no_change_of_a_launch_template_but_a_named_one_is(
    aws: Recording, changed: Changed
) -> None:
    assert "imageId" in template(aws).raw.ignoreChanges
    image = "ami-0123456789abcdef0"
    after = changed(lambda config: config["cluster"]["pools"][2].update(imageId=image))
    named = after[f"burst-template-{image}"]
    assert named.inputs["imageId"] == image
    assert "imageId" not in named.raw.ignoreChanges


def test_the_master_is_told_how_workers_are_launched(aws: Recording) -> None:
    stdin: Any = aws["master-step"].plain("stdin")
    for word in ("burst-template-debian-x86_64-id", "security-groups-worker-id", "c5a.large"):
        assert word in stdin
    for letter in "abc":
        assert f"network-public-eu-central-1{letter}-id" in stdin


def test_there_is_a_launch_template_for_elastic_pools_alone(aws: Recording) -> None:
    assert len(of_kind(aws, "aws:ec2/launchTemplate:LaunchTemplate")) == 1
