"""A wrong world on one host, and a run that is cut off anywhere: clear words, and the next run converges."""

import signal
import subprocess

import pytest

from components import commands
from tests.ray.hosts import SCRIPT, RayHosts, well

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
    shell = (
        "mv /etc/apt/sources.list* /var/lib/apt/lists /root; mkdir -p /var/lib/apt/lists/partial;"
        "echo 'deb http://127.0.0.1:9/debian trixie main' >/etc/apt/sources.list;"
        "sl() { apt_install sl; }; set -- sl; unset -f apt;"
    )
    restore = "rm -rf /etc/apt/sources.list /var/lib/apt/lists; mv /root/sources.list* /etc/apt; mv /root/lists /var/lib/apt"
    script = commands.script_of(()) + "begin_step\napt_install sl\n"
    hosts.inside(NEW, "bash", "-c", shell)
    try:
        run = subprocess.run(
            ["podman", "exec", hosts.stack.container(NEW), "bash", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        hosts.inside(NEW, "bash", "-c", restore)
    assert f"{HERE}apt cannot reach its package index: check packages.aptMirror and the way out" in run.stderr


def test_a_package_that_does_not_exist_leaves_the_running_agent_as_it_is(hosts: RayHosts) -> None:
    before = hosts.pid("workers-1")
    run = hosts.step("workers-1", REQUIREMENTS=["ray[default]", "eo-grow==99.0.0"])
    assert run.code
    assert "there is no version of eo-grow==99.0.0" in run.said
    assert hosts.pid("workers-1") == before
    well(hosts.step("workers-1"))
    assert hosts.pid("workers-1") == before


@pytest.mark.parametrize("line", range(1, 4))
def test_a_run_that_is_cut_off_is_done_again(hosts: RayHosts, line: int) -> None:
    """Killed without warning a moment after its progress line number `line`, on a host where nothing is yet."""
    hosts.inside(NEW, "cp", "/dev/stdin", SCRIPT, data=commands.script_of(("ray_head", "ray")))
    call = hosts.call(NEW)
    settings = commands.assignments({**call.settings, **call.secrets})
    with subprocess.Popen(
        ["podman", "exec", "--interactive", hosts.stack.container(NEW), "bash", SCRIPT, "worker"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(settings)
        process.stdin.close()
        for _ in range(line):
            process.stderr.readline()
        hosts.inside(NEW, "pkill", f"-{signal.SIGKILL.value}", "-f", SCRIPT)
    if line == 3:
        well(hosts.step(NEW))
        well(hosts.join(NEW))
        hosts.leave(NEW)
