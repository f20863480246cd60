"""What rows ask of the nodes of a cluster, and how they stop a step in its middle to strike there."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.project import Done, Fleet, podman, wait_until
from tests.faults.matrix import Guard

HELD = """  begin_step
  mkdir /run/at-work || touch /run/two-at-work
  while [[ -e /run/held ]]; do sleep 0.2; done
  rmdir /run/at-work
"""

LOCK = Guard(
    "userdata/common.sh",
    "    flock 9\n",
    "    :\n",
    "a step waits for another run that is still at work",
    seconds=150,
)


def worker(cluster: Fleet) -> str:
    """The last one."""
    return workers(cluster)[-1]


def workers(cluster: Fleet) -> list[str]:
    return [found["name"] for found in cluster.outputs()["workers"]]


def machine_id(cluster: Fleet, node: str) -> str:
    return podman("inspect", "--format", "{{.Id}}", cluster.container(node))


def is_well(cluster: Fleet) -> bool:
    return cluster.status().code == 0


def inside(cluster: Fleet, node: str, shell: str) -> str:
    """As root of the host, not by SSH."""
    return podman("exec", cluster.container(node), "bash", "-c", shell)


def at_work(cluster: Fleet, node: str, verbs: str = "master|worker") -> int:
    """How many runs of the script are at work on a node."""
    line = f"pgrep -fc '^bash /usr/local/lib/agent-fleet/ray.sh ({verbs})' || true"
    return int(inside(cluster, node, line).strip() or 0)


@contextmanager
def edited(cluster: Fleet, name: str, old: str, new: str) -> Iterator[None]:
    """Another text in a file of the copied project: the next `up` has something to do."""
    file = cluster.folder / name
    before = file.read_text()
    assert before.count(old) == 1, f"{name} has {before.count(old)} times: {old}"
    file.write_text(before.replace(old, new))
    try:
        yield
    finally:
        file.write_text(before)


@contextmanager
def held_step(cluster: Fleet, node: str) -> Iterator[None]:
    """The next `up` runs all steps again; this node's stays at work until `release`."""
    inside(cluster, node, "touch /run/held")
    try:
        with edited(cluster, "userdata/ray.sh", "  begin_step\n", HELD):
            yield
    finally:
        inside(cluster, node, "rm -rf /run/held /run/at-work /run/two-at-work")


def release(cluster: Fleet, node: str) -> None:
    inside(cluster, node, "rm -f /run/held")


def two_were_at_work(cluster: Fleet, node: str) -> bool:
    return inside(cluster, node, "ls /run").split().count("two-at-work") == 1


def up_until_at_work(cluster: Fleet, node: str) -> subprocess.Popen[str]:
    cluster.write()
    process = cluster.start("up", cluster.stack)
    held = "test -d /run/at-work && echo yes || true"
    wait_until(f"the step of {node} is at work", lambda: "yes" in inside(cluster, node, held), 120)
    return process


def ended(process: subprocess.Popen[str], seconds: float = 300) -> Done:
    text, _ = process.communicate(timeout=seconds)
    print(text[-6000:])
    return Done(process.returncode, text)


@contextmanager
def changed_settings(cluster: Fleet, **changed: object) -> Iterator[None]:
    """Other settings of the platform for the next `up`."""
    settings = cluster.config["cluster"]["settings"]
    before = dict(settings)
    settings.update(changed)
    try:
        yield
    finally:
        settings.clear()
        settings.update(before)
        cluster.write()


def goes_on_behind_the_first(cluster: Fleet, node: str) -> None:
    """An `up` while a script of the run before is still at work there."""
    process = cluster.start("up", cluster.stack)
    wait_until("the second script is there", lambda: at_work(cluster, node) == 2, 120)
    time.sleep(3)
    release(cluster, node)
    assert ended(process).code == 0
    assert not two_were_at_work(cluster, node), "a second script ran beside the first"
