"""The platform as data: ports, what reaches machines and people, and the stack file of the stand-ins."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from components import scripts
from components.call import Call
from components.platforms import atlas, atlas_client
from tests.atlas import archive
from tests.atlas.hosts import NOWHERE, fleet
from tests.atlas.standins import FILES
from tests.cluster_hosts import Given, GivenKeys

ROOT = Path(__file__).parents[2]


def machine(made: Any, address: str = "10.0.0.1") -> Any:
    return SimpleNamespace(private_ip=address, public_ip=Given("203.0.113.9"), node=made)


def calls(**settings: Any) -> dict[str, Call]:
    made, given = fleet(**settings), GivenKeys()
    keys: Any = given
    found = {}
    for node in made.workers:
        found[node.name] = atlas.agent(made, node, keys, machine(node, "10.0.0.2"), machine(made.master))
        found[f"{node.name}-membership"] = atlas.member(made, node, keys, machine(node, "10.0.0.2"))
    return found


def test_people_reach_neither_the_tracker_nor_a_scheduler() -> None:
    of_people = {port.first for port in atlas.PORTS if "users" in port.sources}
    assert of_people == {5555, 5557, 5558, 5959, 8443}
    between = {
        (port.first, port.to_role, port.sources) for port in atlas.PORTS if "users" not in port.sources
    }
    assert between == {(5556, "master", ("worker",)), (5000, "worker", ("master",))}
    assert not any("admins" in port.sources for port in atlas.PORTS)


def test_a_worker_has_the_slots_of_its_pool() -> None:
    found = calls(slots=3, poolSlots={"wide": 5})
    assert found["plain-1"].settings["SLOTS"] == found["plain-1-membership"].settings["SLOTS"] == 3
    assert found["wide-1"].settings["SLOTS"] == 5


def test_a_worker_is_told_little_and_no_secret() -> None:
    for name, call in calls().items():
        assert call.secrets == {}
        assert len(scripts.assignments(call.settings)) < 2000, name  # pyright: ignore


def test_a_change_of_an_image_reaches_the_workers() -> None:
    assert calls()["plain-1"].settings != calls(tag="0.1.9")["plain-1"].settings
    assert calls()["plain-1-membership"].settings == calls(tag="0.1.9")["plain-1-membership"].settings


def test_a_membership_waits_as_long_as_jobs_may_take() -> None:
    call = calls(drainMinutes=30)["plain-1-membership"]
    assert (call.verb, call.undo) == ("join", "leave")
    assert call.timeout == 30 * 60 + atlas.MEMBERSHIP_SECONDS


def test_people_get_a_file_whose_folders_are_those_of_the_nodes() -> None:
    made = fleet()
    files = atlas_client.files(made, atlas.settings_of(made), "203.0.113.9")
    assert yaml.safe_load(files["remote.config.yaml"]) == {
        "cache_config": {"end_point": "/cache_end_point"},
        "container_config_root": "/shared/atlas/config/local_docker_scheduler/worker_config",
        "job_deployment_env": "local_docker_scheduler_plugin",
        "job_results_root": "/shared/atlas/job_data",
        "job_store_dir_root": "/shared/atlas/job_bundle_store_dir",
        "scheduler_url": "http://203.0.113.9:5558",
        "working_dir_root": "/var/lib/atlas/work",
    }
    assert "job.config.yaml" not in files
    steps = files["README.md"]
    assert "https://203.0.113.9:8443/auth/realms/Atlas/account" in steps
    assert "`foundations submit remote . main.py`" in steps
    with_image = fleet(jobImage="registry.example.org/atlas/worker:0.1")
    image = atlas_client.files(with_image, atlas.settings_of(with_image), "x")["job.config.yaml"]
    assert yaml.safe_load(image) == {"worker": {"image": "registry.example.org/atlas/worker:0.1"}}


def test_the_stand_ins_are_the_same_bytes_that_the_stack_file_names() -> None:
    document = yaml.safe_load((ROOT / "Pulumi.atlas-local.yaml").read_text())
    settings = document["config"]["agent-fleet:cluster"]["settings"]
    for key, name in FILES.items():
        assert settings[key]["sha256"] == archive.sha256(name)
        assert settings[key]["url"].endswith(f"/{name}")


def test_settings_reach_the_master_as_json() -> None:
    made: Any = fleet(tags={"gui": "9"})
    told = atlas.settings_of(made)
    assert json.dumps(told.tags) == '{"gui": "9"}'
    assert told.registry == NOWHERE["registry"]
