"""Changes of a cluster that is up: only what they name is touched."""

import json

import pytest

from tests.e2e.project import Fleet


def node(name: str) -> set[str]:
    return {f"{name}-host", f"{name}-step", f"{name}-membership"}


@pytest.mark.exhaustive
def test_a_repair_before_a_new_worker_is_made_says_what_to_do_first(cluster: Fleet) -> None:
    cluster.pool["count"] = 3
    cluster.write()
    done = cluster.run("repair", cluster.stack, "workers-1")
    assert done.code == 2
    assert "asks for workers-3, which is not made yet; run `make up STACK=t-e2e` first" in done.text


def test_one_worker_more_adds_only_its_own_resources(cluster: Fleet) -> None:
    before = {name: cluster.pid(name) for name in ("master", "workers-1", "workers-2")}
    cluster.pool["count"] = 3
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"created", "unchanged"}
    assert node("workers-3") <= done.touched("created")
    assert before == {name: cluster.pid(name) for name in before}


def test_one_chosen_worker_leaves_drained_and_the_others_keep_their_processes(cluster: Fleet) -> None:
    before = {name: cluster.pid(name) for name in ("master", "workers-1", "workers-3")}
    cluster.pool["without"] = [2]
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"deleted", "unchanged"}
    assert node("workers-2") <= done.touched("deleted")
    assert "draining workers-2" in done.text
    assert before == {name: cluster.pid(name) for name in before}
    names = {found["name"] for found in json.loads(cluster.status().text)["nodes"]}
    assert names == {"master", "workers-1", "workers-3"}


def test_a_changed_script_updates_steps_and_memberships_and_restarts_no_agent(cluster: Fleet) -> None:
    before = {name: cluster.pid(name) for name in ("master", "workers-1", "workers-3")}
    script = cluster.folder / "userdata/common.sh"
    script.write_text(script.read_text() + "\nunused_function() { :; }\n")
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"updated", "unchanged"}
    steps = {"master-step", "workers-1-step", "workers-3-step"}
    assert steps | {"workers-1-membership", "workers-3-membership"} == done.touched("updated")
    assert before == {name: cluster.pid(name) for name in before}


@pytest.mark.exhaustive
def test_a_changed_setting_restarts_the_agents_and_replaces_no_machine(cluster: Fleet) -> None:
    before = {name: cluster.pid(name) for name in ("master", "workers-1", "workers-3")}
    cluster.config["cluster"]["settings"]["pipPackages"].append("humanize")
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"updated", "unchanged"}
    after = {name: cluster.pid(name) for name in before}
    assert not [name for name in before if before[name] == after[name]]
    assert cluster.ssh("workers-1", "/opt/ray/bin/python -c 'import humanize; print(1)'").strip() == "1"


@pytest.mark.exhaustive
def test_a_new_generation_of_the_token_is_in_force_everywhere_without_new_machines(cluster: Fleet) -> None:
    old = cluster.ssh("master", "sudo cat /etc/ray/token")
    cluster.config["keyGenerations"] = {"token": 2}
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"updated", "unchanged"}
    tokens = {cluster.ssh(name, "sudo cat /etc/ray/token") for name in ("master", "workers-1", "workers-3")}
    assert len(tokens) == 1
    assert old not in tokens
    refused = "curl -so /dev/null -w '%{http_code}' -H 'Authorization: Bearer {}' 127.0.0.1:8265/api/v0/nodes"
    assert cluster.ssh("master", refused.replace("{}", old.strip(), 1)) in ("401", "403")


@pytest.mark.exhaustive
def test_a_colleagues_key_lets_in_and_out_again_in_place(cluster: Fleet) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO ann"
    cluster.config["access"] = {"sshPublicKeys": [key]}
    assert set(cluster.up().counts()) == {"updated", "unchanged"}
    assert key in cluster.ssh("workers-1", "cat ~/.ssh/authorized_keys")
    del cluster.config["access"]
    assert cluster.up().code == 0
    assert key not in cluster.ssh("workers-1", "cat ~/.ssh/authorized_keys")
