"""What the stack file presumes of Alibaba Cloud is asked before anything is made."""

import copy
import logging
from typing import Any

import pulumi
import pytest

from tests.graph.alicloud.conftest import CLUSTER, GPU_VMS, PREEMPTIBLE, SECRETS, Change
from tests.graph.alicloud.test_alicloud_changes import pool
from tests.graph.alicloud_cloud import FILES, REGION, VPC, VSWITCH, ZONES, AlicloudCloud
from tests.graph.recording import record

GPU_TYPE = "ecs.gn6i-c4g1.xlarge"


def config_with(base: dict[str, Any], *edits: Change) -> dict[str, Any]:
    config = copy.deepcopy(base)
    for edit in edits:
        edit(config)
    return config


def run(cloud: AlicloudCloud, *edits: Change, base: dict[str, Any] = CLUSTER) -> None:
    record(config_with(base, *edits), SECRETS if base is GPU_VMS else None, cloud)


def refused(cloud: AlicloudCloud, *edits: Change, base: dict[str, Any] = CLUSTER) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        run(cloud, *edits, base=base)
    return str(caught.value)


def in_vpc(config: dict[str, Any]) -> None:
    config["network"] = {"vpcId": VPC, "vswitchId": VSWITCH}


# types


def test_a_type_that_the_region_does_not_sell_is_told_with_its_place_in_the_file() -> None:
    text = refused(AlicloudCloud(), lambda config: pool(config).update(instanceType="ecs.c99.large"))
    assert "cluster.pools[0].instanceType: ecs.c99.large\n      is not sold in cn-hangzhou" in text


def test_a_type_that_the_zone_does_not_sell_is_told_with_the_zones_that_do() -> None:
    text = refused(AlicloudCloud(sold={GPU_TYPE: ZONES[:2]}), base=GPU_VMS)
    assert f"gpuVms[0].instanceType: {GPU_TYPE}\n      is not sold in cn-hangzhou-k with a disk of" in text
    assert "or a zone that has them: cn-hangzhou-h, cn-hangzhou-i" in text


def test_so_is_a_category_of_disks_that_the_type_does_not_take() -> None:
    cloud = AlicloudCloud(without={GPU_TYPE: {"cloud_auto"}})
    run(cloud, base=GPU_VMS)
    text = refused(cloud, lambda config: config["gpuVms"][0].update(diskCategory="cloud_auto"), base=GPU_VMS)
    assert "is not sold in cn-hangzhou with a disk of cloud_auto" in text


def test_spot_is_asked_for_apart() -> None:
    cloud = AlicloudCloud(without={"ecs.g7.large": {"SpotAsPriceGo"}})
    run(cloud, lambda config: pool(config).update(instanceType="ecs.g7.large"))
    text = refused(cloud, lambda config: pool(config, 1).update(instanceType="ecs.g7.large"))
    assert "cluster.pools[1].instanceType: ecs.g7.large" in text
    assert "as spot" in text


def test_more_gpus_than_the_type_has_are_refused() -> None:
    text = refused(AlicloudCloud(), lambda config: config["gpuVms"][0].update(gpus=2), base=GPU_VMS)
    assert "gpuVms[0].gpus: 2\n" in text


def test_all_problems_are_told_at_once() -> None:
    text = refused(
        AlicloudCloud(),
        lambda config: pool(config).update(instanceType="ecs.c99.large"),
        lambda config: config.update(storage={"fileSystemId": "00000000"}),
        lambda config: config["network"].update(zone=f"{REGION}-z"),
    )
    assert text.startswith("Pulumi.dev.yaml: ")
    for path in ("cluster.pools[0].instanceType", "storage.fileSystemId", "network.zone"):
        assert f"{path}: " in text


def test_without_the_size_of_a_type_nothing_can_be_made() -> None:
    text = refused(AlicloudCloud(failing={"ecs/getInstanceTypes": "Forbidden.RAM: not authorized"}))
    assert "cannot be looked at: " in text
    assert "Forbidden.RAM" in text
    assert "allow ecs:DescribeAvailableResource" in text


# images


def test_an_image_for_another_architecture_is_refused() -> None:
    image = "m-bp1a2b3c4d5e6f7g8h9i1"
    text = refused(AlicloudCloud(), lambda config: pool(config).update(imageId=image))
    assert "is an image for arm64, ecs.c7.large is x86_64" in text


