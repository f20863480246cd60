"""A connection, a host or the head goes while a step or a membership is at work."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import (
    LOCK,
    at_work,
    changed_settings,
    edited,
    ended,
    goes_on_behind_the_first,
    held_step,
    inside,
    is_well,
    machine_id,
    up_until_at_work,
    worker,
    workers,
)

RESTARTS = Guard(
    "userdata/ray.sh",
    "Restart=always\n",
    "Restart=no\n",
    "an agent that ends is started again",
)
MEND = "nft delete table inet cut 2>/dev/null || true"


def cut(cluster: Fleet, node: str) -> None:
    """As a switch in front of it that fails."""
    inside(
        cluster,
        node,
        "nft add table inet cut; "
        "nft add chain inet cut in '{ type filter hook input priority -300; policy drop; }'; "
        "nft add chain inet cut out '{ type filter hook output priority -300; policy drop; }'; "
        "nft add rule inet cut in iif lo accept; nft add rule inet cut out oif lo accept",
    )


@pytest.fixture
def cuttable(cluster: Fleet) -> Iterator[Fleet]:
    yield cluster
    inside(cluster, worker(cluster), MEND)


@pytest.mark.exhaustive
@fault(
    "sshd's connection is killed during a worker's step",
    holds="`up` fails at once; the next one waits for the script that goes on, and converges",
    remedy="`make up` again",
    guard=LOCK,
)
def test_a_killed_connection_ends_up_and_the_next_one_waits_for_the_script(cluster: Fleet) -> None:
    name = worker(cluster)
    with held_step(cluster, name):
        process = up_until_at_work(cluster, name)
        inside(cluster, name, "pkill -f '^sshd(-session)?: fleet'")
        done = ended(process, seconds=60)
        assert done.code != 0
        assert "remote command exited without exit status" in done.text
        assert at_work(cluster, name) == 1
        goes_on_behind_the_first(cluster, name)
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@fault(
    "a worker reboots during the install of its step",
    holds="`up` fails; the next one installs anew and converges",
    remedy="`make up` again",
    guard=Guard(
        "userdata/venv.sh",
        "  [[ -e $new/requirements ]] || {\n",
        "  [[ -e $new ]] || {\n",
        "an install counts only once it came to its end",
    ),
)
def test_a_host_that_reboots_in_mid_install_is_installed_anew(cluster: Fleet) -> None:
    name = worker(cluster)
    made = '    $uv venv --seed --clear --python-preference=system -p"$3" "$new"\n'
    slow = f"{made}    while [[ -e /run/held ]]; do mkdir -p /run/at-work; sleep 0.2; done\n"
    inside(cluster, name, "touch /run/held")
    with changed_settings(cluster, pipPackages=["humanize"]):
        with edited(cluster, "userdata/venv.sh", made, slow):
            process = up_until_at_work(cluster, name)
            podman("restart", cluster.container(name))
            assert ended(process, seconds=120).code != 0
        assert cluster.up().code == 0
        assert inside(cluster, name, "/opt/ray/bin/python -c 'import humanize; print(1)'").strip() == "1"
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@fault(
    "a worker is cut off from the network during its membership, until the controller gave it up",
    holds="its agent is started again and joins once the network is back; the same `up` is green",
    remedy="nothing",
    guard=RESTARTS,
)
def test_a_cut_that_heals_during_membership_is_waited_for(cuttable: Fleet) -> None:
    name = worker(cuttable)
    pid = cuttable.pid(name)
    with slow_membership(cuttable):
        process = up_until_membership(cuttable)
        cut(cuttable, name)
        wait_until("the head gives it up", lambda: alive(cuttable) == len(workers(cuttable)), 90)
        time.sleep(10)
        assert process.poll() is None, "the membership did not wait"
        inside(cuttable, name, MEND)
        assert ended(process).code == 0
    assert cuttable.pid(name) != pid
    assert cuttable.up().code == 0


@pytest.mark.exhaustive
@fault(
    "a worker is cut off from the network for good",
    holds="its membership fails within its limit, names the worker, and says where to look",
    remedy="mend the network, then `make up` again",
    guard=Guard(
        "userdata/common.sh",
        "    ((SECONDS - start < $2)) || fail",
        "    ((SECONDS - start < 100 * $2)) || fail",
        "what is waited for has a limit",
        seconds=200,
    ),
)
def test_a_cut_that_does_not_heal_fails_in_its_limit_and_says_what_to_do(cuttable: Fleet) -> None:
    name = worker(cuttable)
    with (
        edited(cuttable, "userdata/ray_head.sh", '$GPUS GPUs" 180 joined', '$GPUS GPUs" 60 joined'),
        slow_membership(cuttable),
    ):
        process = up_until_membership(cuttable)
        cut(cuttable, name)
        done = ended(process, seconds=180)
        assert done.code != 0
        assert f"error on master: {name} (" in done.text
        assert "not so after 60 s; the GCS knows of no living node there" in done.text
        assert f"what journalctl -u ray says on {name}, and whether it reaches the head" in done.text
        inside(cuttable, name, MEND)
    assert cuttable.up().code == 0


@pytest.mark.exhaustive
@fault(
    "the head restarts while workers join",
    holds="memberships wait until workers have joined the new head; the same `up` is green",
    remedy="nothing",
    guard=Guard(
        "userdata/ray_head.sh",
        '$GPUS GPUs" 180 joined',
        '$GPUS GPUs" 1 joined',
        "a membership waits for an agent that comes back",
    ),
)
def test_a_head_that_restarts_while_workers_join_is_waited_for(cluster: Fleet) -> None:
    before = machine_id(cluster, worker(cluster))
    with slow_membership(cluster):
        process = up_until_membership(cluster)
        inside(cluster, "master", "systemctl restart ray")
        assert ended(process).code == 0
    assert before == machine_id(cluster, worker(cluster))
    assert is_well(cluster)


def slow_membership(cluster: Fleet) -> AbstractContextManager[None]:
    """The next `up` does all memberships again, and each first takes its time."""
    return edited(cluster, "userdata/ray_head.sh", "join() {\n", "join() {\n  sleep 45\n")


def up_until_membership(cluster: Fleet) -> subprocess.Popen[str]:
    process = cluster.start("up", cluster.stack)
    wait_until(
        "memberships are at work", lambda: at_work(cluster, "master", "join") == len(workers(cluster)), 180
    )
    return process


def alive(cluster: Fleet) -> int:
    shell = "bash /usr/local/lib/agent-fleet/ray.sh nodes </dev/null | jq '[.[] | select(.alive)] | length'"
    return int(inside(cluster, "master", shell))
