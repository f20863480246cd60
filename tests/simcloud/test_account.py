"""The simulated account without hosts: references, dependencies, addresses, faults, firewalls, leftovers."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.operated import Place
from tests.simcloud import addresses, catalogue, clouds, faults, firewall, names, operate, resources
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.inside import api, metadata
from tests.simcloud.store import Record, Store
from tools.local_hosts import podman

Make = Callable[..., Record]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("s", tmp_path)


def without_effects(kind: str) -> Hooks:
    hooks = clouds.named("aws").HOOKS.get(kind, Hooks())
    return Hooks(prepare=hooks.prepare, free=hooks.free)


@pytest.fixture
def make(store: Store) -> Make:
    def make_one(kind: str, **inputs: Any) -> Record:
        known = catalogue.kinds("aws")[kind]
        return resources.create(store, known, without_effects(kind), kind, "", "eu-central-1", inputs)

    return make_one


@pytest.fixture
def network(make: Make) -> tuple[str, str]:
    """A VPC and a subnet."""
    made = make("vpc", cidrBlock="10.1.0.0/16")["id"]
    return made, make("subnet", vpcId=made, cidrBlock="10.1.0.0/20", availabilityZone="eu-central-1b")["id"]


def delete(store: Store, record: Record) -> None:
    kind = catalogue.kinds("aws")[record["kind"]]
    resources.delete(store, kind, without_effects(record["kind"]), record["id"])


def test_ids_and_arns_look_like_those_of_aws(make: Make, network: tuple[str, str]) -> None:
    group = make("securityGroup", vpcId=network[0], namePrefix="x-", description="d")
    assert group["id"].startswith("sg-")
    assert len(group["id"]) == 3 + 17
    assert group["props"]["name"].startswith("x-")
    assert group["props"]["arn"] == f"arn:aws:ec2:eu-central-1:123456789012:security-group/{group['id']}"
    role = make("role", name="r", path="/agent-fleet/", assumeRolePolicy="{}")
    assert role["props"]["arn"] == "arn:aws:iam::123456789012:role/agent-fleet/r"


def test_what_it_names_must_be_there(make: Make) -> None:
    with pytest.raises(RefusedError, match=r"InvalidVpcID.NotFound.*vpc-0"):
        make("subnet", vpcId="vpc-0", cidrBlock="10.1.0.0/20")


def test_what_is_in_use_stays(store: Store, make: Make, network: tuple[str, str]) -> None:
    group = make("securityGroup", vpcId=network[0])
    interface = make("networkInterface", subnetId=network[1], securityGroups=[group["id"]])
    for kind, identity in (("securityGroup", group["id"]), ("subnet", network[1]), ("vpc", network[0])):
        with pytest.raises(RefusedError, match="DependencyViolation"):
            delete(store, store.read().one(kind, identity))
    delete(store, interface)
    delete(store, group)
    assert list(store.read().of("securityGroup")) == []


def test_a_groups_own_rules_do_not_keep_it_and_anothers_do(
    store: Store, make: Make, network: tuple[str, str]
) -> None:
    first, second = (make("securityGroup", vpcId=network[0]) for _ in range(2))
    rule = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    make(
        "securityGroupIngressRule", securityGroupId=first["id"], referencedSecurityGroupId=first["id"], **rule
    )
    make(
        "securityGroupIngressRule",
        securityGroupId=first["id"],
        referencedSecurityGroupId=second["id"],
        **rule,
    )
    with pytest.raises(RefusedError, match="DependencyViolation"):
        delete(store, second)
    delete(store, first)


def test_a_rule_is_there_once(make: Make, network: tuple[str, str]) -> None:
    group = make("securityGroup", vpcId=network[0])["id"]
    rule = {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
    make("securityGroupEgressRule", **rule)
    with pytest.raises(RefusedError, match=r"InvalidPermission\.Duplicate"):
        make("securityGroupEgressRule", **rule)


def test_subnets_lie_in_their_vpc_and_apart(make: Make, network: tuple[str, str]) -> None:
    with pytest.raises(RefusedError, match=r"InvalidSubnet\.Range"):
        make("subnet", vpcId=network[0], cidrBlock="10.2.0.0/20")
    with pytest.raises(RefusedError, match=r"InvalidSubnet\.Conflict"):
        make("subnet", vpcId=network[0], cidrBlock="10.1.8.0/21")


def test_aws_keeps_the_first_four_addresses_of_a_subnet(
    store: Store, make: Make, network: tuple[str, str]
) -> None:
    interfaces = [make("networkInterface", subnetId=network[1])["props"]["privateIp"] for _ in range(2)]
    assert interfaces == ["10.1.0.4", "10.1.0.5"]
    assert addresses.free_in(store.read(), network[1]) == 4096 - 5 - 2


def test_an_address_is_not_given_out_again_at_once(
    store: Store, make: Make, network: tuple[str, str]
) -> None:
    delete(store, make("networkInterface", subnetId=network[1]))
    assert make("networkInterface", subnetId=network[1])["props"]["privateIp"] == "10.1.0.5"


def test_an_interface_in_a_group_of_another_vpc_is_refused(make: Make, network: tuple[str, str]) -> None:
    other = make("vpc", cidrBlock="10.2.0.0/16")["id"]
    group = make("securityGroup", vpcId=other)["id"]
    with pytest.raises(RefusedError, match=r"InvalidGroup\.NotFound"):
        make("networkInterface", subnetId=network[1], securityGroups=[group])


def test_throttling_is_waited_for_25_times(store: Store, make: Make) -> None:
    faults.put(store, {"kind": "throttle", "operation": "CreateVpc", "times": 3})
    make("vpc", cidrBlock="10.1.0.0/16")
    faults.put(store, {"kind": "throttle", "operation": "CreateVpc", "times": 25})
    with pytest.raises(RefusedError, match="RequestLimitExceeded"):
        make("vpc", cidrBlock="10.2.0.0/16")


def test_an_input_that_is_taken_away_falls_back_to_its_default(store: Store, make: Make) -> None:
    made = make("vpc", cidrBlock="10.1.0.0/16", enableDnsHostnames=True, tags={"a": "b"})
    kind = catalogue.kinds("aws")["vpc"]
    after = resources.update(store, kind, Hooks(), made["id"], {"cidrBlock": "10.1.0.0/16"})
    assert after["props"]["enableDnsHostnames"] is False
    assert after["props"]["tagsAll"] == {}
    assert after["props"]["arn"] == made["props"]["arn"]


def test_an_account_that_holds_nothing_leaves_no_file(store: Store, make: Make) -> None:
    delete(store, make("vpc", cidrBlock="10.1.0.0/16"))
    assert [file for file in store.folder.iterdir() if file.suffix != ".lock"] == []


def instance(account: Any, groups: list[str], network: tuple[str, str], address: str) -> Record:
    record: Record = {
        "kind": "instance",
        "id": f"i-{address}",
        "name": "vm",
        "props": {"vpcSecurityGroupIds": groups, "privateIp": address, "subnetId": network[1]},
        "sim": {"vpc": network[0]},
    }
    account.put(record)
    return record


def test_groups_become_rules_by_members_addresses(store: Store, make: Make, network: tuple[str, str]) -> None:
    head, worker = (make("securityGroup", vpcId=network[0])["id"] for _ in range(2))
    ports = {"ipProtocol": "tcp", "fromPort": 6379, "toPort": 6380}
    make("securityGroupIngressRule", securityGroupId=head, referencedSecurityGroupId=worker, **ports)
    make("securityGroupIngressRule", securityGroupId=head, cidrIpv4="203.0.113.0/28", ipProtocol="tcp",
         fromPort=22, toPort=22)  # fmt: skip
    with store.change() as account:
        master = instance(account, [head], network, "10.1.0.10")
        instance(account, [worker], network, "10.1.0.11")
    rules = firewall.ruleset(store.read(), master)
    assert "ip saddr 10.1.0.11 tcp dport 6379-6380 accept" in rules
    # a public network stands for this computer, which instances see at the VPC's first address
    assert "ip saddr 10.1.0.1 tcp dport 22 accept" in rules
    assert "0.0.0.0/0" not in rules, "without an egress rule nothing goes out"


def test_a_network_inside_the_vpc_does_not_let_this_computer_in(
    store: Store, make: Make, network: tuple[str, str]
) -> None:
    group = make("securityGroup", vpcId=network[0])["id"]
    make("securityGroupIngressRule", securityGroupId=group, cidrIpv4="10.1.0.0/16", ipProtocol="-1")
    with store.change() as account:
        record = instance(account, [group], network, "10.1.0.10")
    assert "ip saddr 10.1.0.0/16 ip saddr != 10.1.0.1 accept" in firewall.ruleset(store.read(), record)


@pytest.fixture
def machine(store: Store, network: tuple[str, str]) -> Record:
    with store.change() as account:
        record = instance(account, [], network, "10.1.0.10")
        record["props"]["availabilityZone"] = "eu-central-1b"
    return record


def test_a_volume_is_attached_in_its_own_zone_alone(make: Make, machine: Record) -> None:
    here, there = (make("volume", availabilityZone=f"eu-central-1{letter}", size=20)["id"] for letter in "ba")
    said = {"instanceId": machine["id"], "deviceName": "/dev/sdf"}
    with pytest.raises(RefusedError, match=r"InvalidVolume\.ZoneMismatch"):
        make("volumeAttachment", volumeId=there, **said)
    assert make("volumeAttachment", volumeId=here, **said)["id"].startswith("vai-")


def test_a_volume_has_one_instance_which_keeps_it(store: Store, make: Make, machine: Record) -> None:
    volume = make("volume", availabilityZone="eu-central-1b", size=20)
    said = {"instanceId": machine["id"], "volumeId": volume["id"]}
    attachment = make("volumeAttachment", **said, deviceName="/dev/sdf", stopInstanceBeforeDetaching=True)
    with pytest.raises(RefusedError, match="VolumeInUse"):
        make("volumeAttachment", **said, deviceName="/dev/sdg")
    other = make("volume", availabilityZone="eu-central-1b", size=20)
    with pytest.raises(RefusedError, match="already in use"):
        make("volumeAttachment", instanceId=machine["id"], volumeId=other["id"], deviceName="/dev/sdf")
    with pytest.raises(RefusedError, match="VolumeInUse"):
        delete(store, volume)
    delete(store, attachment)
    delete(store, volume)


def test_a_volume_is_looked_for_by_its_tags_and_whether_a_machine_has_it(
    store: Store, make: Make, machine: Record
) -> None:
    volume = make("volume", availabilityZone="eu-central-1b", size=20, tags={"stack": "s"})["id"]
    wanted = {"tag:stack": "s", "status": "in-use"}
    filters = {"filters": [{"name": name, "values": [value]} for name, value in wanted.items()]}
    look_up = clouds.named("aws").LOOK_UPS["aws:ebs/getVolume:getVolume"]
    with pytest.raises(RefusedError, match="no matching"):
        look_up(store.read(), filters, "eu-central-1")
    make("volumeAttachment", instanceId=machine["id"], volumeId=volume, deviceName="/dev/sdf")
    assert look_up(store.read(), filters, "eu-central-1")["volumeId"] == volume


KNOWN = {
    **{"privateIp": "10.1.0.4", "zone": "eu-central-1a", "zoneId": "euc1-az1", "region": "eu-central-1"},
    **{"interface": "eni-1", "mac": "02:0", "groups": ["sg-1"], "subnet": "subnet-1", "vpc": "vpc-1"},
    **{"subnetCidr": "10.1.0.0/20", "vpcCidr": "10.1.0.0/16", "image": "ami-1", "hostname": "ip-10-1-0-4"},
    **{"id": "i-1", "spot": True, "type": "c5.large", "publicIp": "", "role": "r", "profileArn": "arn"},
    **{"notice": "", "tags": None, "account": "1", "userData": "#cloud-config", "state": "running"},
    **{"mayRead": ["/a"], "allTags": {"stack": "s"}, "launched": "2026-01-01T00:00:00.000Z"},
}


def test_metadata_is_a_tree() -> None:
    assert metadata.find(KNOWN, "/latest/meta-data/instance-type") == "c5.large"
    assert metadata.find(KNOWN, "/latest/meta-data/iam/security-credentials/") == "r"
    assert metadata.find(KNOWN, "/latest/meta-data/spot/instance-action") is None
    notice = metadata.find(
        {**KNOWN, "notice": "2026-01-01T00:02:00Z"}, "/latest/meta-data/spot/instance-action"
    )
    assert notice is not None
    assert '"action": "terminate"' in notice


def test_a_parameter_is_read_by_the_role_that_may(store: Store) -> None:
    del store
    state = {
        "account": "1",
        "instances": {"10.1.0.4": KNOWN, "10.1.0.5": {**KNOWN, "mayRead": []}},
        "parameters": {"/a": {"type": "SecureString", "value": "token"}},
    }
    asked = '{"Name": "/a", "WithDecryption": true}'
    header = {"X-Amz-Target": "AmazonSSM.GetParameter"}
    assert '"Value": "token"' in api.answer(state, header, asked, "10.1.0.4")[1]
    assert "AccessDenied" in api.answer(state, header, asked, "10.1.0.5")[1]


def test_instances_are_found_by_tag_and_state(store: Store) -> None:
    del store
    state = {"instances": {"10.1.0.4": KNOWN}, "parameters": {}, "account": "1"}
    asked = "Action=DescribeInstances&Filter.1.Name=tag:stack&Filter.1.Value.1="
    assert "i-1" in api.answer(state, {}, f"{asked}s", "")[1]
    assert "i-1" not in api.answer(state, {}, f"{asked}other", "")[1]


def test_what_another_stack_keeps_is_no_leftover_of_this_one() -> None:
    stack, other = (f"t-{uuid.uuid4().hex[:6]}" for _ in range(2))
    for each in (stack, other):
        podman.run("volume", "create", *podman.label_options(names.labels(each)), names.volume(each))
    try:
        assert operate.leftovers(Place(stack, "tests")) == [f"volume {names.volume(stack)}"]
    finally:
        for each in (stack, other):
            podman.remove("volume", names.volume(each))
