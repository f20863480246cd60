"""Thirty workers behind one jump host, whose steps are all at work at once."""

from collections.abc import Iterator

import pytest

from tests.e2e.project import Fleet, copied_project
from tests.faults.matrix import ROOT, Guard, fault
from tests.faults.nodes import edited

pytestmark = pytest.mark.exhaustive

COUNT = 30


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The master alone, of a cluster whose agents weigh nothing."""
    made = Fleet(copied_project(tmp_path_factory.mktemp("project")), "t-faults-crowd")
    for script in ("ray_head", "ray"):
        text = (ROOT / "tests/faults/crowd.sh").read_text() if script == "ray" else ""
        (made.folder / f"userdata/{script}.sh").write_text(text)
    size = {"cpus": 1, "memoryGiB": 2, "shmGiB": 0.1}
    made.config["cluster"] = {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1"},
        "master": size,
        "pools": [{"name": "workers", "count": 0, **size}],
    }
    assert made.up().code == 0, "the first up failed"
    yield made
    made.end()


@fault(
    "thirty workers are made at once, and later changed at once",
    holds="all their steps are at work at the same time, through one master, at the first `make up` of each",
    remedy="nothing",
    guard=(
        Guard(
            "userdata/node.yaml",
            "MaxStartups 1000",
            "MaxStartups 10:30:100",
            "a machine's sshd drops no dial",
            seconds=500,
        ),
        Guard(
            "components/connection.py",
            "\nDIALS = 15\n",
            "\nDIALS = 0\n",
            "a dial that is dropped is tried again",
            seconds=500,
        ),
    ),
    stack="crowd",
)
def test_thirty_steps_at_once(crowd: Fleet) -> None:
    crowd.pool["count"] = COUNT
    done = crowd.up()
    assert done.code == 0, done.text[-3000:]
    assert done.counts()["created"] >= 3 * COUNT
    # machines boot one after the other, so only now all are dialled in the same moment
    with edited(crowd, "userdata/ray.sh", "/here\n", "/again\n"):
        done = crowd.up()
    assert done.code == 0, done.text[-3000:]
    assert done.counts()["updated"] >= COUNT
