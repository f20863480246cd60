"""Looking at machines over real SSH."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from components.operated import Machine
from fleet import facts, ssh_files
from fleet.facts import Seen, gather
from fleet.inventory import Inventory
from tests.fleet import sshd

REPORT = {"service": "agent", "unit": "active", "version": "2.55.1"}


def running(*nodes):
    return Seen([Machine(f"i-{node}", "running", node, None, None) for node in nodes])


@pytest.fixture
def stack(tmp_path, monkeypatch, outputs):
    """A master and a worker behind it; returns (hosts by name, inventory, config)."""
    private, public = sshd.key_pair(tmp_path / "login")
    hosts = {name: sshd.start(name, tmp_path / name, public) for name in ("master", "workers-1")}
    hosts["master"].says("nodes", json.dumps([{"ip": "127.0.0.3", "state": "ALIVE"}]))
    for host in hosts.values():
        host.says("status", json.dumps(REPORT))
    outputs["inventory"]["loginKey"] = private
    outputs["inventory"]["nodes"] = [
        sshd.node(hosts["master"], "master", None),
        sshd.node(hosts["workers-1"], "worker", "master"),
    ]
    inventory = Inventory.from_outputs("dev", outputs)
    monkeypatch.setattr(facts, "_machines", lambda _: running("master", "workers-1"))
    yield hosts, inventory, ssh_files.write(inventory, tmp_path / "ssh")
    for host in hosts.values():
        host.stop()


def test_every_node_and_the_controller_answer(stack):
    _, inventory, config = stack
    seen = gather(inventory, config)
    assert seen.agents.value == [{"ip": "127.0.0.3", "state": "ALIVE"}]
    assert {name: report.value for name, report in seen.reports.items()} == {
        "master": REPORT,
        "workers-1": REPORT,
    }


def test_nothing_of_a_look_stays_behind(stack):
    _, inventory, config = stack
    gather(inventory, config)
    assert sorted(path.name for path in config.parent.iterdir()) == ["config", "known_hosts", "login_key"]


def test_a_dead_worker_is_told_and_the_others_are_seen(stack):
    hosts, inventory, config = stack
    hosts["workers-1"].stop()
    seen = gather(inventory, config)
    assert seen.reports["workers-1"].error
    assert seen.reports["master"].value == REPORT


def test_a_machine_that_does_not_run_is_not_waited_for(stack, monkeypatch):
    hosts, inventory, config = stack
    (hosts["workers-1"].folder / "answer").write_text("#!/bin/bash\nsleep 60\n")
    stopped = Seen([*(running("master").value or []), Machine("i-1", "stopped", "workers-1", None, None)])
    monkeypatch.setattr(facts, "_machines", lambda _: stopped)
    began = time.monotonic()
    seen = gather(inventory, config)
    assert time.monotonic() - began < 5
    assert seen.reports["workers-1"].error == "not asked, its machine does not run"


def test_with_a_dead_master_nobody_waits_for_the_workers_behind_it(stack):
    hosts, inventory, config = stack
    hosts["master"].stop()
    began = time.monotonic()
    seen = gather(inventory, config)
    assert time.monotonic() - began < 5
    assert "Connection refused" in seen.reports["master"].error
    assert seen.reports["workers-1"].error == "not asked, master cannot be reached"
    assert "master cannot be reached" in seen.agents.error


@pytest.mark.parametrize("name", ["master", "workers-1"])
def test_a_machine_with_another_host_key_is_not_asked(stack, name):
    hosts, inventory, config = stack
    known = Path(config.parent / "known_hosts")
    known.write_text(known.read_text().replace(hosts[name].host_key.split()[1], _another_key(config.parent)))
    seen = gather(inventory, config)
    assert "Host key verification failed" in seen.reports[name].error


def _another_key(folder):
    return sshd.key_pair(folder / "another")[1].split()[1]


def test_a_machine_that_hangs_is_given_up(stack, monkeypatch):
    hosts, inventory, config = stack
    monkeypatch.setattr(facts, "SECONDS", 2)
    (hosts["workers-1"].folder / "answer").write_text("#!/bin/bash\nsleep 60\n")
    seen = gather(inventory, config)
    assert seen.reports["workers-1"].error == "no answer within 2 s"
    assert seen.reports["master"].value == REPORT


def test_an_answer_that_is_no_json_is_quoted(stack):
    hosts, inventory, config = stack
    hosts["workers-1"].says("status", "oops")
    assert gather(inventory, config).reports["workers-1"].error == "an answer that cannot be read: 'oops'"


def test_a_machine_without_its_script_says_what_its_shell_said(stack):
    hosts, inventory, config = stack
    (hosts["workers-1"].folder / "status").unlink()
    assert gather(inventory, config).reports["workers-1"].error == "no script here"


def test_a_worker_is_reached_by_pasting_the_command_of_the_outputs(stack):
    _, _, config = stack
    done = subprocess.run(
        ["ssh", "-F", str(config), "workers-1", "echo from here"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "from here\n"
    ssh_files.end_shared_connections(config.parent)
    assert list(config.parent.glob("*.sock")) == []
