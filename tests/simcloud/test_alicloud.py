"""The simulated account of Alibaba Cloud without hosts: references, refusals, addresses, groups, look-ups."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simcloud import catalogue, clouds, faults, firewall, publishing, resources
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.inside import alicloud_metadata
from tests.simcloud.store import Record, Store

Make = Callable[..., Record]
FACE = clouds.named("alicloud")
ZONE = "cn-hangzhou-i"
MACHINE = {
    "imageId": "debian_13_0_x64_20G_alibase_20261020.vhd",
    "instanceType": "ecs.gn6i-c4g1.xlarge",
    "systemDiskSize": 300,
    "instanceName": "annotator-1",
    "tags": {"node": "annotator-1"},
}
RULE = {"type": "ingress", "ipProtocol": "tcp", "portRange": "22/22", "nicType": "intranet"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("s", tmp_path)


def without_effects(kind: str) -> Hooks:
    hooks = FACE.HOOKS.get(kind, Hooks())
    return Hooks(prepare=hooks.prepare, free=hooks.free)


@pytest.fixture
def make(store: Store) -> Make:
    def make_one(kind: str, **inputs: Any) -> Record:
        known = catalogue.kinds("alicloud")[kind]
        return resources.create(store, known, without_effects(kind), kind, "", "cn-hangzhou", inputs)

    return make_one


@pytest.fixture
def network(make: Make) -> tuple[str, str, str]:
    """A VPC, a vSwitch of all of it, a security group."""
    vpc = make("vpc", cidrBlock="10.90.0.0/16")["id"]
    vswitch = make("subnet", vpcId=vpc, cidrBlock="10.90.0.0/16", zoneId=ZONE)["id"]
    return vpc, vswitch, make("securityGroup", vpcId=vpc, innerAccessPolicy="Drop")["id"]


@pytest.fixture
def machine(make: Make, network: tuple[str, str, str]) -> Callable[..., Record]:
    _, vswitch, group = network
    return lambda **more: make(
        "instance", **{**MACHINE, "vswitchId": vswitch, "securityGroups": [group], **more}
    )


def delete(store: Store, record: Record) -> None:
    kind = catalogue.kinds("alicloud")[record["kind"]]
    resources.delete(store, kind, without_effects(record["kind"]), record["id"])


def ask(store: Store, token: str, **asked: Any) -> Any:
    return FACE.LOOK_UPS[f"alicloud:{token}:{token.partition('/')[2]}"](store.read(), asked, "cn-hangzhou")


def test_an_instance_is_what_its_type_and_vswitch_say(machine: Callable[..., Record]) -> None:
    props = machine()["props"]
    assert (props["privateIp"], props["publicIp"], props["availabilityZone"]) == ("10.90.0.4", "", ZONE)
    assert (props["cpu"], props["memory"], props["status"]) == (4, 15360, "Running")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (
            {"instanceType": "ecs.gn6v-c8g1.2xlarge", "systemDiskCategory": "cloud_auto"},
            "InvalidSystemDiskCategory",
        ),
        ({"instanceType": "ecs.unheard-of.large"}, "InvalidInstanceType"),
        ({"instanceType": "ecs.g8y.large"}, "ImageNotSupportInstanceType"),
        ({"imageId": "debian_14"}, "InvalidImageId.NotFound"),
        ({"systemDiskSize": 10}, "InvalidSystemDiskSize"),
        ({"userData": "x" * 32769}, "InvalidUserData.SizeExceeded"),
        ({"autoReleaseTime": "2026-01-01T00:00:00Z"}, "InvalidAutoReleaseTime"),
        ({"privateIp": "10.91.0.9"}, "InvalidPrivateIpAddress"),
        ({"securityGroups": ["sg-bp10"]}, "InvalidSecurityGroupId.NotFound"),
    ],
)
def test_ecs_refuses(machine: Callable[..., Record], changed: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError, match=code):
        machine(**changed)


def test_no_stock_names_the_zones_that_sell_it(store: Store, machine: Callable[..., Record]) -> None:
    faults.put(store, {"kind": "capacity", "instanceType": MACHINE["instanceType"], "zone": ZONE})
    with pytest.raises(
        RefusedError, match=r"OperationDenied.NoStock: .* sold in cn-hangzhou-g, cn-hangzhou-j, cn-hangzhou-k"
    ):
        machine()


def test_throttling_is_waited_for(store: Store, make: Make) -> None:
    faults.put(store, {"kind": "throttle", "operation": "CreateVpc", "times": 25})
    with pytest.raises(RefusedError, match=r"Throttling\.User"):
        make("vpc", cidrBlock="10.90.0.0/16")


def test_a_protected_instance_stays(store: Store, machine: Callable[..., Record]) -> None:
    with pytest.raises(RefusedError, match="deletion protection"):
        delete(store, machine(deletionProtection=True))


def test_an_elastic_address_leads_to_its_instance(
    store: Store, make: Make, machine: Callable[..., Record]
) -> None:
    instance, eip = machine(), make("eip", bandwidth="100", internetChargeType="PayByTraffic")
    association = make("eipAssociation", allocationId=eip["id"], instanceId=instance["id"])
    assert publishing.public_of(store.read(), "10.90.0.4") == eip["props"]["ipAddress"]
    with pytest.raises(RefusedError, match="IncorrectEipStatus"):
        delete(store, eip)
    with pytest.raises(RefusedError, match="InvalidBindingStatus"):
        make("eipAssociation", allocationId=eip["id"], instanceId=machine()["id"])
    delete(store, association)
    delete(store, eip)


def test_an_instance_with_an_address_of_its_own_takes_no_elastic_one(
    make: Make, machine: Callable[..., Record]
) -> None:
    instance, eip = machine(internetMaxBandwidthOut=100), make("eip")
    assert instance["props"]["publicIp"].startswith("127.77.")
    with pytest.raises(RefusedError, match="InstanceHasBandWidth"):
        make("eipAssociation", allocationId=eip["id"], instanceId=instance["id"])


def test_nat_by_its_own_elastic_address_alone(
    store: Store, make: Make, network: tuple[str, str, str]
) -> None:
    vpc, vswitch, _ = network
    nat, eip = make("natGateway", vpcId=vpc, vswitchId=vswitch, natType="Enhanced"), make("eip")
    entry = {
        "snatTableId": nat["props"]["snatTableIds"],
        "sourceVswitchId": vswitch,
        "snatIp": eip["props"]["ipAddress"],
    }
    with pytest.raises(RefusedError, match="EIP_NOT_IN_GATEWAY"):
        make("snatEntry", **entry)
    association = make("eipAssociation", allocationId=eip["id"], instanceId=nat["id"], instanceType="Nat")
    made = make("snatEntry", **entry)
    with pytest.raises(RefusedError, match="HasBeenUsedBySnatTable"):
        delete(store, association)
    delete(store, made)
    delete(store, association)
    delete(store, nat)


def test_what_is_in_use_stays(
    store: Store, machine: Callable[..., Record], network: tuple[str, str, str]
) -> None:
    instance = machine()
    for kind, identity in zip(("vpc", "subnet", "securityGroup"), network, strict=True):
        with pytest.raises(RefusedError, match="DependencyViolation"):
            delete(store, store.read().one(kind, identity))
    delete(store, instance)
    delete(store, store.read().one("securityGroup", network[2]))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nicType": "internet"}, "InvalidNicType"),
        ({"portRange": "-1/-1"}, "InvalidPortRange"),
        ({"ipProtocol": "all"}, "InvalidPortRange"),
        ({"cidrIp": None}, "InvalidParam.SourceIp"),
    ],
)
def test_rules_that_are_refused(
    make: Make, network: tuple[str, str, str], changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(RefusedError, match=code):
        make("securityGroupRule", **{**RULE, "securityGroupId": network[2], "cidrIp": "0.0.0.0/0", **changed})


def test_a_rule_that_is_there_already_is_told(make: Make, network: tuple[str, str, str]) -> None:
    rule = {**RULE, "securityGroupId": network[2], "cidrIp": "203.0.113.0/28"}
    make("securityGroupRule", **rule)
    with pytest.raises(RefusedError, match="RuleIsThere"):
        make("securityGroupRule", **rule)


def test_groups_let_in_what_a_rule_names_and_everything_out(
    store: Store, make: Make, machine: Callable[..., Record], network: tuple[str, str, str]
) -> None:
    vpc, _, group = network
    other = make("securityGroup", vpcId=vpc, innerAccessPolicy="Accept")["id"]
    make("securityGroupRule", **RULE, securityGroupId=group, cidrIp="203.0.113.0/28")
    make(
        "securityGroupRule",
        **{**RULE, "portRange": "6379/6380"},
        securityGroupId=group,
        sourceSecurityGroupId=other,
    )
    make("securityGroupRule", **{**RULE, "policy": "drop"}, securityGroupId=group, cidrIp="203.0.113.9/32")
    first, second = machine(), machine(securityGroups=[other])
    rules = firewall.ruleset(store.read(), first)
    # a public network stands for this computer, which instances see at the VPC's first address
    assert "ip saddr 10.90.0.1 tcp dport 22 accept" in rules
    assert f"ip saddr {second['props']['privateIp']} tcp dport 6379-6380 accept" in rules
    assert rules.index("ip saddr 203.0.113.9/32 tcp dport 22 drop") < rules.index("ip saddr 203.0.113.0/28")
    assert "ip daddr 100.100.100.200 accept" in rules
    assert "ip daddr 0.0.0.0/0 accept" in rules
    assert "ip saddr 10.90.0.4 accept" not in rules, "members of a group that drops do not reach each other"
    assert "ip saddr 10.90.0.5 accept" in firewall.ruleset(store.read(), second), (
        "those of one that accepts do"
    )


def test_nas_lets_in_whom_an_access_rule_names(
    store: Store, make: Make, network: tuple[str, str, str]
) -> None:
    vpc, vswitch, _ = network
    files = make("fileSystem", protocolType="NFS", storageType="Performance", zoneId=ZONE, encryptType=1)
    group = make("accessGroup", accessGroupName="team-stack", accessGroupType="Vpc")
    make("accessRule", accessGroupName="team-stack", sourceCidrIp="10.90.0.0/16")
    target = make(
        "mountTarget", fileSystemId=files["id"], vpcId=vpc, vswitchId=vswitch, accessGroupName="team-stack"
    )
    (found,) = FACE.targets(store.read())
    assert found.name == target["props"]["mountTargetDomain"]
    assert found.lets_in == ("ip saddr 10.90.0.0/16 accept",)
    for used in (group, files):
        with pytest.raises(RefusedError, match="InvalidState"):
            delete(store, used)


def test_look_ups_tell_what_is_sold_where(store: Store) -> None:
    (found,) = [
        one
        for one in ask(store, "ecs/getInstanceTypes", systemDiskCategory="cloud_essd", sortedBy="Price")[
            "instanceTypes"
        ]
        if one["id"] == "ecs.gn6i-c4g1.xlarge"
    ]
    assert found["gpus"] == [{"amount": "1", "category": "NVIDIA T4"}]
    assert found["availabilityZones"] == [f"cn-hangzhou-{letter}" for letter in "gijk"]
    assert float(found["price"]) > 0
    images = ask(store, "ecs/getImages", nameRegex="^debian_13_", architecture="x86_64", owners="system")
    assert images["ids"] == [MACHINE["imageId"]]


def test_look_ups_find_what_is_there_and_nothing_else(store: Store, network: tuple[str, str, str]) -> None:
    vpc, vswitch, _ = network
    assert ask(store, "vpc/getNetworks", ids=[vpc])["vpcs"][0]["cidrBlock"] == "10.90.0.0/16"
    assert ask(store, "vpc/getSwitches", ids=[vswitch])["vswitches"][0]["zoneId"] == ZONE
    assert ask(store, "vpc/getNetworks", ids=["vpc-bp10"])["vpcs"] == []


def test_metadata_is_a_tree(store: Store, machine: Callable[..., Record]) -> None:
    known = FACE.instance(store.read(), machine())
    assert alicloud_metadata.find(known, "/latest/meta-data/zone-id") == ZONE
    assert (
        alicloud_metadata.find(known, "/latest/meta-data/instance/instance-type") == MACHINE["instanceType"]
    )
    assert alicloud_metadata.find(known, "/latest/meta-data/ram") is None


def test_an_instance_with_a_gpu_gets_stand_ins_that_say_so(machine: Callable[..., Record]) -> None:
    files = FACE.files(machine())
    assert b"stands in" in files["usr/local/bin/nvidia-smi"][1]
    assert not any("nvidia" in path for path in FACE.files(machine(instanceType="ecs.g7.large")))


# disks


def test_a_disk_is_attached_in_its_own_zone_and_once(
    store: Store, make: Make, machine: Callable[..., Record]
) -> None:
    instance = machine()["id"]
    here, there = (
        make("disk", zoneId=zone, size=20, category="cloud_essd")["id"] for zone in (ZONE, "cn-hangzhou-k")
    )
    with pytest.raises(RefusedError, match="ResourcesNotInSameZone"):
        make("diskAttachment", diskId=there, instanceId=instance)
    assert make("diskAttachment", diskId=here, instanceId=instance)["id"] == f"{here}:{instance}"
    with pytest.raises(RefusedError, match="IncorrectDiskStatus"):
        make("diskAttachment", diskId=here, instanceId=machine(instanceName="annotator-2")["id"])
    kind = catalogue.kinds("alicloud")["disk"]
    with pytest.raises(RefusedError, match="IncorrectDiskStatus"):
        resources.delete(store, kind, without_effects("disk"), here)


def test_a_disk_has_the_least_that_its_category_takes(make: Make) -> None:
    with pytest.raises(RefusedError, match="InvalidDiskSize"):
        make("disk", zoneId=ZONE, size=10, category="cloud_essd")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"size": 20}, {"size": 40}, set()),
        ({"size": 40}, {"size": 20}, {"size"}),
        ({"category": "cloud_essd"}, {"category": "cloud_auto"}, {"category"}),
        ({"category": "cloud_efficiency"}, {"category": "cloud_essd"}, set()),
    ],
)
def test_a_smaller_disk_is_another_one(old: dict[str, Any], new: dict[str, Any], expected: set[str]) -> None:
    assert FACE.replaced(catalogue.kinds("alicloud")["disk"], old, new) == expected


def test_a_disk_is_looked_for_by_its_name_and_whether_a_machine_has_it(
    store: Store, make: Make, machine: Callable[..., Record]
) -> None:
    said = {"zoneId": ZONE, "size": 20, "category": "cloud_essd", "encrypted": True}
    disk = make("disk", **said, diskName="s-state", tags={"stack": "s"})["id"]
    asked = {"diskName": "s-state", "status": "In_use", "tags": {"stack": "s"}}
    look_up = FACE.LOOK_UPS["alicloud:ecs/getEcsDisks:getEcsDisks"]
    assert look_up(store.read(), asked, "cn-hangzhou")["disks"] == []
    make("diskAttachment", diskId=disk, instanceId=machine()["id"])
    (found,) = look_up(store.read(), asked, "cn-hangzhou")["disks"]
    assert (found["diskId"], found["size"], found["encrypted"]) == (disk, 20, "on")
