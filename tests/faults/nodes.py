"""What rows ask of the nodes of a cluster, and how they slow a step down to strike while it is at work."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.project import Fleet, podman


def worker(cluster: Fleet) -> str:
    return cluster.outputs()["workers"][-1]["name"]


def machine_id(cluster: Fleet, node: str) -> str:
    return podman("inspect", "--format", "{{.Id}}", cluster.container(node))


def is_well(cluster: Fleet) -> bool:
    return cluster.status().code == 0


def inside(cluster: Fleet, node: str, shell: str) -> str:
    """As root of the host, not by SSH."""
    return podman("exec", cluster.container(node), "bash", "-c", shell)


def scripts(cluster: Fleet, node: str) -> int:
    """How many runs of a step are at work on a node."""
    line = "pgrep -fc '^bash /usr/local/lib/agent-fleet/ray.sh (master|worker)' || true"
    return int(inside(cluster, node, line).strip() or 0)


@contextmanager
def slow_step(cluster: Fleet, seconds: int) -> Iterator[None]:
    """The next `up` runs all steps again, and each is at work for so long while it holds its lock."""
    script = cluster.folder / "userdata/ray.sh"
    text = script.read_text()
    script.write_text(text.replace("  begin_step\n", f"  begin_step\n  sleep {seconds}\n", 1))
    try:
        yield
    finally:
        script.write_text(text)
