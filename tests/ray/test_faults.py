"""A wrong world on one host, and a run that is cut off anywhere: clear words, and the next run converges."""

from components import commands
from tests.ray.hosts import RayHosts, well

NEW = "workers-3"
HERE = "error on workers-3: "


def test_no_shared_storage(hosts: RayHosts) -> None:
    run = hosts.step(NEW, seconds=3, STORAGE_PATH="/nowhere")
    assert f"{HERE}time limit: waiting for the shared storage at /nowhere" in run.said


def test_the_disk_is_full(hosts: RayHosts) -> None:
    hosts.inside(NEW, "mount", "-ttmpfs", "-osize=100M", "tmpfs", "/opt")
    run = hosts.step(NEW)
    hosts.inside(NEW, "umount", "/opt")
    assert f"{HERE}disk full: /opt needs 3000 MiB, 100 are free; make room or give a larger disk" in run.said


def test_the_python_package_index_cannot_be_reached(hosts: RayHosts) -> None:
    run = hosts.step(NEW, INDEX_URL="https://127.0.0.1:9/simple")
    assert f"{HERE}installing ray[default] eo-grow==1.7.15 (exit code " in run.said
    assert "127.0.0.1" in run.said
    assert "/var/log/agent-fleet/ray.log" in run.said


def test_the_apt_package_index_cannot_be_reached(hosts: RayHosts) -> None:
    hosts.inside(NEW, "bash", "-c", "mkdir /root/apt; mv /etc/apt/sources.list* /var/lib/apt/lists /root/apt")
    hosts.inside(NEW, "bash", "-c", "echo 'deb http://127.0.0.1:9/debian trixie main' >/etc/apt/sources.list")
    try:
        run = hosts.script(NEW, f"{commands.script_of(())}begin_step\napt_install sl\n")
    finally:
        hosts.inside(NEW, "bash", "-c", "rm -r /etc/apt/sources.list /var/lib/apt/lists")
        hosts.inside(
            NEW, "bash", "-c", "mv /root/apt/sources.list* /etc/apt; mv /root/apt/lists /var/lib/apt"
        )
    assert f"{HERE}apt cannot reach its package index: check packages.aptMirror and the way out" in run.said


def test_a_package_that_does_not_exist_leaves_the_running_agent_as_it_is(hosts: RayHosts) -> None:
    before = hosts.pid("workers-1")
    run = hosts.step("workers-1", REQUIREMENTS=["ray[default]", "eo-grow==99.0.0"])
    assert run.code
    assert "there is no version of eo-grow==99.0.0" in run.said
    assert hosts.pid("workers-1") == before
    well(hosts.step("workers-1"))
    assert hosts.pid("workers-1") == before


def test_a_run_that_is_killed_after_any_line_of_its_progress_is_done_again(hosts: RayHosts) -> None:
    """On a host where nothing is yet; each run goes as far as the one before, and a line further."""
    lines = ["waiting for cloud-init", "installing ray", "starting ray", "waiting for ray.service", "done"]
    for last in lines:
        with hosts.started_step(NEW) as process:
            assert process.stderr
            said = ""
            while last not in said and (line := process.stderr.readline()):
                said += line
            assert last in said
            hosts.kill_step(NEW)
    run = well(hosts.step(NEW))
    assert "installing" not in run.said
    assert "starting" not in run.said
    well(hosts.join(NEW))
    rendered = ("sha256sum", "/etc/ray/ray.env", "/etc/ray/token", "/opt/ray/requirements")
    assert hosts.inside(NEW, *rendered) == hosts.inside("workers-1", *rendered)
    well(hosts.leave(NEW))