def test_an_image_that_is_not_there_is_refused() -> None:
    text = refused(AlicloudCloud(), lambda config: pool(config).update(imageId="m-bp0000000000"))
    assert "is not in cn-hangzhou, or not shared with this account" in text


def test_a_region_without_debian_13_needs_an_image_that_is_named() -> None:
    cloud = AlicloudCloud(images={"m-bp1a2b3c4d5e6f7g8h9i0": {"architecture": "x86_64", "size": 20}})
    assert "a public image of Debian 13 for x86_64 is not in cn-hangzhou" in refused(cloud)


def test_a_disk_that_is_smaller_than_the_image_is_refused() -> None:
    image = "m-bp1a2b3c4d5e6f7g8h9i0"
    text = refused(AlicloudCloud(), lambda config: pool(config).update(imageId=image, diskGiB=30))
    assert "cluster.pools[0].diskGiB: 30\n      is less than the image's own disk (40 GiB)" in text


# quotas and prices


@pytest.mark.parametrize(
    ("unit", "total", "words"),
    [("AMOUNT", 1, "is 1 (AMOUNT), the stack wants 2"), ("vCPU", 4, "is 4 (vCPU), the stack wants 8")],
)
def test_a_quota_that_is_too_small_is_warned_of(
    unit: str, total: float, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    run(AlicloudCloud(quotas={GPU_TYPE: {"totalQuota": total, "quotaUnit": unit}}), base=GPU_VMS)
    assert f"quota for {GPU_TYPE} in cn-hangzhou {words}" in caplog.text


def test_a_quota_that_is_large_enough_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    run(AlicloudCloud(quotas={GPU_TYPE: {"totalQuota": 2, "quotaUnit": "AMOUNT"}}), base=GPU_VMS)
    assert caplog.text == ""


def test_the_list_price_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(AlicloudCloud(), base=GPU_VMS)
    assert "machines cost about 23.26 an hour: list price on demand" in caplog.text


def test_without_a_price_everything_is_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cloud = AlicloudCloud()
    whole = cloud.answer

    def answer(token: str, given: Any) -> dict[str, Any]:
        if given.get("sortedBy"):
            cloud.failing["ecs/getInstanceTypes"] = "NotAuthorized: bssapi:GetPayAsYouGoPrice"
        return whole(token, given)

    cloud.answer = answer  # type: ignore[method-assign]
    run(cloud, base=GPU_VMS)
    assert "Alibaba Cloud tells no price" in caplog.text
    assert "bssapi:GetPayAsYouGoPrice" in caplog.text


# networks


def test_a_zone_that_the_account_does_not_have_is_refused() -> None:
    text = refused(AlicloudCloud(), lambda config: config["network"].update(zone=f"{REGION}-z"))
    assert "network.zone: cn-hangzhou-z\n      is no zone of cn-hangzhou" in text


def test_a_zone_without_gateways_is_refused_where_one_is_needed() -> None:
    cloud = AlicloudCloud(nat_zones=ZONES[:1])
    run(cloud)
    text = refused(cloud, lambda config: config["network"].update(private=True))
    assert "has no NAT gateways" in text
    assert "a zone that has them: cn-hangzhou-h" in text


def test_a_vpc_that_is_not_there_is_refused() -> None:
    text = refused(AlicloudCloud(vpcs=set()), in_vpc)
    assert f"network.vpcId: {VPC}\n      is not in cn-hangzhou" in text


def test_a_vswitch_that_is_not_there_is_refused() -> None:
    assert f"network.vswitchId: {VSWITCH}\n" in refused(AlicloudCloud(vswitches={}), in_vpc)


def test_a_vswitch_of_another_vpc_is_refused() -> None:
    cloud = AlicloudCloud()
    cloud.vswitches[VSWITCH]["vpcId"] = "vpc-another"
    assert "is a vSwitch of vpc-another, not of `network.vpcId`" in refused(cloud, in_vpc)


def test_a_vswitch_that_is_too_full_is_refused_and_the_stacks_own_machines_do_not_count() -> None:
    cloud = AlicloudCloud()
    cloud.vswitches[VSWITCH]["availableIpAddressCount"] = 3
    text = refused(cloud, in_vpc)
    assert "has 3 addresses free, the stack wants 6 of them" in text, "5 machines, a mount target"
    cloud.own_machines = 3
    run(cloud, in_vpc)


def test_in_a_vpc_without_a_gateway_machines_without_an_address_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    cloud = AlicloudCloud(nat_gateways=0)
    run(cloud, in_vpc)
    assert caplog.text == ""
    run(cloud, in_vpc, lambda config: config["network"].update(private=True))
    assert f"{VPC} has no NAT gateway" in caplog.text


def test_types_are_looked_for_in_the_zone_of_the_vswitch_that_is_there() -> None:
    text = refused(AlicloudCloud(sold={"ecs.c7.large": [ZONES[0]]}), in_vpc)
    assert f"is not sold in {ZONES[-1]}" in text


# storage


def test_a_zone_without_nas_is_refused_for_a_cluster_and_not_for_gpu_vms() -> None:
    cloud = AlicloudCloud(storage_zones={ZONES[0]: ["Performance"], ZONES[-1]: ["Capacity"]})
    run(cloud, base=GPU_VMS)
    text = refused(cloud)
    assert "has no NAS file systems of type Performance for NFS" in text
    assert "take a zone that has them: cn-hangzhou-h;" in text
    run(cloud, lambda config: config.update(storage={"fileSystemId": FILES}))


def test_a_file_system_that_is_not_there_is_refused() -> None:
    text = refused(AlicloudCloud(), lambda config: config.update(storage={"fileSystemId": "00000000"}))
    assert "storage.fileSystemId: 00000000\n      is not in cn-hangzhou" in text


def test_a_file_system_for_windows_is_refused() -> None:
    cloud = AlicloudCloud(file_systems={FILES: {"encryptType": 1, "protocolType": "SMB"}})
    text = refused(cloud, lambda config: config.update(storage={"fileSystemId": FILES}))
    assert "speaks SMB, machines speak NFS" in text


def test_a_file_system_without_encryption_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    cloud = AlicloudCloud(file_systems={FILES: {"encryptType": 0, "protocolType": "NFS"}})
    run(cloud, lambda config: config.update(storage={"fileSystemId": FILES}))
    assert "is not encrypted at rest" in caplog.text


# no answer


@pytest.mark.parametrize("name", ["quotas/getQuotas", "index/getZones", "nas/getZones"])
def test_a_check_that_gets_no_answer_warns_and_does_not_block(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    run(AlicloudCloud(failing={name: "Forbidden.RAM: you may not ask"}))
    assert "not checked: " in caplog.text
    assert "Forbidden.RAM" in caplog.text


@pytest.mark.parametrize("name", ["vpc/getNetworks", "ecs/getInstances"])
def test_the_same_in_a_vpc_that_is_there(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    run(AlicloudCloud(failing={name: "Throttling"}), in_vpc)
    assert "not checked: " in caplog.text


def test_where_alibaba_says_nothing_at_all_that_is_said_in_one_sentence() -> None:
    text = refused(AlicloudCloud(failing={"index/getCallerIdentity": "no valid credential sources"}))
    assert text.startswith("Alibaba Cloud does not say where and who we are: ")


def test_no_question_is_asked_twice() -> None:
    for base in (CLUSTER, GPU_VMS):
        cloud = AlicloudCloud()
        run(cloud, base=base)
        asked = [(name, str(given)) for name, given in cloud.asked]
        assert len(asked) == len(set(asked))


def test_the_number_of_questions_does_not_grow_with_the_machines() -> None:
    few, many = AlicloudCloud(), AlicloudCloud()
    run(few)
    run(many, lambda config: pool(config).update(count=50))
    assert len(few.asked) == len(many.asked)
    few, many = AlicloudCloud(), AlicloudCloud()
    run(few, base=GPU_VMS)

    def more(config: dict[str, Any]) -> None:
        vm = config["gpuVms"][1]
        config["gpuVms"] += [{**vm, **PREEMPTIBLE, "name": f"more-{number}"} for number in range(8)]

    run(many, more, base=GPU_VMS)
    assert len(few.asked) == len(many.asked)
