"""Faults under a cluster that runs: each is told, and the next command that is named heals it."""

import pytest

from tests.e2e.project import podman, wait_until
from tests.e2e_backendai.project import BackendaiFleet, sql
from tests.faults.matrix import Guard, fault


def problems(up: BackendaiFleet, node: str) -> str:
    """What `fleet status` says of a node."""
    return " ".join(up.nodes()[node]["problems"])


@pytest.mark.exhaustive
def test_an_agent_whose_docker_is_down_is_named_and_repaired(up: BackendaiFleet) -> None:
    up.inside("docker-1", "systemctl stop docker.socket docker.service")
    wait_until("it is seen", lambda: "docker" in problems(up, "docker-1"))
    done = up.run("status", up.stack)
    assert done.code == 1
    assert f"python -m fleet repair {up.stack} docker-1" in done.text
    assert up.run("repair", up.stack, "docker-1").code == 0
    assert up.status().code == 0


@pytest.mark.exhaustive
def test_a_full_scratch_root_is_told_before_anything_is_changed(up: BackendaiFleet) -> None:
    scratch = up.inside(
        "docker-1", "sed -n 's/^scratch-root = \"\\(.*\\)\"/\\1/p' /etc/backendai/agent.toml"
    ).strip()
    up.inside("docker-1", f"mount -t tmpfs -o size=4m full {scratch}")
    pid = up.pid("docker-1")
    settings = up.config["cluster"]["settings"]
    settings["reservedDiskGiB"] = 2
    done = up.up()
    assert done.code
    assert f"disk full: {scratch} needs 500 MiB, 4 are free" in done.text
    assert up.pid("docker-1") == pid
    up.inside("docker-1", f"umount {scratch}")
    up.up_well()
    assert set(up.up_well().counts()) == {"unchanged"}


@pytest.mark.exhaustive
def test_a_manager_that_is_down_is_told_and_repaired(up: BackendaiFleet) -> None:
    agents = up.pid("docker-1"), up.pid("pretended-1")
    up.ssh("master", "sudo systemctl stop backendai-manager")
    done = up.status()
    assert done.code == 1
    assert "backendai-manager" in problems(up, "master")
    up.config["cluster"]["settings"]["drainMinutes"] = 3
    done = up.up()
    assert done.code
    assert "the manager at http://127.0.0.1:8081 does not answer" in done.text
    assert up.run("repair", up.stack, "master").code == 0
    up.up_well()
    assert agents == (up.pid("docker-1"), up.pid("pretended-1"))


@pytest.mark.exhaustive
@fault(
    "the database is stopped under its platform",
    holds="`fleet status` names the database, and after a repair sessions are what they were",
    remedy="`fleet repair master`",
    guard=Guard(
        "userdata/backendai.sh",
        '      systemctl -q is-active "$part" || name=$part\n',
        "      :\n",
        "a master says which part of its platform is down",
        seconds=300,
    ),
    stack="up",
)
def test_a_database_that_is_down_is_named_and_repaired(up: BackendaiFleet) -> None:
    before = sql(up, "SELECT name, result FROM sessions ORDER BY name")
    up.ssh("master", "sudo systemctl stop postgresql@17-main")
    done = up.run("status", up.stack)
    assert done.code == 1
    assert "its service postgresql@17-main is inactive" in done.text
    assert f"python -m fleet repair {up.stack} master" in done.text
    assert up.run("repair", up.stack, "master").code == 0
    assert sql(up, "SELECT name, result FROM sessions ORDER BY name") == before
    assert set(up.up_well().counts()) == {"unchanged"}


@pytest.mark.exhaustive
def test_a_rebooted_master_is_the_same_cluster(up: BackendaiFleet) -> None:
    before = sql(up, "SELECT name, result FROM sessions ORDER BY name")
    podman("restart", up.container("master"))
    wait_until("the cluster is well", lambda: up.status().code == 0, 240)
    assert sql(up, "SELECT name, result FROM sessions ORDER BY name") == before
    assert set(up.up_well().counts()) == {"unchanged"}


@pytest.mark.exhaustive
def test_a_dead_agent_is_seen(up: BackendaiFleet) -> None:
    podman("kill", up.container("docker-1"))
    assert problems(up, "docker-1").startswith("its machine is stopped")
    assert f"python -m fleet replace {up.stack} docker-1" in up.run("status", up.stack).text


def test_down_leaves_nothing(up: BackendaiFleet) -> None:
    """Also with an agent that is dead, if the tests before have run."""
    assert up.run("down", up.stack).code == 0
    assert up.left() == []
