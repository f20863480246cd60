"""`down` takes everything away, dials nobody, and keeps what it was told to keep."""

import subprocess
import time

import pytest

from tests.e2e.project import Fleet, podman
from tests.faults.matrix import Guard, fault


@fault(
    "a worker and the master are dead at `down`",
    holds="it succeeds within a minute and dials nobody; storage with `onDestroy: retain` stays",
    remedy="`make down`",
    guard=Guard(
        "components/commands.py",
        "                deleted_with=controller.resource,\n",
        "",
        "a membership goes with its controller's machine, without a `delete`",
    ),
)
def test_down_succeeds_at_once_while_a_worker_and_the_master_are_dead_and_keeps_the_storage(
    cluster: Fleet,
) -> None:
    cluster.config["storage"]["onDestroy"] = "retain"
    assert cluster.up().code == 0
    cluster.ssh("master", "echo precious | sudo tee /shared/kept >/dev/null")
    podman("kill", cluster.container("master"), cluster.container("workers-1"))
    start = time.monotonic()
    assert cluster.run("down", cluster.stack).code == 0
    assert time.monotonic() - start < 60, "something was dialled"
    volume = f"agent-fleet-{cluster.stack}-shared"
    assert cluster.left() == [f"volume {volume}"]


@pytest.mark.exhaustive
def test_the_next_up_finds_the_data_that_was_kept(cluster: Fleet) -> None:
    cluster.pool.update(count=1, without=[])
    assert cluster.up().code == 0
    assert cluster.ssh("workers-1", "cat /shared/kept").strip() == "precious"


@pytest.mark.exhaustive
def test_a_second_down_leaves_nothing_and_a_third_has_nothing_to_do(cluster: Fleet) -> None:
    cluster.config["storage"]["onDestroy"] = "delete"
    assert cluster.up().code == 0
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.left() == []
    assert not list((cluster.folder / ".fleet/local").glob(f"*{cluster.stack}*"))
    assert not (cluster.folder / ".fleet/ssh" / cluster.stack).exists()
    processes = subprocess.run(["pgrep", "-af", cluster.stack], capture_output=True, text=True)
    assert "fleet up" not in processes.stdout
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.run("leftovers", cluster.stack).code == 0
