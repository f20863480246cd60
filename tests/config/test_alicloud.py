"""What is said on Alibaba Cloud: names of zones, times, the stack file of the vision team."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from components.config import rules_alicloud
from components.config.__main__ import SCHEMA
from components.config.alicloud import AlicloudGpuVm
from components.config.common import TAGS
from components.config.model import AlicloudConfig, vms_of
from components.config.parts import DEFAULT_CIDR
from components.config.problems import ConfigError
from components.config.rules_types import type_problems, typed
from components.config.settings_supervisely import AgentSettings
from components.config.stack_file import read_stack_file
from components.config.types_alicloud import region_of, zone_in
from components.config.validation import validate
from components.fleet import Size, fleet_of

ROOT = Path(__file__).parents[2]
VISION = ROOT / "Pulumi.vision-cn-hangzhou.yaml"
GOOD = Path(__file__).parents[1] / "stackfiles" / "good"
TOKEN = {"superviselyApiTokens"}
TYPE = "ecs.gn6i-c4g1.xlarge"


def vision(**changed: Any) -> AlicloudConfig:
    told = read_stack_file(VISION)
    values = {**told.values, "superviselyApiTokens": "x" * 32, **changed}
    config = validate(values, TOKEN, "vision-cn-hangzhou", told.region)
    assert isinstance(config, AlicloudConfig)
    return config


def with_vm(**changed: Any) -> Any:
    values: Any = read_stack_file(VISION).values
    return [{**values["gpuVms"][0], **changed}]


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("cn-hangzhou-k", "cn-hangzhou"),
        ("cn-wulanchabu-c", "cn-wulanchabu"),
        ("eu-central-1a", "eu-central-1"),
        ("ap-southeast-5b", "ap-southeast-5"),
    ],
)
def test_a_zone_tells_its_region(zone: str, region: str) -> None:
    assert region_of(zone) == region
    assert zone_in(region, zone[-1]) == zone


@pytest.mark.parametrize(
    "zone", ["cn-hangzhou", "cn-hangzhou-1", "hangzhou-k", "cn-hangzhou-K", "eu-central-1"]
)
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a zone"):
        vision(network={"zone": zone})


@pytest.mark.parametrize(
    "name",
    [
        "ecs.g7.large",
        "ecs.gn6i-c4g1.xlarge",
        "ecs.vgn6i-m4-vws.xlarge",
        "ecs.ebmgn7ex.32xlarge",
        "ecs.t6-c1m1.large",
        "ecs.re4.40xlarge",
    ],
)
def test_types_of_ecs_are_known_by_their_names(name: str) -> None:
    assert vision(gpuVms=with_vm(instanceType=name)).gpu_vms[0].types == (name,)


@pytest.mark.parametrize(
    "name", ["g7.large", "ecs.g7", "ecs.G7.large", "ecs-g7.large", "c5.large", "ecs.7.x y"]
)
def test_other_names_are_none(name: str) -> None:
    with pytest.raises(ConfigError, match="is no instance type of ECS"):
        vision(gpuVms=with_vm(instanceType=name))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(minutes=-1), "is in the past"),
        (timedelta(minutes=29), "less than half an hour away"),
        (timedelta(minutes=31), None),
        (timedelta(days=3 * 365 - 1), None),
        (timedelta(days=3 * 365 + 1), "more than three years away"),
    ],
)
def test_a_release_time_is_one_that_alibaba_takes(after: timedelta, words: str | None) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    vm = AlicloudGpuVm.model_validate(
        with_vm(releaseTime=f"{now + after:%Y-%m-%dT%H:%M:00Z}")[0], strict=False
    )
    rules = [problem.rule for problem in rules_alicloud.release("gpuVms[0]", vm, now)]

    assert rules == [] if words is None else words in rules[0]


@pytest.mark.parametrize("prefix", [rules_alicloud.LARGEST, 20, rules_alicloud.SMALLEST])
def test_the_room_for_machines_is_what_the_vswitch_leaves(prefix: int) -> None:
    subnet = IPv4Network(f"10.90.0.0/{prefix}")
    left = len(list(subnet.hosts())) + 2 - rules_alicloud.KEPT_BY_ALIBABA

    assert rules_alicloud.addresses(prefix) == left - rules_alicloud.BESIDE_MACHINES


def test_tags_of_ones_own_leave_room_for_the_programs() -> None:
    ours = set(fleet_of(vision(), "vision", (), {TYPE: Size(4, 15)}).tags) | {"Name", "node", "role", "pool"}

    assert rules_alicloud.TAGS + len(ours) == 20
    assert rules_alicloud.TAGS <= TAGS


def test_the_stack_of_the_vision_team_is_that_of_the_public_recipe() -> None:
    config = vision()

    assert [vm.name for vm in config.gpu_vms] == ["annotator-1", "annotator-2"]
    assert {(vm.instance_type, vm.disk_gib, vm.gpus, vm.market) for vm in config.gpu_vms} == {
        (TYPE, 300, 1, "onDemand")
    }
    assert {said.server_address for _, _, said in vms_of(config, AgentSettings)} == {
        "https://supervisely.example.org"
    }
    assert config.network.zone == "cn-hangzhou-k"
    assert config.packages.apt_mirror
    assert config.packages.registry_mirrors
    assert not config.packages.nvidia_repository.startswith("https://nvidia.github.io")
    assert (config.cluster, config.allow_local_state) == (None, False)


def test_without_its_token_it_says_how_to_set_it() -> None:
    told = read_stack_file(VISION)

    with pytest.raises(ConfigError, match="pulumi config set --secret agent-fleet:superviselyApiTokens"):
        validate(told.values, set(), "vision-cn-hangzhou", told.region)


def test_its_people_come_from_a_network_that_nobody_has() -> None:
    assert all(network.subnet_of(IPv4Network("203.0.113.0/24")) for network in vision().access.admins)


def test_gpu_vms_alone_make_a_fleet_without_a_master() -> None:
    made = fleet_of(vision(), "vision-cn-hangzhou", (), {TYPE: Size(4, 15, gpus=1)})

    assert (made.master, made.workers, made.roles) == (None, (), {"gpuVm"})
    assert [(node.name, node.size.gpus, node.gpus) for node in made.gpu_vms] == [
        ("annotator-1", 1, 1),
        ("annotator-2", 1, 1),
    ]


def test_a_range_that_is_not_said_is_known_where_the_vpc_is_our_own() -> None:
    network = vision().network
    assert network.known_cidr == DEFAULT_CIDR
    assert network.model_copy(update={"vpc_id": "vpc-1"}).known_cidr is None


@pytest.mark.parametrize(
    ("gpus", "has", "rule"),
    [
        (2, 1, f"is more than {TYPE} has (1)"),
        (1, 0, f"is more than {TYPE} has (0)"),
        (0, 1, f"leaves the GPUs of {TYPE} (1) without use, and without a driver"),
        (1, 1, None),
        (1, 4, None),
        (0, 0, None),
    ],
)
def test_what_a_type_has_of_gpus_is_what_the_agent_can_have(gpus: int, has: int, rule: str | None) -> None:
    file = {"gpuVms": with_vm(gpus=gpus)}
    packages: Any = read_stack_file(VISION).values["packages"]
    if not gpus:
        file["packages"] = {key: value for key, value in packages.items() if key != "nvidiaRepository"}
    problems = list(type_problems(vision(**file), {TYPE: Size(4, 15, gpus=has)}))

    assert [(problem.path, problem.rule) for problem in problems] == (
        [("gpuVms[0].gpus", rule)] if rule else []
    )


def test_every_type_is_told_with_its_place() -> None:
    told = read_stack_file(GOOD / "alicloud-gpu-vms-beside-a-cluster.yaml")

    assert list(typed(validate(told.values, told.secret_keys, "dev", told.region))) == [
        ("cluster.master.instanceType", "ecs.g7.large"),
        ("cluster.pools[0].instanceType", "ecs.c7.large"),
        ("gpuVms[0].instanceType", TYPE),
    ]


def test_a_region_of_another_cloud_beside_the_own_is_left_alone() -> None:
    told = read_stack_file(GOOD / "alicloud-smallest.yaml")

    assert validate(told.values, set(), "dev", told.region, {"aws:region": "eu-central-1"})


@pytest.mark.parametrize(
    "change",
    [
        {"agent-fleet:cloud": "aws"},
        {"agent-fleet:network": {"zones": ["cn-hangzhou-k"]}},
        {"agent-fleet:network": {"zone": "cn-hangzhou"}},
        {"agent-fleet:gpuVms": with_vm(releaseTime="2031-01-31T18:00:00")},
        {"agent-fleet:gpuVms": with_vm(instanceType="g4dn.xlarge")},
        {"agent-fleet:gpuVms": with_vm(internetMbps=201)},
        {"agent-fleet:storage": {"backup": True}},
    ],
    ids=str,
)
def test_an_editor_marks_what_does_not_fit_the_cloud(change: dict[str, Any]) -> None:
    config = {f"agent-fleet:{key}": value for key, value in read_stack_file(VISION).values.items()} | change

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"config": config}, json.loads(SCHEMA.read_text()))
