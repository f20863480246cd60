"""Real hosts: what boots, what is closed, what comes back, what is left."""

import subprocess
from pathlib import Path

import pytest

from tests.local.conftest import Cluster
from tests.local.hosts import Stack, driver, podman, ssh, user_data

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - it is looked at, not written to
SEED = "/var/lib/cloud/seed/nocloud/user-data"


def test_a_host_is_set_up_by_cloud_init_and_shows_the_pinned_key(cluster: Cluster, tmp_path: Path) -> None:
    said = ssh(tmp_path, cluster.master, "cloud-init status --wait; hostname; sudo -n id -u")
    assert said.split() == ["status:", "done", "master", "0"]


def test_sshd_is_started_once_with_the_pinned_key(cluster: Cluster) -> None:
    """A dial through a jump host that is cut off by a restart is never tried again."""
    log = cluster.stack.inside("workers-1", "journalctl", "--unit=ssh", "--output=cat", "--no-pager")
    assert log.count("Server listening on 0.0.0.0 port 22") == 1
    authentication = cluster.stack.inside("workers-1", "sshd", "-T")
    assert "passwordauthentication no\n" in authentication


def test_no_unit_of_a_host_has_failed(cluster: Cluster) -> None:
    cluster.stack.inside("workers-1", "systemctl", "is-system-running", "--wait")


def test_addresses_lie_in_the_range_of_the_role(cluster: Cluster) -> None:
    assert cluster.stack.inside("master", "hostname", "--all-ip-addresses").split() == [
        cluster.master["privateIp"]
    ]
    assert cluster.master["privateIp"] != cluster.worker["privateIp"]
    assert (cluster.master["sshHost"], cluster.master["sshPort"]) == ("127.0.0.1", cluster.network["sshPort"])


def test_limits_hold(cluster: Cluster) -> None:
    shm = cluster.stack.inside("workers-1", "df", "--output=size", "--block-size=1M", SHARED_MEMORY)
    assert shm.split()[-1] == "384", "half of 0.75 GiB"
    greedy = "import sys; block = bytearray(1 << 30); sys.exit(0)"
    with pytest.raises(subprocess.CalledProcessError):
        cluster.stack.inside("workers-1", "python3", "-c", greedy)


def test_storage_is_shared(cluster: Cluster) -> None:
    cluster.stack.inside("master", "sh", "-c", "echo from-master >/shared/note")
    assert cluster.stack.inside("workers-1", "cat", "/shared/note") == "from-master\n"


def test_a_host_reaches_out(cluster: Cluster) -> None:
    cluster.stack.inside("workers-1", "apt-get", "update", "-q")
    assert "200" in cluster.stack.inside("workers-1", "curl", "-sSI", "https://pypi.org/simple/pip/")


def test_the_seed_lies_on_the_host_only(cluster: Cluster) -> None:
    assert cluster.stack.inside("master", "stat", "-c", "%a %U", SEED).strip() == "600 root"
    inspected = podman("inspect", cluster.stack.container("master"))
    assert "PRIVATE KEY" not in inspected


def test_rules_open_exactly_what_they_name(cluster: Cluster) -> None:
    from_worker = cluster.stack.answering("workers-1", cluster.master["privateIp"])
    assert from_worker == {6379, *range(20000, 20100)}
    assert cluster.stack.answering("master", cluster.worker["privateIp"]) == {22}


def test_changed_rules_are_in_force_at_once_and_the_host_stays(cluster: Cluster) -> None:
    master, worker = cluster.stack.container("master"), cluster.worker["privateIp"]
    before = podman("inspect", "--format", "{{.Id}} {{.State.Pid}}", master)
    dial = ["timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{worker}/22"]
    try:
        cluster.stack.firewall("worker", ("worker", 22, 22))
        with pytest.raises(subprocess.CalledProcessError):
            cluster.stack.inside("master", *dial)
    finally:
        cluster.stack.firewall("worker", ("master", 22, 22), ("worker", 8076, 8077))
    cluster.stack.inside("master", *dial)
    assert podman("inspect", "--format", "{{.Id}} {{.State.Pid}}", master) == before


def test_a_reboot_keeps_address_firewall_and_storage(cluster: Cluster) -> None:
    worker = cluster.stack.container("workers-1")
    rules = cluster.stack.inside("workers-1", "nft", "list", "ruleset")
    cluster.stack.inside("workers-1", "sh", "-c", "echo here >/shared/kept")
    podman("restart", "--time=5", worker)
    cluster.stack.inside("workers-1", "sh", "-c", "until systemctl is-active -q ssh; do sleep 0.1; done")
    assert cluster.stack.inside("workers-1", "nft", "list", "ruleset") == rules
    assert cluster.stack.inside("workers-1", "hostname", "-I").split() == [cluster.worker["privateIp"]]
    assert cluster.stack.inside("workers-1", "cat", "/shared/kept") == "here\n"


def test_a_machine_that_is_asked_for_again_is_the_same(cluster: Cluster) -> None:
    assert cluster.stack.machine("workers-1", "worker") == cluster.worker


def test_two_stacks_stand_side_by_side_and_do_not_see_each_other(cluster: Cluster, stack: Stack) -> None:
    network = stack.network()
    stack.storage()
    stack.firewall("master", ("operator", 22, 22))
    master = stack.machine("master", "master")
    assert network["sshPort"] != cluster.network["sshPort"]
    assert network["cidr"] != cluster.network["cidr"]
    with pytest.raises(subprocess.CalledProcessError):
        stack.inside("master", "ping", "-c1", "-W1", cluster.master["privateIp"])
    dial = f"exec 3<>/dev/tcp/{cluster.master['privateIp']}/22"
    with pytest.raises(subprocess.CalledProcessError):
        stack.inside("master", "timeout", "2", "bash", "-c", dial)
    podman("kill", stack.container("master"))
    assert stack.states() == {"master": "stopped"}
    podman("rm", "--force", stack.container("master"))
    assert stack.states() == {}
    stack.remove_machine("master")
    again = stack.machine("master", "master")
    assert again["id"] != master["id"]
    assert again["sshPort"] == master["sshPort"]


def test_what_a_run_that_was_cut_off_has_left_goes_with_the_network(stack: Stack) -> None:
    stack.network()
    stack.storage()
    stack.firewall("worker")
    process = subprocess.Popen(
        ["python3", "-m", "tools.local_hosts", *stack.machine_arguments("workers-1", "worker")],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(user_data("workers-1"))
    process.stdin.close()
    while not stack.states():
        assert process.poll() is None
    process.kill()
    process.wait()
    assert driver("network", "remove", *stack.which).returncode == 0
    assert stack.states() == {}
