"""`down` needs nobody."""

import time

import pytest

from tests.e2e.project import Fleet, podman
from tests.faults.matrix import Guard, fault


@pytest.mark.exhaustive
@fault(
    "the master is dead and a worker hangs at `down`",
    holds="it takes all away within two minutes",
    remedy="`make down`",
    guard=Guard(
        "components/commands.py",
        "                deleted_with=controller.resource,\n",
        "",
        "a membership goes with its controller's machine, without a `delete`",
    ),
)
def test_down_with_a_dead_master_and_a_worker_that_hangs(cluster: Fleet) -> None:
    podman("kill", cluster.container("master"))
    podman("pause", cluster.container("workers-1"))
    start = time.monotonic()
    assert cluster.run("down", cluster.stack).code == 0
    assert time.monotonic() - start < 120, "something was dialled"
    assert cluster.left() == []
    assert cluster.up().code == 0
