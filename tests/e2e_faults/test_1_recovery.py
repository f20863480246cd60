"""What breaks comes back: by itself, by `repair`, by `replace`, or by the next `up`."""

import json
import os
import signal
import time

import pytest

from tests.e2e.project import Fleet, podman, wait_until

DRAIN = (
    "sudo runuser -l ray -c 'ray drain-node --address {head}:6379 --node-id {node} "
    "--reason DRAIN_NODE_REASON_PREEMPTION --reason-message test --deadline-remaining-seconds 5'"
)


def worker(cluster: Fleet) -> str:
    return cluster.outputs()["workers"][-1]["name"]


def machine_id(cluster: Fleet, node: str) -> str:
    return podman("inspect", "--format", "{{.Id}}", cluster.container(node))


def is_well(cluster: Fleet) -> bool:
    return cluster.status().code == 0


def test_a_rebooted_worker_is_back_by_itself(cluster: Fleet) -> None:
    podman("restart", cluster.container(worker(cluster)))
    wait_until("the rebooted worker is back", lambda: is_well(cluster))


@pytest.mark.exhaustive
def test_a_drained_worker_is_back_after_repair(cluster: Fleet) -> None:
    name = worker(cluster)
    nodes = json.loads(cluster.ssh("master", "sudo bash /usr/local/lib/agent-fleet/ray.sh nodes </dev/null"))
    address = cluster.outputs()["workers"][-1]["privateIp"]
    (node_id,) = (node["nodeId"] for node in nodes if node["ip"] == address)
    cluster.ssh("master", DRAIN.format(head=cluster.outputs()["masterPrivateIp"], node=node_id))
    wait_until("the drained worker is missed", lambda: cluster.status().code == 1)
    assert cluster.run("repair", cluster.stack, name).code == 0
    assert is_well(cluster)


def test_a_killed_worker_is_seen_and_replaced_and_no_other_is_touched(cluster: Fleet) -> None:
    name = worker(cluster)
    before = {other: cluster.pid(other) for other in ("master", "workers-1")}
    podman("kill", cluster.container(name))
    done = cluster.status()
    assert done.code == 1
    (found,) = (node for node in json.loads(done.text)["nodes"] if node["name"] == name)
    assert found["machine"] == "stopped"
    assert cluster.run("replace", cluster.stack, name).code == 0
    assert is_well(cluster)
    assert before == {other: cluster.pid(other) for other in before}


@pytest.mark.exhaustive
def test_all_workers_rejoin_a_replaced_master_and_are_verified(cluster: Fleet) -> None:
    workers = [found["name"] for found in cluster.outputs()["workers"]]
    machines = {name: machine_id(cluster, name) for name in workers}
    done = cluster.run("replace", cluster.stack, "master")
    assert done.code == 0
    assert "draining" not in done.text
    assert {f"{name}-membership" for name in workers} <= done.touched("updated")
    assert machines == {name: machine_id(cluster, name) for name in workers}
    assert is_well(cluster)


@pytest.mark.parametrize(
    "how",
    [
        *(pytest.param(how, marks=pytest.mark.exhaustive) for how in ("Ctrl-C once", "Ctrl-C twice")),
        "kill -9",
    ],
)
def test_after_an_interrupted_step_the_next_up_converges_without_a_second_script_beside_the_first(
    cluster: Fleet, how: str
) -> None:
    script = cluster.folder / "userdata/ray.sh"
    text = script.read_text()
    script.write_text(text.replace("  begin_step\n", "  begin_step\n  sleep 20\n", 1))
    process = cluster.start("up", cluster.stack)
    try:
        wait_until("the master's script runs", lambda: scripts(cluster, "master") > 0, 60)
        interrupt(process.pid, how)
        process.communicate(timeout=120)
        assert process.returncode != 0
    finally:
        script.write_text(text)
    assert cluster.up().code == 0
    assert scripts(cluster, "master") == 0
    assert is_well(cluster)


def scripts(cluster: Fleet, node: str) -> int:
    """How many runs of a step are at work on a node."""
    line = "pgrep -fc '^bash /usr/local/lib/agent-fleet/ray.sh (master|worker)' || true"
    return int(cluster.ssh(node, line).strip() or 0)


def interrupt(pid: int, how: str) -> None:
    group = os.getpgid(pid)
    if how == "kill -9":
        os.killpg(group, signal.SIGKILL)
        return
    os.killpg(group, signal.SIGINT)
    if how == "Ctrl-C twice":
        time.sleep(2)
        os.killpg(group, signal.SIGINT)
