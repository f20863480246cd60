"""What breaks comes back: by itself, by `repair`, by `replace`, or by the next `up`."""

import json
import os
import signal
import subprocess
import time

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import is_well, machine_id, scripts, slow_step, worker

DRAIN = (
    "sudo runuser -l ray -c 'ray drain-node --address {head}:6379 --node-id {node} "
    "--reason DRAIN_NODE_REASON_PREEMPTION --reason-message test --deadline-remaining-seconds 5'"
)
LOCK = Guard(
    "userdata/common.sh",
    "    flock 9\n",
    "    :\n",
    "a step waits for another run that is still at work",
    seconds=150,
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
        seconds=45,
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
        seconds=60,
    ),
)
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
    workers = [found["name"] for found in cluster.outputs()["workers"]]
    machines = {name: machine_id(cluster, name) for name in workers}
    podman("kill", cluster.container("master"))
    done = cluster.run("replace", cluster.stack, "master")
    assert done.code == 0
    assert "draining" not in done.text
    assert {f"{name}-membership" for name in workers} <= done.touched("updated")
    assert machines == {name: machine_id(cluster, name) for name in workers}
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
def test_after_one_ctrl_c_the_step_ends_before_the_engine_does(cluster: Fleet) -> None:
    with slow_step(cluster, seconds=20):
        process = up_in_masters_step(cluster)
        interrupt(process, signal.SIGINT)
    assert scripts(cluster, "master") == 0
    converges(cluster)


@pytest.mark.exhaustive
@fault(
    "Ctrl-C twice during a step",
    holds="the next `up` waits for the script that goes on, and converges",
    remedy="`make up` again",
    guard=LOCK,
)
def test_after_two_ctrl_c_no_second_script_runs_beside_the_first(cluster: Fleet) -> None:
    with slow_step(cluster, seconds=40):
        process = up_in_masters_step(cluster)
        interrupt(process, signal.SIGINT, signal.SIGINT)
    converges(cluster)


@fault(
    "`make up` is killed by `kill -9`",
    holds="the next `up` takes over the dead run's lock and step, and converges",
    remedy="`make up` again",
    guard=Guard(
        "fleet/engine/__init__.py",
        "    if stacks.wait_for_holders(root, stack):\n",
        "    if False:\n",
        "the lock of a run that is dead is removed",
    ),
)
def test_after_a_kill_the_next_up_converges(cluster: Fleet) -> None:
    with slow_step(cluster, seconds=20):
        process = up_in_masters_step(cluster)
        interrupt(process, signal.SIGKILL)
    converges(cluster)


def up_in_masters_step(cluster: Fleet) -> subprocess.Popen[str]:
    process = cluster.start("up", cluster.stack)
    wait_until("the master's script runs", lambda: scripts(cluster, "master") > 0, 60)
    return process


def interrupt(process: subprocess.Popen[str], *signals: signal.Signals) -> None:
    for number in signals:
        os.killpg(process.pid, number)
        time.sleep(2)
    process.communicate(timeout=120)
    assert process.returncode != 0


def converges(cluster: Fleet) -> None:
    assert cluster.up().code == 0
    assert scripts(cluster, "master") == 0, "a second script ran beside the first"
    assert is_well(cluster)
