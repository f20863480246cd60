"""What breaks comes back: by itself, by `repair`, by `replace`, or by the next `up`."""

import json
import os
import signal
import time

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults import engine
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import (
    LOCK,
    ended,
    goes_on_behind_the_first,
    held_step,
    is_well,
    machine_id,
    release,
    up_until_at_work,
    worker,
    workers,
)

DRAIN = (
    "sudo runuser -l ray -c 'ray drain-node --address {head}:6379 --node-id {node} "
    "--reason DRAIN_NODE_REASON_PREEMPTION --reason-message test --deadline-remaining-seconds 5'"
)


@fault(
    "a worker reboots",
    holds="it rejoins by itself",
    remedy="nothing",
    guard=Guard(
        "userdata/common.sh",
        '  systemctl enable "$1"\n',
        '  systemctl disable "$1"\n',
        "agents are enabled units",
        seconds=150,
    ),
)
def test_a_rebooted_worker_is_back_by_itself(cluster: Fleet) -> None:
    podman("restart", cluster.container(worker(cluster)))
    wait_until("the rebooted worker is back", lambda: is_well(cluster))


@pytest.mark.exhaustive
@fault(
    "a worker is drained by hand",
    holds="`fleet status` says so; after a repair it takes work again",
    remedy="`fleet repair NODE`",
    guard=Guard(
        "userdata/ray.sh",
        "systemctl is-active ray && pgrep -uray -x raylet",
        "systemctl is-active ray",
        "a unit counts as up only with its raylet",
    ),
)
def test_a_drained_worker_is_back_after_repair(cluster: Fleet) -> None:
    name = worker(cluster)
    nodes = json.loads(cluster.ssh("master", "sudo bash /usr/local/lib/agent-fleet/ray.sh nodes </dev/null"))
    address = cluster.outputs()["workers"][-1]["privateIp"]
    (node_id,) = (node["nodeId"] for node in nodes if node["ip"] == address)
    cluster.ssh("master", DRAIN.format(head=cluster.outputs()["masterPrivateIp"], node=node_id))
    wait_until("the drained worker is missed", lambda: cluster.status().code == 1)
    assert cluster.run("repair", cluster.stack, name).code == 0
    assert is_well(cluster)


@fault(
    "a worker's machine dies",
    holds="it is seen and made anew; nothing dials the dead one, and the others keep their processes",
    remedy="`fleet replace NODE`",
    guard=Guard(
        "components/commands.py",
        "            create=command,\n",
        '            create=command,\n            delete="true",\n',
        "a step has no `delete`",
    ),
)
def test_a_killed_worker_is_seen_and_replaced_and_no_other_is_touched(cluster: Fleet) -> None:
    name = worker(cluster)
    others = ["master", *workers(cluster)[:-1]]
    before = {other: cluster.pid(other) for other in others}
    podman("kill", cluster.container(name))
    done = cluster.status()
    assert done.code == 1
    (found,) = (node for node in json.loads(done.text)["nodes"] if node["name"] == name)
    assert found["machine"] == "stopped"
    assert cluster.run("replace", cluster.stack, name).code == 0
    assert is_well(cluster)
    assert before == {other: cluster.pid(other) for other in before}


@pytest.mark.exhaustive
@fault(
    "the master's machine dies",
    holds="workers keep their machines, rejoin the new master and are verified; nobody is drained",
    remedy="`fleet replace master`",
    guard=Guard(
        "components/commands.py",
        '{"STEP": step_of_agent.stdout, "CONTROLLER": controller.id}',
        '{"STEP": step_of_agent.stdout}',
        "a membership's input names its controller's machine",
    ),
)
def test_all_workers_rejoin_a_replaced_master_and_are_verified(cluster: Fleet) -> None:
    machines = {name: machine_id(cluster, name) for name in workers(cluster)}
    podman("kill", cluster.container("master"))
    done = cluster.run("replace", cluster.stack, "master")
    assert done.code == 0
    assert "draining" not in done.text
    assert {f"{name}-membership" for name in machines} <= done.touched("updated")
    assert machines == {name: machine_id(cluster, name) for name in machines}
    assert is_well(cluster)


@pytest.mark.exhaustive
@fault(
    "Ctrl-C during a step",
    holds="the step ends, and is in the state",
    remedy="`make up` again",
    guard=Guard(
        "fleet/engine/process.py",
        "            process_group=None if on_terminal else 0,\n",
        "",
        "the engine gets a signal once",
    ),
)
def test_after_one_ctrl_c_the_engine_waits_for_the_step(cluster: Fleet) -> None:
    with held_step(cluster, "master"):
        process = up_until_at_work(cluster, "master")
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(20)
        assert process.poll() is None, "the engine left a step behind"
        release(cluster, "master")
        done = ended(process)
    assert done.code != 0
    assert "master-step" in done.touched("updated")
    converges(cluster)


@pytest.mark.exhaustive
@fault(
    "Ctrl-C twice during a step",
    holds="the next `up` waits for the script that goes on, and converges",
    remedy="`make up` again",
    guard=LOCK,
)
def test_after_two_ctrl_c_no_second_script_runs_beside_the_first(cluster: Fleet) -> None:
    with held_step(cluster, "master"):
        process = up_until_at_work(cluster, "master")
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(2)
        assert ended(process).code != 0
        goes_on_behind_the_first(cluster, "master")
    converges(cluster)


@fault(
    "`make up` and the engine are killed by `kill -9` during a step",
    holds="the next `up` removes the dead run's lock, waits for the script that goes on, and converges",
    remedy="`make up` again",
    guard=Guard(
        "fleet/engine/__init__.py",
        "    if stacks.wait_for_holders(root, stack):\n",
        "    if False:\n",
        "the lock of a run that is dead is removed",
    ),
)
def test_after_a_kill_the_next_up_converges(cluster: Fleet) -> None:
    with held_step(cluster, "master"):
        engine.kill(up_until_at_work(cluster, "master"))
        goes_on_behind_the_first(cluster, "master")
    converges(cluster)


def converges(cluster: Fleet) -> None:
    assert cluster.up().code == 0
    assert is_well(cluster)
