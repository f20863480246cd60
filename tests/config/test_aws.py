"""What is said on AWS: names of types, shares of the network, the stack file of eo-grow."""

import json
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from components.config import rules_aws_network
from components.config.__main__ import SCHEMA
from components.config.model import AwsConfig, cluster_of
from components.config.parts import DEFAULT_CIDR
from components.config.rules_ray import ray_settings
from components.config.rules_types import type_problems
from components.config.stack_file import read_stack_file
from components.config.subnets_aws import addresses, private_subnets, public_subnets
from components.config.types_aws import architecture
from components.config.validation import validate
from components.fleet import Fleet, Size, fleet_of

EO = Path(__file__).parents[2] / "Pulumi.eo-eu-central-1.yaml"
ZONES = [f"us-east-1{letter}" for letter in "abcdefgh"]
SIZES = {"m5.2xlarge": Size(8, 32), "c5.large": Size(2, 4), "c5a.large": Size(2, 4)}


def eo() -> AwsConfig:
    told = read_stack_file(EO)
    config = validate(told.values, told.secret_keys, "eo-eu-central-1", told.region)
    assert isinstance(config, AwsConfig)
    return config


def fleet(**changed: Any) -> Fleet:
    values: Any = read_stack_file(EO).values
    return fleet_of(validate({**values, **changed}, set(), "eo"), "eo", (), SIZES)


@pytest.mark.parametrize(
    ("name", "arch"),
    [
        *((name, "x86_64") for name in ("c5.large", "m5a.metal", "g4dn.xlarge", "g6e.xlarge", "gr6.4xlarge")),
        *((name, "x86_64") for name in ("m7i-flex.large", "p5en.48xlarge", "u7in-16tb.224xlarge", "t3.nano")),
        *((name, "arm64") for name in ("c6g.large", "m7gd.large", "t4g.nano", "a1.large", "im4gn.large")),
        *((name, "arm64") for name in ("is4gen.large", "g5g.xlarge", "x2gd.large", "c8gn.48xlarge")),
    ],
)
def test_a_types_name_tells_its_architecture(name: str, arch: str) -> None:
    assert architecture(name) == arch


def test_subnets_lie_in_the_network_and_apart() -> None:
    cidr = IPv4Network("10.90.0.0/20")
    shares = [*public_subnets(cidr, ZONES).values(), *private_subnets(cidr, ZONES).values()]

    assert sorted(shares) == list(cidr.subnets(new_prefix=24))


def test_a_zone_more_or_less_moves_no_other() -> None:
    cidr = IPv4Network("10.90.0.0/16")
    some = public_subnets(cidr, ["us-east-1d", "us-east-1b"])

    assert some.items() <= public_subnets(cidr, ZONES).items()


@pytest.mark.parametrize("prefix", [rules_aws_network.LARGEST, 20, rules_aws_network.SMALLEST])
def test_the_room_for_machines_is_what_the_subnets_leave(prefix: int) -> None:
    (subnet,) = public_subnets(IPv4Network(f"10.90.0.0/{prefix}"), ["us-east-1a"]).values()

    assert subnet.prefixlen <= 28, "AWS takes no smaller one"
    assert rules_aws_network.machines(prefix) == addresses(subnet) - rules_aws_network.BESIDE_MACHINES


def test_the_stack_of_eo_grow_has_the_numbers_of_its_recipe() -> None:
    config = eo()
    cluster, settings = config.cluster, ray_settings(config)
    assert cluster
    assert settings
    (pool,) = cluster.pools
    assert pool.elastic

    assert (cluster.master.instance_type, cluster.master.disk_gib) == ("m5.2xlarge", 40)
    assert (pool.instance_types[0], pool.market) == ("c5.large", "spot")
    assert (pool.elastic.min, pool.elastic.max, pool.elastic.idle_minutes) == (0, 40, 5)
    assert config.network.zones == ("eu-central-1a", "eu-central-1b", "eu-central-1c")
    assert read_stack_file(EO).region == "eu-central-1"
    assert settings.pip_packages == ("eo-grow==1.7.15",)
    assert config.storage.on_destroy == "retain"
    assert not config.allow_local_state


def test_its_people_come_from_networks_that_nobody_has() -> None:
    examples = [IPv4Network(f"{start}/24") for start in ("192.0.2.0", "198.51.100.0", "203.0.113.0")]
    access = eo().access

    assert access.admins
    for network in (*access.admins, *access.users):
        assert any(network.subnet_of(example) for example in examples), network


def test_workers_of_an_elastic_pool_are_no_nodes() -> None:
    made = fleet()
    (pool,) = made.elastic

    assert (made.workers, made.pools) == ((), {})
    assert made.roles == {"master", "worker"}
    assert (pool.name, pool.scaling.max) == ("burst", 40)
    assert list(pool.sizes) == ["c5.large", "c5a.large"], "the first choice first"
    assert made.master
    assert made.master.size == SIZES["m5.2xlarge"]


def test_all_elastic_pools_together_have_the_sum_of_their_most_or_what_is_said() -> None:
    assert cluster_of(eo()).elastic_limit == 40

    values: Any = read_stack_file(EO).values
    said = fleet(cluster={**values["cluster"], "maxElasticWorkers": 45, "pools": _pools(values, 2)})
    assert cluster_of(said.config).elastic_limit == 45


def _pools(values: Any, count: int) -> list[Any]:
    (pool,) = values["cluster"]["pools"]
    return [{**pool, "name": f"{pool['name']}-{letter}"} for letter in "abc"[:count]]


def test_a_range_that_is_not_said_is_known_where_the_vpc_is_our_own() -> None:
    network = eo().network
    assert network.known_cidr == DEFAULT_CIDR
    assert network.model_copy(update={"vpc_id": "vpc-1"}).known_cidr is None


@pytest.mark.parametrize(
    "change",
    [
        {"agent-fleet:cloud": None},
        {"agent-fleet:cloud": "azure"},
        {"agent-fleet:cloud": "local"},
        {"agent-fleet:allowLocalState": "yes"},
        {"agent-fleet:storage": {"fileSystemId": "fs-1"}},
        {"agent-fleet:network": {"zones": ["eu-central-1"]}},
        {"agent-fleet:netwrok": {}},
    ],
    ids=str,
)
def test_an_editor_marks_what_does_not_fit_the_cloud(change: dict[str, Any]) -> None:
    config = {f"agent-fleet:{key}": value for key, value in read_stack_file(EO).values.items()} | change
    config = {key: value for key, value in config.items() if value is not None}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"config": config}, json.loads(SCHEMA.read_text()))


def test_what_a_type_lacks_is_told_with_its_place() -> None:
    values: Any = read_stack_file(EO).values
    cluster = {**values["cluster"], "master": {"instanceType": "t3.micro"}}
    cluster["pools"] = [
        {**_pools(values, 1)[0], "gpus": 1},
        {**_pools(values, 2)[1], "instanceTypes": ["g4dn.12xlarge", "p9.large"], "gpus": 4},
    ]
    config = validate({**values, "cluster": cluster}, set(), "eo")
    has = {"t3.micro": Size(2, 1), "c5.large": Size(2, 4), "g4dn.12xlarge": Size(48, 192, gpus=4)}

    assert [(problem.path, problem.rule) for problem in type_problems(config, has)] == [
        (
            "cluster.master.instanceType",
            "has 1 GiB, too little for the head of a Ray cluster, which needs 2 GiB before any work",
        ),
        ("cluster.pools[0].gpus", "is more than its instance types have (0)"),
    ]
