"""What the stack file presumes of AWS is asked before anything is made."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.clouds.aws import quotas
from tests.graph.aws.conftest import CONFIG
from tests.graph.aws_cloud import REGION, VPC, AwsCloud
from tests.graph.recording import record

SUBNETS = [f"subnet-0000000000000000{number}" for number in range(3)]
FILES = "fs-0123456789abcdef0"

Edit = Callable[[dict[str, Any]], object]


def config_with(*edits: Edit) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    for edit in edits:
        edit(config)
    return config


def refused(cloud: AwsCloud, *edits: Edit) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        record(config_with(*edits), cloud=cloud)
    return str(caught.value)


def in_vpc(*subnets: str, private: bool = False) -> Edit:
    network = {"vpcId": VPC, "subnetIds": list(subnets), "private": private}
    return lambda config: config.update(network=network)


def pool(config: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return config["cluster"]["pools"][number]


# types


def test_a_type_that_the_region_does_not_sell_is_told_with_its_place_in_the_file() -> None:
    text = refused(AwsCloud(), lambda config: pool(config).update(instanceTypes=["c9.large"]))
    assert "cluster.pools[0].instanceTypes[0]: c9.large\n      is no instance type of eu-central-1" in text


def test_a_type_that_the_first_zone_does_not_sell_is_told_with_the_zones_that_do() -> None:
    cloud = AwsCloud(sold={"m5.2xlarge": [f"{REGION}b", f"{REGION}c"]})
    text = refused(cloud)
    assert "cluster.master.instanceType: m5.2xlarge\n      is not sold in eu-central-1a;" in text
    assert "a zone that has it: eu-central-1b, eu-central-1c" in text


def test_an_elastic_pool_is_content_with_one_of_its_zones() -> None:
    record(CONFIG, cloud=AwsCloud(sold={"c5a.large": [f"{REGION}c"]}))
    text = refused(AwsCloud(sold={"c5a.large": [f"{REGION}d"]}))
    assert "is not sold in eu-central-1a or eu-central-1b or eu-central-1c" in text


def test_all_problems_are_told_at_once() -> None:
    cloud = AwsCloud(sold={"m5.2xlarge": [f"{REGION}b"]})
    text = refused(
        cloud,
        lambda config: pool(config).update(instanceTypes=["c9.large"]),
        lambda config: config.update(storage={"fileSystemId": "fs-00000000"}),
        lambda config: config["network"].update(zones=[f"{REGION}a", f"{REGION}h"]),
    )
    assert text.startswith("Pulumi.dev.yaml: 4 problems, nothing was made or changed")


def test_without_the_size_of_a_type_nothing_can_be_made() -> None:
    text = refused(AwsCloud(failing={"getInstanceType": "UnauthorizedOperation: not authorized"}))
    assert "cannot be looked at: " in text
    assert "UnauthorizedOperation" in text
    assert "allow ec2:DescribeInstanceTypes" in text


# images


def test_an_image_for_another_architecture_is_refused() -> None:
    text = refused(AwsCloud(), lambda config: pool(config).update(imageId="ami-0fedcba9876543210"))
    assert "cluster.pools[0].imageId: ami-0fedcba9876543210" in text
    assert "is an image for arm64, c5.large is x86_64" in text


def test_an_image_that_is_not_there_is_refused() -> None:
    text = refused(AwsCloud(), lambda config: pool(config).update(imageId="ami-00000000000000000"))
    assert "is not in eu-central-1, or not shared with this account" in text


def test_a_disk_that_is_smaller_than_the_image_is_refused() -> None:
    gpu = {"name": "gpu", "count": 1, "instanceTypes": ["g4dn.xlarge"], "gpus": 1, "diskGiB": 20}
    text = refused(AwsCloud(), lambda config: config["cluster"]["pools"].insert(0, gpu))
    assert "cluster.pools[0].diskGiB: 20\n      is less than the image's own disk (35 GiB)" in text


# quotas


def test_more_vcpus_than_the_accounts_quota_are_refused_with_the_command_that_raises_it() -> None:
    text = refused(AwsCloud(quotas={"L-34B43A08": 32}))
    # 40 elastic workers with 2 each, and a spot worker with 8
    assert "cluster: 88 vCPUs at most" in text
    assert "quota of 32 for spot machines of family standard" in text
    assert "--quota-code L-34B43A08 --desired-value 88 --region eu-central-1" in text


def test_on_demand_machines_are_counted_apart_from_spot() -> None:
    text = refused(AwsCloud(quotas={"L-1216C47A": 13}))
    assert "cluster: 14 vCPUs at most" in text, "the master has 8, three workers have 2 each"
    record(CONFIG, cloud=AwsCloud(quotas={"L-1216C47A": 14}))


def test_elastic_pools_count_up_to_the_limit_of_all_and_by_their_largest_type() -> None:
    def two_pools(config: dict[str, Any]) -> None:
        config["cluster"]["maxElasticWorkers"] = 12
        pools = config["cluster"]["pools"]
        pools[2]["elastic"] = {"max": 10}
        large = {"name": "large", "instanceTypes": ["c5.large", "c5.2xlarge"], "elastic": {"max": 5}}
        pools.append({**large, "market": "spot"})

    text = refused(AwsCloud(quotas={"L-34B43A08": 1}), two_pools)
    assert f"cluster: {8 + 5 * 8 + 7 * 2} vCPUs at most" in text


@pytest.mark.parametrize(
    ("name", "spot", "code"),
    [
        ("c5.large", False, "L-1216C47A"),
        ("t3.micro", True, "L-34B43A08"),
        ("im4gn.large", False, "L-1216C47A"),
        ("g4dn.xlarge", False, "L-DB2E81BA"),
        ("g6.xlarge", True, "L-3819A6DF"),
        ("p4d.24xlarge", True, "L-7212CCBC"),
        ("p5.48xlarge", True, "L-C4BD4855"),
        ("p5.48xlarge", False, "L-417A185B"),
        ("x2idn.16xlarge", False, "L-7295265B"),
        ("inf2.xlarge", True, "L-B5D1601B"),
        ("trn1.2xlarge", False, "L-2C3B7624"),
        ("hpc7a.96xlarge", False, None),
        ("u-6tb1.metal", False, None),
    ],
)
def test_a_family_is_counted_against_its_own_quota(name: str, spot: bool, code: str | None) -> None:
    found = quotas.quota_of(name, spot=spot)
    assert (found.code if found else None) == code


# spot's role


def test_the_role_that_spot_needs_is_missed_before_it_is_needed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    record(CONFIG, cloud=AwsCloud(roles=set()))
    assert "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com" in caplog.text


def test_nobody_is_warned_of_what_is_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    record(CONFIG)
    assert caplog.text == ""


# network


def test_a_vpc_that_is_not_there_is_refused() -> None:
    text = refused(AwsCloud(vpcs={}), in_vpc(*SUBNETS))
    assert f"network.vpcId: {VPC}\n      is not in eu-central-1" in text


def test_a_vpc_in_which_names_are_not_resolved_is_refused() -> None:
    cloud = AwsCloud(vpcs={VPC: {"enableDnsSupport": True, "enableDnsHostnames": False}})
    assert "the shared storage is found by name" in refused(cloud, in_vpc(*SUBNETS))


def test_a_subnet_of_another_vpc_is_refused() -> None:
    cloud = AwsCloud()
    cloud.subnets[SUBNETS[1]]["vpcId"] = "vpc-other"
    text = refused(cloud, in_vpc(*SUBNETS))
    assert f"network.subnetIds[1]: {SUBNETS[1]}\n      is a subnet of vpc-other" in text


def test_a_subnet_that_is_not_there_is_refused() -> None:
    text = refused(AwsCloud(), in_vpc("subnet-ffffffffffffffff0"))
    assert "network.subnetIds[0]: subnet-ffffffffffffffff0\n      is not in eu-central-1" in text


def test_a_subnet_with_too_few_free_addresses_is_refused() -> None:
    cloud = AwsCloud()
    cloud.subnets[SUBNETS[0]]["availableIpAddressCount"] = 5
    # a mount target, the master and four workers
    assert "has 5 addresses free, the stack wants 6 of them" in refused(cloud, in_vpc(*SUBNETS))


def test_addresses_that_the_stack_has_already_are_not_wanted_twice() -> None:
    cloud = AwsCloud(own_machines=5)
    cloud.subnets[SUBNETS[0]]["availableIpAddressCount"] = 1
    record(config_with(in_vpc(*SUBNETS)), cloud=cloud)


def test_a_single_subnet_must_hold_elastic_workers_too() -> None:
    cloud = AwsCloud()
    cloud.subnets[SUBNETS[0]]["availableIpAddressCount"] = 45
    assert "the stack wants 46 of them" in refused(cloud, in_vpc(SUBNETS[0]))


def test_a_subnet_without_a_way_out_is_warned_of_and_taken(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    record(config_with(in_vpc(*SUBNETS)), cloud=AwsCloud(routes={SUBNETS[1]: ""}))
    assert f"network.subnetIds[1] ({SUBNETS[1]}) has no route to an internet gateway" in caplog.text
    caplog.clear()
    nat = AwsCloud(routes={SUBNETS[1]: "nat-1", SUBNETS[2]: "nat-1"})
    record(config_with(in_vpc(*SUBNETS, private=True)), cloud=nat)
    assert caplog.text == ""


def test_a_zone_that_the_account_does_not_have_is_refused() -> None:
    text = refused(AwsCloud(), lambda config: config["network"].update(zones=[f"{REGION}a", f"{REGION}h"]))
    assert "network.zones[1]: eu-central-1h\n      is no zone of eu-central-1" in text


# storage


def test_a_file_system_that_is_not_there_is_refused() -> None:
    text = refused(AwsCloud(), lambda config: config.update(storage={"fileSystemId": "fs-00000000"}))
    assert "storage.fileSystemId: fs-00000000\n      is not in eu-central-1" in text


def test_a_file_system_of_one_zone_is_refused_where_machines_are_elsewhere_too() -> None:
    cloud = AwsCloud(file_systems={FILES: {"encrypted": True, "availabilityZoneName": f"{REGION}a"}})
    text = refused(cloud, lambda config: config.update(storage={"fileSystemId": FILES}))
    assert "is in the zone eu-central-1a alone, and machines are elsewhere too" in text


def test_a_file_system_without_encryption_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    cloud = AwsCloud(file_systems={FILES: {"encrypted": False, "availabilityZoneName": ""}})
    record(config_with(lambda config: config.update(storage={"fileSystemId": FILES})), cloud=cloud)
    assert "is not encrypted at rest" in caplog.text


# no answer


@pytest.mark.parametrize(
    "name", ["getServiceQuota", "getRole", "getInstanceTypeOfferings", "getAvailabilityZones"]
)
def test_a_check_that_gets_no_answer_warns_and_does_not_block(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    record(CONFIG, cloud=AwsCloud(failing={name: "AccessDenied: you may not ask"}))
    assert "not checked: " in caplog.text
    assert "AccessDenied" in caplog.text


@pytest.mark.parametrize("name", ["getRouteTable", "getInstances", "getVpc"])
def test_the_same_in_a_vpc_that_is_there(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    cloud = AwsCloud(failing={name: "RequestLimitExceeded"})
    record(config_with(in_vpc(*SUBNETS)), cloud=cloud)
    assert "not checked: " in caplog.text


def test_where_aws_says_nothing_at_all_that_is_said_in_one_sentence() -> None:
    text = refused(AwsCloud(failing={"getCallerIdentity": "no valid credential sources found"}))
    assert text.startswith("AWS does not say where and who we are: ")


def test_no_question_is_asked_twice() -> None:
    cloud = AwsCloud()
    record(CONFIG, cloud=cloud)
    asked = [(name, str(given)) for name, given in cloud.asked]
    assert len(asked) == len(set(asked))


def test_the_number_of_questions_does_not_grow_with_the_workers() -> None:
    few, many = AwsCloud(), AwsCloud()
    record(CONFIG, cloud=few)
    record(config_with(lambda config: pool(config).update(count=50)), cloud=many)
    assert len(few.asked) == len(many.asked)
