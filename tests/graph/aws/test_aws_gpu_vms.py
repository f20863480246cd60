"""GPU VMs on AWS: their machines, who reaches them, what they may do, and what a change does."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml

from components.config.aws import AwsConfig
from components.config.base import Change
from components.config.fields import change_table
from components.config.local import LocalConfig
from tests.graph.aws.conftest import CONFIG as CLUSTER_STACK
from tests.graph.aws.test_aws_changes import difference, replaced
from tests.graph.aws_cloud import REGION, VPC, AwsCloud
from tests.graph.recording import SEED, Recording, Request, record
from tests.graph.test_secrets import visible

API_TOKEN = "canary-api-" + "0" * 20
SECRETS = {"superviselyApiTokens": API_TOKEN}
SETTINGS = {"serverAddress": "https://app.example.org", "teamId": 7}
IMAGE = "ami-0123456789abcdef0"
SUBNETS = [f"subnet-0000000000000000{number}" for number in range(3)]

GPU_VMS: list[dict[str, Any]] = [
    {
        "name": "annotator",
        "platform": "supervisely",
        "instanceType": "g4dn.xlarge",
        "gpus": 1,
        "settings": SETTINGS,
    },
    {
        "name": "cheap",
        "platform": "supervisely",
        "instanceType": "c5.2xlarge",
        "diskGiB": 60,
        "market": "spot",
        "ephemeral": True,
        "settings": SETTINGS,
    },
]
CONFIG: dict[str, Any] = {
    "team": "vision",
    "cloud": "aws",
    "access": {"admins": ["203.0.113.0/28"], "users": ["198.51.100.0/24"]},
    "network": {"zones": ["eu-central-1a"]},
    "gpuVms": GPU_VMS,
}
NAMED = [vm["name"] for vm in GPU_VMS]

Edit = Callable[[dict[str, Any]], object]


def changed(*edits: Edit) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    for edit in edits:
        edit(config)
    return config


def first(**values: object) -> Edit:
    return lambda config: config["gpuVms"][0].update(values)


@pytest.fixture(scope="module")
def gpu() -> Recording:
    return record(CONFIG, SECRETS)


@pytest.fixture(scope="module")
def both() -> Recording:
    """Beside a cluster."""
    return record({**CLUSTER_STACK, "gpuVms": GPU_VMS}, SECRETS)


def of_kind(recording: Recording, kind: str) -> list[Request]:
    return [request for request in recording.requests.values() if request.type.startswith(f"aws:{kind}")]


def user_data(recording: Recording, node: str) -> dict[str, Any]:
    return yaml.safe_load(recording[f"{node}-instance"].plain("userData"))


# what is made


def test_a_stack_of_gpu_vms_has_no_storage_no_master_and_nothing_of_them(gpu: Recording) -> None:
    kinds = {request.type for request in gpu.requests.values()}
    assert not [kind for kind in kinds if "efs" in kind]
    assert not [
        request.name for request in gpu.requests.values() if re.search("storage|master|worker", request.name)
    ]
    assert set(gpu.outputs) == {"gpuVms", "ssh", "inventory"}


@pytest.mark.parametrize("node", NAMED)
def test_a_machine_is_hardened_as_the_others(gpu: Recording, node: str) -> None:
    inputs = gpu[f"{node}-instance"].inputs
    assert inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    disk = inputs["rootBlockDevice"]
    assert (disk["encrypted"], disk["volumeType"], disk["deleteOnTermination"]) == (True, "gp3", True)
    tags = inputs["tags"]
    assert (tags["stack"], tags["team"], tags["role"], tags["node"]) == ("dev", "vision", "gpuVm", node)
    assert "pool" not in tags


def test_a_disk_is_large_enough_for_images_unless_the_stack_says_otherwise(gpu: Recording) -> None:
    sizes = [gpu[f"{node}-instance"].inputs["rootBlockDevice"]["volumeSize"] for node in NAMED]
    assert sizes == [200, 60]


def test_types_with_gpus_boot_the_vendors_image_and_the_others_debian(gpu: Recording) -> None:
    images = [gpu[f"{node}-instance"].inputs["ami"] for node in NAMED]
    assert images == ["ami-gpu", "ami-newest-debian-13-amd64-*"]
    after = record(changed(first(imageId=IMAGE)), SECRETS)
    assert after["annotator-instance"].inputs["ami"] == IMAGE


@pytest.mark.parametrize("node", NAMED)
def test_a_machine_is_its_own_way_in_by_an_address_that_outlives_it(gpu: Recording, node: str) -> None:
    interface, address, instance = (gpu[f"{node}-{part}"] for part in ("interface", "address", "instance"))
    assert interface.inputs["subnetId"] == "network-public-eu-central-1a-id"
    assert address.inputs["networkInterface"] == f"{node}-interface-id"
    assert instance.inputs["primaryNetworkInterface"] == {"networkInterfaceId": f"{node}-interface-id"}
    assert instance.urn not in gpu.ancestors(interface) | gpu.ancestors(address)
    connection = gpu[f"{node}-step"].plain("connection")
    assert connection["host"].startswith("203.0.113.")
    assert "proxy" not in connection


def test_spot_is_asked_for_once_and_only_where_the_stack_says_so(gpu: Recording) -> None:
    market = gpu["cheap-instance"].inputs["instanceMarketOptions"]
    assert market["marketType"] == "spot"
    assert market["spotOptions"]["spotInstanceType"] == "one-time"
    assert "instanceMarketOptions" not in gpu["annotator-instance"].inputs


# who reaches it


@pytest.mark.parametrize("which", ["gpu", "both"])
def test_no_port_is_open_but_ssh_for_admins(which: str, request: pytest.FixtureRequest) -> None:
    recording: Recording = request.getfixturevalue(which)
    group = "security-groups-gpuVm-id"
    rules = [rule.inputs for rule in of_kind(recording, "vpc/securityGroupIngressRule")]
    (ssh,) = [rule for rule in rules if rule["securityGroupId"] == group]
    assert (ssh["cidrIpv4"], ssh["ipProtocol"], ssh["fromPort"], ssh["toPort"]) == (
        "203.0.113.0/28",
        "tcp",
        22,
        22,
    )
    assert not [rule for rule in rules if rule.get("referencedSecurityGroupId") == group], "it reaches nobody"
    for node in NAMED:
        assert recording[f"{node}-interface"].inputs["securityGroups"] == [group]
    (made,) = [one.inputs for one in of_kind(recording, "ec2/securityGroup:") if one.name.endswith("gpuVm")]
    assert not {"ingress", "egress"} & set(made)


def test_it_goes_out_anywhere(gpu: Recording) -> None:
    (out,) = [rule.inputs for rule in of_kind(gpu, "vpc/securityGroupEgressRule")]
    assert (out["securityGroupId"], out["ipProtocol"]) == ("security-groups-gpuVm-id", "-1")


# what it may do, and who sees what


@pytest.mark.parametrize("which", ["gpu", "both"])
def test_its_role_may_do_nothing(which: str, request: pytest.FixtureRequest) -> None:
    recording: Recording = request.getfixturevalue(which)
    profile = recording["annotator-instance"].inputs["iamInstanceProfile"]
    assert profile == recording["identities-gpuVm-profile"].inputs["name"]
    policies = [one for one in of_kind(recording, "iam/") if "olicy" in one.type]
    assert not [one.name for one in policies if "gpuVm" in one.name]


@pytest.mark.parametrize("node", NAMED)
def test_user_data_guards_the_metadata_and_mounts_nothing(both: Recording, node: str) -> None:
    data = user_data(both, node)
    files = {file["path"]: file["content"] for file in data["write_files"]}
    assert "ip daddr 169.254.169.254 meta skuid != { 0 } reject" in files["/etc/agent-fleet/metadata.nft"]
    assert data["packages"] == ["nftables"]
    assert not [path for path in files if "storage" in path]


def test_a_kernel_that_a_driver_can_be_built_for_is_there_before_sshd_listens(both: Recording) -> None:
    ((_, _, script),) = user_data(both, "annotator")["bootcmd"]
    assert "linux-headers-$release" in script
    assert "bootcmd" not in user_data(both, "steady-1")


@pytest.mark.parametrize("node", NAMED)
def test_user_data_holds_no_secret_but_the_machines_own_host_key(gpu: Recording, node: str) -> None:
    text = gpu[f"{node}-instance"].plain("userData")
    assert gpu[f"{node}-instance"].is_secret("userData")
    for secret in (API_TOKEN, "agent-token-of-the-server", SEED):
        assert secret not in text
        assert secret not in visible(gpu)
    assert text.count("BEGIN OPENSSH PRIVATE KEY") == 1


# order


def test_a_machine_waits_for_its_token_its_rules_and_its_way_out_and_for_no_storage(
    gpu: Recording, both: Recording
) -> None:
    for recording in (gpu, both):
        before = recording.names(recording.ancestors(recording["annotator-instance"]))
        assert {"annotator-enrolment", "network-public-way-out", "network-s3"} <= before
        assert {"security-groups-gpuVm-out", "security-groups-gpuVm-22-22-from-203.0.113.0-28"} <= before
        assert not [name for name in before if name.startswith(("storage", "master", "steady", "reaper"))]


def test_its_token_waits_for_nothing(gpu: Recording) -> None:
    assert gpu["annotator-enrolment"].after == set()


# changes

EDITS: dict[str, Edit] = {
    "gpuVms[].instanceType": first(instanceType="c5.large", gpus=0),
    "gpuVms[].diskGiB": first(diskGiB=300),
    "gpuVms[].imageId": first(imageId=IMAGE),
    "gpuVms[].market": first(market="spot", ephemeral=True),
}
ELSEWHERE = {path for path, _ in change_table(LocalConfig)}


def test_every_line_of_the_table_is_tried_here_or_on_local_hosts() -> None:
    lines = {path for path, _ in change_table(AwsConfig) if path.startswith("gpuVms")}
    assert set(EDITS) <= lines <= set(EDITS) | ELSEWHERE


@pytest.mark.parametrize(("path", "effect"), [line for line in change_table(AwsConfig) if line[0] in EDITS])
def test_a_change_replaces_what_the_table_says(gpu: Recording, path: str, effect: Change) -> None:
    found = replaced(gpu, record(changed(EDITS[path]), SECRETS))
    assert found == ({"annotator-instance"} if effect is Change.MACHINE else set())


def test_another_team_replaces_the_machines(gpu: Recording) -> None:
    after = record(changed(lambda config: config.update(team="other")), SECRETS)
    assert replaced(gpu, after) == {f"{node}-instance" for node in NAMED}


def test_a_changed_setting_changes_the_step_alone(gpu: Recording) -> None:
    settings = {**SETTINGS, "agentVersion": "6.9.8"}
    found = difference(gpu, record(changed(first(settings=settings)), SECRETS))
    assert found == {"new": set(), "gone": set(), "changed": {"annotator-step", "annotator-membership"}}


def test_one_more_only_adds(gpu: Recording) -> None:
    more = {**GPU_VMS[0], "name": "third"}
    found = difference(gpu, record(changed(lambda config: config["gpuVms"].append(more)), SECRETS))
    parts = ("enrolment", "interface", "address", "instance", "step", "membership")
    assert found == {"new": {f"third-{part}" for part in parts}, "gone": set(), "changed": set()}


def test_storage_that_moves_moves_no_gpu_vm(both: Recording) -> None:
    after = record({**CLUSTER_STACK, "gpuVms": GPU_VMS, "storage": {"mountPath": "/data"}}, SECRETS)
    found = replaced(both, after)
    assert "master-instance" in found
    assert not found & {f"{node}-instance" for node in NAMED}


# look-ups


def refused(cloud: AwsCloud, *edits: Edit) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        record(changed(*edits), SECRETS, cloud=cloud)
    return str(caught.value)


def in_vpc(*subnets: str, private: bool = False) -> Edit:
    network = {"vpcId": VPC, "subnetIds": list(subnets), "private": private}
    return lambda config: config.update(network=network)


def test_a_type_that_its_zone_does_not_sell_is_told_with_the_zones_that_do() -> None:
    text = refused(AwsCloud(sold={"g4dn.xlarge": [f"{REGION}b"]}))
    assert "gpuVms[0].instanceType: g4dn.xlarge\n      is not sold in eu-central-1a;" in text
    assert "a zone that has it: eu-central-1b" in text


def test_more_gpus_than_the_type_has_are_refused() -> None:
    assert "gpuVms[0].gpus: 2\n      is more than g4dn.xlarge has (1)" in refused(AwsCloud(), first(gpus=2))


def test_gpus_that_nvidia_did_not_make_are_none() -> None:
    cloud = AwsCloud()
    cloud.types["g4dn.xlarge"]["gpuses"][0]["manufacturer"] = "AMD"
    assert "gpuVms[0].gpus: 1\n      is more than g4dn.xlarge has (0)" in refused(cloud)


def test_more_vcpus_than_the_quota_of_gpu_machines_are_refused() -> None:
    text = refused(AwsCloud(quotas={"L-DB2E81BA": 0}))
    assert "gpuVms: 4 vCPUs at most" in text
    assert "quota of 0 for on-demand machines of family g, vt" in text
    spot = refused(AwsCloud(quotas={"L-34B43A08": 4}))
    assert "quota of 4 for spot machines of family standard" in spot


def test_more_addresses_than_the_account_has_are_refused() -> None:
    four_more: Edit = lambda config: config["gpuVms"].extend(  # noqa: E731 - as the others
        {**GPU_VMS[1], "name": f"vm{number}"} for number in range(4)
    )
    text = refused(AwsCloud(quotas={"L-0263D0A3": 5}), four_more)
    assert "gpuVms: 6 elastic addresses\n      is more than the account's quota of 5" in text


def test_a_quota_that_aws_does_not_have_blocks_nobody() -> None:
    record(CONFIG, SECRETS, cloud=AwsCloud(failing={"getServiceQuota": "NoSuchResourceException"}))


def test_a_disk_that_is_smaller_than_the_image_is_refused() -> None:
    text = refused(AwsCloud(), first(diskGiB=20))
    assert "gpuVms[0].diskGiB: 20\n      is less than the image's own disk (35 GiB)" in text


def test_a_mirror_of_debian_is_refused_where_machines_boot_ubuntu() -> None:
    mirror: Edit = lambda config: config.update(packages={"aptMirror": "https://deb.example.org/debian"})  # noqa: E731
    assert "packages.aptMirror: https://deb.example.org/debian" in refused(AwsCloud(), mirror)
    record(changed(mirror, first(imageId=IMAGE)), SECRETS)


def test_spot_needs_its_role(caplog: pytest.LogCaptureFixture) -> None:
    record(CONFIG, SECRETS, cloud=AwsCloud(roles=set()))
    assert "create-service-linked-role" in caplog.text


def test_in_a_vpc_that_is_there_they_stand_in_the_first_subnet_and_need_no_room_for_storage() -> None:
    cloud = AwsCloud(vpcs={VPC: {"enableDnsSupport": True, "enableDnsHostnames": False}})
    cloud.subnets[SUBNETS[0]]["availableIpAddressCount"] = 2
    after = record(changed(in_vpc(*SUBNETS)), SECRETS, cloud=cloud)
    for node in NAMED:
        assert after[f"{node}-interface"].inputs["subnetId"] == SUBNETS[0]
    cloud.subnets[SUBNETS[0]]["availableIpAddressCount"] = 1
    assert "has 1 addresses free, the stack wants 2 of them" in refused(cloud, in_vpc(*SUBNETS))


def test_the_zone_of_the_first_subnet_counts() -> None:
    cloud = AwsCloud(sold={"g4dn.xlarge": [f"{REGION}b", f"{REGION}c"]})
    assert "is not sold in eu-central-1a" in refused(cloud, in_vpc(*SUBNETS))
    record(changed(in_vpc(*SUBNETS[1:])), SECRETS, cloud=cloud)


def test_outputs_tell_where_each_agent_is_and_who_saw_it(gpu: Recording) -> None:
    found = gpu.outputs["gpuVms"]
    assert [one["name"] for one in found] == NAMED
    for one in found:
        assert one["publicIp"].startswith("203.0.113.")
        assert one["seen"] == "the server lists agent 11"
    assert "agent-token" not in json.dumps(found)
