"""Atlas on the real engine: up, no-op, people, workers that come and go, another master."""

import json
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import Argvs
from tests.e2e_atlas.conftest import ACCOUNTS, NODES, AtlasFleet
from tests.local.hosts import Stack

CONFIG = "/shared/atlas/config/local_docker_scheduler"


def test_every_worker_is_alive_with_its_slots(up: AtlasFleet) -> None:
    told = json.loads(up.status().text)
    assert told["well"]
    assert {node["name"]: node["work"] for node in told["nodes"] if node["role"] == "worker"} == {
        "workers-1": "0 jobs, 1 slots",
        "workers-2": "0 jobs, 1 slots",
    }


def test_every_node_reads_the_masters_address_in_the_same_files(up: AtlasFleet) -> None:
    master = up.outputs()["masterPrivateIp"]
    files = f"{CONFIG}/database.config.yaml {CONFIG}/tracker_client_plugins.yaml"
    found = {up.inside(node, f"sha256sum {files}; grep -hc {master} {files}") for node in NODES}
    (said,) = found
    assert said.splitlines()[-2:] == ["4", "1"]


def test_only_what_the_catalogue_says_answers(up: AtlasFleet) -> None:
    """Docker publishes all of them on every node."""
    told, stack = up.outputs(), Stack(up.stack)
    master, (first, second) = told["masterPrivateIp"], (one["privateIp"] for one in told["workers"])
    assert stack.answering("workers-1", master) == {5556, 5558}
    assert stack.answering("master", first) == {22, 5000}
    assert stack.answering("workers-1", second) == set()


def test_what_atlas_ships_opens_nothing_and_a_temporary_password_only_its_change(up: AtlasFleet) -> None:
    first = up.outputs()["clientConfig"]["passwords"]
    shipped = (("Atlas", "test", "test"), ("Atlas", "test2", "test2"), ("master", "admin", "admin"))
    for account in shipped:
        assert up.log_in(*account) == {"error": "invalid_grant"}
    for name in ("ann", "bob"):
        assert up.log_in("Atlas", name, first[name]) == {"error_description": "Account is not fully set up"}


def test_a_second_up_changes_nothing_and_restarts_nothing(up: AtlasFleet) -> None:
    before = {node: up.containers(node) for node in NODES}
    assert set(up.up_well().counts()) == {"unchanged"}
    assert {node: up.containers(node) for node in NODES} == before


def test_a_password_is_in_no_argv_no_log_no_plain_state_and_no_user_data(
    up: AtlasFleet, argvs: Argvs
) -> None:
    client = up.outputs()["clientConfig"]
    docker = "docker ps -aq | xargs docker inspect"
    logs = up.inside("master", f"cat /var/log/agent-fleet/*.log; journalctl --no-pager; {docker}")
    for secret in (client["adminPassword"], *client["passwords"].values()):
        for text in ("\n".join(argvs.seen), up.state(), logs):
            assert secret not in text


def test_a_client_gets_its_files(up: AtlasFleet, tmp_path: Path) -> None:
    assert up.run("client", up.stack, "--dir", str(tmp_path / "client")).code == 0
    remote = yaml.safe_load((tmp_path / "client/remote.config.yaml").read_text())
    assert remote["scheduler_url"] == "http://127.0.0.1:5558"
    for folder in (remote["job_results_root"], remote["container_config_root"], remote["working_dir_root"]):
        assert up.inside("workers-1", f"ls -d {folder}") == folder


@pytest.mark.exhaustive
def test_a_registry_without_the_images_is_told_and_the_next_up_converges(up: AtlasFleet) -> None:
    before, registry = {node: up.containers(node) for node in NODES}, up.settings["registry"]
    up.settings["registry"] = f"{registry}-of-nobody"
    refused = up.up()
    assert refused.code
    assert f"the image {registry}-of-nobody/" in refused.text
    assert "cannot be had" in refused.text
    assert {node: up.containers(node) for node in NODES} == before

    up.settings["registry"] = registry
    up.up_well()
    assert json.loads(up.status().text)["well"]
    assert set(up.up_well().counts()) == {"unchanged"}


def test_another_user_touches_the_masters_step_alone(up: AtlasFleet) -> None:
    before = {node: up.containers(node) for node in NODES}
    up.settings["users"].append({"name": "carol", "email": "carol@example.org"})
    assert up.up_well().touched("updated") == {"master-step"}
    assert set(up.outputs()["clientConfig"]["passwords"]) == {"ann", "bob", "carol"}
    assert {node: up.containers(node) for node in NODES} == before


def test_a_chosen_worker_leaves_and_the_others_stay(up: AtlasFleet) -> None:
    before = {node: up.containers(node) for node in ("master", "workers-2")}
    up.config["cluster"]["pools"][0]["without"] = [1]
    done = up.up_well()
    assert "draining workers-1" in done.text
    assert done.touched("deleted") == {"workers-1-host", "workers-1-step", "workers-1-membership"}
    assert {node: up.containers(node) for node in before} == before


@pytest.mark.exhaustive
def test_a_replaced_master_has_its_workers_again(up: AtlasFleet) -> None:
    accounts = up.inside("master", f"cat {ACCOUNTS}")
    up.config["cluster"]["master"]["memoryGiB"] = 3.25
    done = up.up_well()
    assert "draining" not in done.text
    assert "state-volume" not in done.touched("replaced")
    assert json.loads(up.status().text)["well"]
    assert up.inside("master", f"cat {ACCOUNTS}") == accounts


def test_a_down_leaves_nothing(up: AtlasFleet) -> None:
    assert up.run("down", up.stack).code == 0
    assert up.run("leftovers", up.stack).code == 0
