"""Controllers that are slow or wrong, workers that hang or are dead when something is asked of them."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults.engine import hosts
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import edited, inside, is_well

pytestmark = pytest.mark.exhaustive

KNOWN = "/run/agent-fleet-nodes.json"
VERIFIES = "pgrep -fc '^bash /usr/local/lib/agent-fleet/ray.sh join' || true"
WORKER = "workers-1"


@contextmanager
def held_before_it_verifies(cluster: Fleet) -> Iterator[subprocess.Popen[str]]:
    """A repair of a worker whose step has ended well, and whose membership asks the controller next."""
    inside(cluster, "master", f"systemd-run --unit=holder flock {KNOWN}.lock sleep infinity")
    run = cluster.start("repair", cluster.stack, WORKER)
    try:
        wait_until("its membership is at work", lambda: int(inside(cluster, "master", VERIFIES)) > 0)
        yield run
    finally:
        go_on(cluster)
        run.communicate(timeout=300)


def go_on(cluster: Fleet) -> None:
    inside(cluster, "master", "systemctl stop holder || true")


def goes_on_for(run: subprocess.Popen[str], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and run.poll() is None:
        time.sleep(0.5)
    return run.poll() is None


def seen_by_gcs(cluster: Fleet, node: str) -> str:
    address = next(one["privateIp"] for one in cluster.outputs()["workers"] if one["name"] == node)
    said = inside(cluster, "master", "bash /usr/local/lib/agent-fleet/ray.sh nodes </dev/null")
    return next(one["state"] for one in json.loads(said) if one["ip"] == address)


@fault(
    "the controller hangs for 20 s while a worker is verified",
    holds="the membership waits, and the run ends well",
    remedy="nothing",
    guard=Guard(
        "userdata/ray_head.sh",
        'GPUS GPUs" 180 joined',
        'GPUS GPUs" 5 joined',
        "a membership gives its controller three minutes",
    ),
)
def test_a_controller_that_hangs_for_a_while_is_waited_for(cluster: Fleet) -> None:
    with held_before_it_verifies(cluster) as run:
        inside(cluster, "master", "pkill -STOP gcs_server")
        go_on(cluster)
        try:
            assert goes_on_for(run, 20)
        finally:
            inside(cluster, "master", "pkill -CONT gcs_server")
    assert run.returncode == 0
    assert is_well(cluster)


@fault(
    "the controller still calls a worker alive that hangs",
    holds="the membership is not content with that: it asks the worker itself",
    remedy="nothing, if the worker goes on within three minutes; else `fleet replace NODE`",
    guard=Guard(
        "userdata/ray_head.sh",
        "  serves\n}",
        "}",
        "a membership asks the worker's raylet itself",
    ),
)
def test_a_worker_that_only_the_controller_calls_alive_is_no_member(cluster: Fleet) -> None:
    with held_before_it_verifies(cluster) as run, paused(cluster, WORKER):
        go_on(cluster)
        assert goes_on_for(run, 10), "it was verified while it hung"
        assert seen_by_gcs(cluster, WORKER) == "ALIVE"
    assert run.returncode == 0
    assert is_well(cluster)


@contextmanager
def paused(cluster: Fleet, node: str) -> Iterator[None]:
    """A host that hangs: its kernel answers, nothing that runs on it does."""
    podman("pause", cluster.container(node))
    try:
        yield
    finally:
        podman("unpause", cluster.container(node))


@fault(
    "a worker hangs",
    holds="`fleet status` names it within 30 s, a change for it fails within four minutes and names it, "
    "the other workers get theirs",
    remedy="`fleet replace NODE`; `make up` again, if it goes on by itself",
    guard=Guard(
        "userdata/node.yaml",
        "ChannelTimeout direct-tcpip=90s",
        "ChannelTimeout direct-tcpip=1h",
        "the master ends a connection through it in which nothing is heard",
        seconds=400,
    ),
)
def test_a_worker_that_hangs_is_named_and_blocks_nobody_for_long(cluster: Fleet) -> None:
    with edited(cluster, "userdata/ray.sh", "  begin_step\n", "  begin_step\n  sleep 1\n"):
        with paused(cluster, WORKER):
            start = time.monotonic()
            status = cluster.status()
            assert time.monotonic() - start < 30
            assert status.code == 1
            (row,) = (node for node in json.loads(status.text)["nodes"] if node["name"] == WORKER)
            assert row["problems"] == ["its machine is paused"]
            start = time.monotonic()
            done = cluster.run("up", cluster.stack, seconds=240)
            assert done.code == 1
            assert f"{WORKER}-step" in done.text.partition("Diagnostics:")[2]
            assert "workers-2-membership" in done.touched("updated")
        assert cluster.up().code == 0
    assert is_well(cluster)


@fault(
    "a worker is dead when its pool loses it",
    holds="it leaves without being dialled; the others keep their processes",
    remedy="nothing",
    guard=Guard(
        "components/commands.py",
        "            create=command,\n",
        '            create=command,\n            delete="true",\n',
        "a step has no `delete`",
    ),
)
def test_a_dead_worker_leaves(cluster: Fleet) -> None:
    before = {other: cluster.pid(other) for other in ("master", "workers-2")}
    podman("kill", cluster.container(WORKER))
    cluster.pool["without"] = [1]
    try:
        assert cluster.up().code == 0
        assert list(hosts(cluster)) == ["master", "workers-2"]
        assert before == {other: cluster.pid(other) for other in before}
    finally:
        cluster.pool["without"] = []
    assert cluster.up().code == 0
