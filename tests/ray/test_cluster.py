"""A cluster as the steps leave it: what it is, what a second run and changes do, who comes and goes."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from tests.cluster_hosts import well
from tests.local.hosts import PROJECT, podman
from tests.ray.hosts import SECOND_TOKEN, TOKEN, RayHosts

WORKERS = ("workers-1", "workers-2")
RENDERED = (
    "/etc/systemd/system/ray.service",
    "/etc/ray/ray.env",
    "/etc/ray/token",
    "/opt/ray/requirements",
    "/var/lib/agent-fleet/ray",
)


def soon(what: Callable[[], bool], seconds: int) -> None:
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, f"not so after {seconds} s"
        sleep(1)


def test_the_cluster_has_a_head_without_cpus_and_the_workers_with_theirs(hosts: RayHosts) -> None:
    nodes = hosts.nodes()
    assert {name: (node["state"], node["isHead"]) for name, node in nodes.items()} == {
        "master": ("ALIVE", True),
        "workers-1": ("ALIVE", False),
        "workers-2": ("ALIVE", False),
    }
    assert "CPU" not in nodes["master"]["resources"]
    assert nodes["workers-1"]["resources"]["CPU"] == 2
    assert nodes["workers-1"]["used"].get("CPU", 0) == 0, "nothing runs; a young node has not reported yet"
    assert 0 < nodes["workers-1"]["memoryPercent"] < 100


def test_a_node_says_how_it_is(hosts: RayHosts) -> None:
    said = json.loads(hosts.inside("workers-1", "bash", "/usr/local/lib/agent-fleet/ray.sh", "status"))
    assert (said["unit"], said["version"]) == ("active", "2.55.1")
    assert said["uptimeSeconds"] > 0
    assert said["memoryMiB"] > said["freeMemoryMiB"] > 0


def test_people_run_a_pipeline_on_the_workers_through_the_firewall(hosts: RayHosts) -> None:
    container = hosts.stack.container("master")
    podman("cp", str(PROJECT / "sample"), f"{container}:/shared/sample")
    hosts.inside("master", "chown", "-R", "ray:", "/shared/sample")
    hosts.inside("master", "runuser", "-l", "ray", "-c", "eogrow /shared/sample/pipeline.json")
    logs = hosts.inside("workers-1", "bash", "-c", "cat /shared/sample/logs/*/finished.json")
    assert len(json.loads(logs)) == 42
    assert json.loads(hosts.inside("master", "bash", "-c", "cat /shared/sample/logs/*/failed.json")) == []


def test_a_second_run_changes_nothing_and_restarts_nothing(hosts: RayHosts) -> None:
    for node in ("master", *WORKERS):
        before = hosts.pid(node), hosts.inside(node, "sha256sum", *RENDERED)
        run = well(hosts.step(node))
        assert (hosts.pid(node), hosts.inside(node, "sha256sum", *RENDERED)) == before
        assert "starting" not in run.said
        assert "installing" not in run.said


@pytest.mark.exhaustive
def test_a_changed_setting_restarts_that_agent_only(hosts: RayHosts) -> None:
    others = {node: hosts.pid(node) for node in ("master", "workers-1")}
    before = hosts.pid("workers-2")
    well(hosts.step("workers-2", GPUS=1))
    well(hosts.join("workers-2", GPUS=1))
    assert hosts.pid("workers-2") != before
    assert {node: hosts.pid(node) for node in others} == others

    refused = hosts.join("workers-2", seconds=4, GPUS=2)
    assert refused.code
    assert "time limit: waiting for workers-2" in refused.said
    well(hosts.step("workers-2"))
    well(hosts.join("workers-2"))


def test_a_join_is_not_satisfied_by_the_entry_of_an_agent_from_before_the_step(hosts: RayHosts) -> None:
    later = hosts.steps["workers-1"].rpartition("@")[0] + "@4000000000\n"
    assert hosts.join("workers-1", seconds=4, STEP=later).code
    well(hosts.join("workers-1"))


@pytest.mark.exhaustive
def test_the_second_of_two_runs_waits_for_the_first(hosts: RayHosts) -> None:
    with ThreadPoolExecutor() as pool:
        lock = ("flock", "/run/lock/agent-fleet.lock", "sleep", "4")
        first = pool.submit(hosts.inside, "workers-1", *lock)
        sleep(1)
        second = well(hosts.step("workers-1"))
        assert first.done()
    assert "waiting for another run that is still at work" in second.said


@pytest.mark.exhaustive
def test_a_worker_that_leaves_is_drained_and_its_step_brings_it_back(hosts: RayHosts) -> None:
    other = hosts.pid("workers-1")
    well(hosts.leave("workers-2"))
    assert not hosts.nodes()["workers-2"]["alive"]
    again = well(hosts.leave("workers-2"))
    assert "draining" not in again.said
    well(hosts.step("workers-2"))
    well(hosts.join("workers-2"))
    assert hosts.pid("workers-1") == other


@pytest.mark.exhaustive
def test_a_dead_worker_can_leave_and_after_a_reboot_is_back_by_itself(hosts: RayHosts) -> None:
    podman("kill", hosts.stack.container("workers-2"))
    well(hosts.leave("workers-2"))
    assert not hosts.nodes()["workers-2"]["alive"]
    podman("start", hosts.stack.container("workers-2"))
    well(hosts.join("workers-2"))


@pytest.mark.exhaustive
def test_agents_come_back_by_themselves_when_the_head_was_restarted(hosts: RayHosts) -> None:
    hosts.inside("master", "systemctl", "kill", "--signal=KILL", "ray")
    soon(lambda: "error" not in hosts.run("master", hosts.call("master"), 60, {}).said, 60)
    well(hosts.join("workers-1"))
    well(hosts.join("workers-2"))


@contextmanager
def watched_processes(hosts: RayHosts, *nodes: str) -> Iterator[list[str]]:
    """The command lines of all processes, many times a second."""
    seen: list[str] = []
    ended = threading.Event()
    loop = "while sleep 0.02; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; done"

    def watch(node: str) -> None:
        command = ["podman", "exec", "--interactive", hosts.stack.container(node), "bash", "-c", loop]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            while not ended.is_set():
                seen.append(process.stdout.read(65536))
            process.terminate()

    with ThreadPoolExecutor() as pool:
        for node in nodes:
            pool.submit(watch, node)
        yield seen
        ended.set()


@pytest.mark.exhaustive
def test_a_new_token_is_taken_up_in_place_and_no_token_is_seen_anywhere(hosts: RayHosts) -> None:
    hosts.token = SECOND_TOKEN
    with watched_processes(hosts, "master", "workers-1") as seen:
        well(hosts.step("master"))
        for worker in WORKERS:
            well(hosts.step(worker))
        for worker in WORKERS:
            well(hosts.join(worker))
    argv = "".join(seen)
    assert "ray start" in argv
    assert "canary" not in argv
    ask = "curl -so/dev/null -w'%{http_code}' http://127.0.0.1:8265/api/v0/nodes -H 'Authorization: Bearer '"
    answers = [hosts.inside("master", "bash", "-c", ask + token) for token in (TOKEN, SECOND_TOKEN)]
    assert answers == ["403", "200"], "only the new token opens the dashboard"
    for node in ("master", *WORKERS):
        assert "canary" not in hosts.inside(node, "journalctl", "--no-pager")
        assert "canary" not in hosts.inside(node, "cat", "/var/log/agent-fleet/ray.log")
        places = "/etc /var /run /tmp /home /usr/local /shared"
        holding = hosts.inside(node, "bash", "-c", f"grep -rlsI --devices=skip canary-of {places} || :")
        assert holding.split() == ["/etc/ray/token"]
        assert hosts.inside(node, "stat", "-c%a %U", "/etc/ray/token") == "600 ray\n"
    assert hosts.inside("master", "stat", "-c%a %U:%G", "/var/log/agent-fleet/ray.log") == "640 root:adm\n"
