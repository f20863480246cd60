"""A wrong world on one host, and a run that is cut off anywhere: clear words, and the next run converges."""

from time import sleep

import pytest

from components import scripts
from tests.cluster_hosts import well
from tests.ray.hosts import RayHosts

NEW = "workers-3"
HERE = "error on workers-3: "


def test_no_shared_storage(hosts: RayHosts) -> None:
    run = hosts.step(NEW, seconds=10, STORAGE_PATH="/nowhere")
    assert f"{HERE}time limit: waiting for the shared storage at /nowhere" in run.said


def test_the_disk_is_full(hosts: RayHosts) -> None:
    hosts.inside(NEW, "mount", "-ttmpfs", "-osize=100M", "tmpfs", "/opt")
    run = hosts.step(NEW)
    hosts.inside(NEW, "umount", "/opt")
    assert f"{HERE}disk full: /opt needs 3000 MiB, 100 are free; make room or give a larger disk" in run.said


def test_the_python_package_index_cannot_be_reached(hosts: RayHosts) -> None:
    run = hosts.step(NEW, INDEX_URL="https://127.0.0.1:9/simple")
    what = "installing ray[default] eo-grow==1.7.15 failed: check packages.indexUrl"
    assert f"{HERE}{what}" in run.said
    assert "127.0.0.1" in run.said
    assert "/var/log/agent-fleet/ray.log" in run.said


def test_the_apt_package_index_cannot_be_reached(hosts: RayHosts) -> None:
    hosts.inside(NEW, "bash", "-c", "mkdir /root/apt; mv /etc/apt/sources.list* /var/lib/apt/lists /root/apt")
    hosts.inside(NEW, "bash", "-c", "echo 'deb http://127.0.0.1:9/debian trixie main' >/etc/apt/sources.list")
    try:
        run = hosts.other(NEW, f"{scripts.script_of(())}begin_step\napt_install sl\n")
    finally:
        hosts.inside(NEW, "bash", "-c", "rm -r /etc/apt/sources.list /var/lib/apt/lists")
        hosts.inside(
            NEW, "bash", "-c", "mv /root/apt/sources.list* /etc/apt; mv /root/apt/lists /var/lib/apt"
        )
    assert f"{HERE}apt cannot reach its package index: check packages.aptMirror and the way out" in run.said


@pytest.mark.exhaustive
def test_a_package_that_does_not_exist_leaves_the_running_agent_as_it_is(hosts: RayHosts) -> None:
    before = hosts.pid("workers-1")
    run = hosts.step("workers-1", REQUIREMENTS=["ray[default]", "eo-grow==99.0.0"])
    assert run.code
    assert "there is no version of eo-grow==99.0.0" in run.said
    assert hosts.pid("workers-1") == before
    well(hosts.step("workers-1"))
    assert hosts.pid("workers-1") == before


@pytest.mark.exhaustive
def test_a_run_that_is_killed_at_any_moment_is_done_again(hosts: RayHosts) -> None:
    """On a host where nothing is yet; each run goes further than the one before."""
    moments = [
        ("waiting for cloud-init", 0),
        ("installing ray", 0),
        ("installing ray", 3),
        ("starting ray", 0),
    ]
    for last, seconds in moments:
        with hosts.started_step(NEW) as process:
            assert process.stderr
            while last not in (line := process.stderr.readline()):
                assert line
            sleep(seconds)
            hosts.kill_step(NEW)
        assert process.returncode
    well(hosts.step(NEW))
    well(hosts.join(NEW))
    rendered = ("sha256sum", "/etc/ray/ray.env", "/etc/ray/token", "/opt/ray/requirements")
    assert hosts.inside(NEW, *rendered) == hosts.inside("workers-1", *rendered)
    well(hosts.leave(NEW))
