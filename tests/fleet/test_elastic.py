"""SSH to machines that the stack does not know by name: over a real sshd behind another."""

import json
import subprocess

import pytest

from components.operated import CloudError, Machine
from fleet import elastic, ssh, ssh_files
from fleet.errors import UserError
from fleet.inventory import Inventory
from tests.fleet import sshd


class Cloud:
    def __init__(self, *machines):
        self.seen = list(machines)

    def machines(self, place):
        assert place.team == "earth-observation"
        return self.seen


@pytest.fixture
def cloud(monkeypatch):
    cloud = Cloud(Machine("i-0e", "running", None, "burst", "127.0.0.1", "c5.large", 60))
    monkeypatch.setattr(elastic, "operate_of", lambda _: cloud)
    return cloud


@pytest.fixture
def stack(tmp_path, monkeypatch, outputs):
    """A master, and behind it a machine of a pool; returns (inventory, ssh config)."""
    private, public = sshd.key_pair(tmp_path / "login")
    master, burst = (sshd.start(name, tmp_path / name, public) for name in ("master", "burst"))
    monkeypatch.setattr(elastic, "SSH_PORT", burst.port)
    outputs["inventory"]["loginKey"] = private
    outputs["inventory"]["nodes"] = [sshd.node(master, "master", None)]
    inventory = Inventory.from_outputs("dev", outputs)
    yield inventory, ssh_files.write(inventory, tmp_path / "ssh")
    ssh_files.end_shared_connections(tmp_path / "ssh")
    for host in (master, burst):
        host.stop()


def reach(config, host, options):
    return subprocess.run(
        ssh.argv(config, host, ["echo here"], options), capture_output=True, text=True, check=False
    )


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("name", ["i-0e", "127.0.0.1"])
def test_a_machine_of_a_pool_is_reached_through_the_master(stack, capsys, name):
    inventory, config = stack
    host, options = elastic.target(inventory, config, name)
    done = reach(config, host, options)
    assert done.stdout == "here\n", done.stderr
    assert "taken as true at the first contact, which goes through master" in capsys.readouterr().err
    assert "i-0e" in (config.parent / "known_elastic").read_text()
    assert "i-0e" not in (config.parent / "known_hosts").read_text()


@pytest.mark.usefixtures("cloud")
def test_another_host_key_under_the_same_id_is_refused(stack):
    inventory, config = stack
    host, options = elastic.target(inventory, config, "i-0e")
    _, other = sshd.key_pair(config.parent / "other")
    (config.parent / "known_elastic").write_text(f"i-0e {' '.join(other.split()[:2])}\n")
    done = reach(config, host, options)
    assert done.returncode == ssh.SSH_FAILED
    assert "Host key verification failed" in done.stderr


def test_a_node_is_itself_and_no_cloud_is_asked(inventory, tmp_path, monkeypatch):
    monkeypatch.setattr(elastic, "operate_of", lambda _: pytest.fail("asked"))
    assert elastic.target(inventory, tmp_path, "workers-1") == ("workers-1", [])


def test_an_unknown_name_is_answered_with_elastic_machines_too(inventory, tmp_path, cloud):
    cloud.seen.append(Machine("i-0f", "terminated", None, "burst", None))
    with pytest.raises(UserError, match=r"no node 'w'; it has: master, workers-1, workers-2, i-0e$"):
        elastic.target(inventory, tmp_path, "w")


def test_where_the_cloud_does_not_answer_the_name_is_simply_unknown(inventory, tmp_path, monkeypatch):
    def refuse(_):
        raise CloudError(json.dumps("no credentials"))

    monkeypatch.setattr(elastic, "operate_of", refuse)
    with pytest.raises(UserError, match=r"no node 'i-0e'; it has: master, workers-1, workers-2$"):
        elastic.target(inventory, tmp_path, "i-0e")
