"""Elastic pools as data: what reaches the head and its workers, and what does not."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from components import boot, scripts
from components.config.sizes import Size
from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import ray, ray_autoscaler
from components.platforms.ray_memory import memory_of
from tests.ray.hosts import TOKEN, GivenKeys, fleet

SIZES = {"m5.large": Size(2, 8), "c5.large": Size(2, 4), "c5.xlarge": Size(4, 8), "g4dn.xlarge": Size(4, 16)}
BURST = {"name": "burst", "instanceTypes": ["c5.large", "c5.xlarge"], "market": "spot"}
GPU = {"name": "gpu", "instanceTypes": ["g4dn.xlarge"], "gpus": 1, "elastic": {"max": 2, "idleMinutes": 30}}
LAUNCH: dict[str, Any] = {
    "region": "eu-central-1",
    "subnetIds": ["subnet-1", "subnet-2"],
    "securityGroupIds": ["sg-1"],
    "public": False,
    "launchTemplateId": "lt-1",
    "launchTemplateVersion": 3,
    "spot": True,
    "tags": {"stack": "el"},
}


def elastic(**cluster: Any) -> Fleet:
    pools = [{**BURST, "elastic": {"min": 1, "max": 40}}, GPU]
    config = {
        "team": "tests",
        "cloud": "aws",
        "access": {"admins": ["203.0.113.0/28"]},
        "network": {"zones": ["eu-central-1a"]},
        "cluster": {"platform": "ray", "master": {"instanceType": "m5.large"}, "pools": pools, **cluster},
    }
    return fleet_of(validate(config, set(), "el"), "el", ray.PORTS, SIZES)


def configured(made: Fleet) -> dict[str, Any]:
    launches = {pool.name: {**LAUNCH, "instanceTypes": pool.sizes} for pool in made.elastic}
    return ray_autoscaler.configuration(made, launches)


def test_every_pool_is_one_node_type_with_its_bounds_and_its_idle_time() -> None:
    document = configured(elastic())
    types = document["available_node_types"]
    bounds = {name: (kind["min_workers"], kind["max_workers"]) for name, kind in types.items()}
    assert bounds == {"ray.head": (0, 0), "burst": (1, 40), "gpu": (0, 2)}
    assert (types["burst"]["idle_timeout_s"], types["gpu"]["idle_timeout_s"]) == (300, 1800)
    assert types["burst"]["node_config"]["InstanceTypes"] == ["c5.large", "c5.xlarge"]
    assert types["burst"]["node_config"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert document["max_workers"] == 42
    assert configured(elastic(maxElasticWorkers=41))["max_workers"] == 41


def test_the_autoscaler_counts_on_the_least_of_a_pools_types() -> None:
    types = configured(elastic())["available_node_types"]
    assert types["burst"]["resources"] == {"CPU": 2, "memory": memory_of(SIZES["c5.large"]).tasks}
    assert types["gpu"]["resources"]["GPU"] == 1


def test_a_stack_without_elastic_pools_knows_nothing_of_them() -> None:
    made = fleet()
    machine: Any = SimpleNamespace(private_ip="10.0.0.1", node=made.master)
    given: Any = GivenKeys(TOKEN)
    head = ray.master(made, given, machine, {})
    assert head.scripts == ray.SCRIPTS
    assert not {"AUTOSCALER", "HEAD_ENVIRONMENT", "POOLS"} & head.settings.keys()
    assert "boto3" not in str(head.settings["REQUIREMENTS"])


def boot_files() -> dict[str, str]:
    made = elastic()
    given: Any = GivenKeys(TOKEN)
    head: Any = SimpleNamespace(private_ip="10.0.0.1")
    call = ray.elastic(made, made.elastic[0], given, head)
    settings: Any = {**call.settings, "AUTHORIZED_KEYS": "ssh-ed25519 AAAA", "TOKEN_PARAMETER": "/a/b"}
    return {file["path"]: file["content"] for file in boot.files(call, settings)}


def test_a_worker_boots_with_the_sizes_of_its_types_and_without_the_token() -> None:
    files = boot_files()
    conf = files["/etc/agent-fleet/boot.conf"]
    store = memory_of(SIZES["c5.xlarge"])
    assert f"'c5.xlarge 4 0 {store.tasks} {store.object_store}'" in conf
    assert TOKEN not in json.dumps(files)
    assert len(yaml.safe_dump(files)) < 4096, "user data of 16 KB has more to hold"


def test_a_secret_among_the_settings_of_a_boot_is_refused() -> None:
    made = elastic()
    given: Any = GivenKeys(TOKEN)
    head: Any = SimpleNamespace(private_ip="10.0.0.1")
    call = ray.elastic(made, made.elastic[0], given, head)
    with pytest.raises(ValueError, match="RAY_TOKEN"):
        boot.files(call, {"RAY_TOKEN": TOKEN})


def test_the_scripts_are_clean_as_they_are_written_and_as_they_travel() -> None:
    names = ("common", *ray.ELASTIC_SCRIPTS)
    written = "".join((scripts.USERDATA / f"{name}.sh").read_text() for name in names)
    boots = boot_files()["/usr/local/lib/agent-fleet/boot.sh"]
    for script, severity in (
        (written, "style"),
        (scripts.script_of(ray.ELASTIC_SCRIPTS), "error"),
        (boots, "style"),
    ):
        checked = subprocess.run(
            [Path(sys.executable).parent / "shellcheck", "--shell=bash", f"--severity={severity}", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.stdout == ""
