"""A Ray cluster on machines that exist already: taken, used, and given back as they were."""

import json
import subprocess
import sys
import time

import pytest

from components.keys import private_text, public_line
from tests.e2e.project import podman, wait_until
from tests.e2e_hosts.conftest import NAMES
from tests.e2e_hosts.prepared import OPERATOR, TEAM, TEAM_KEY, Prepared, host_key
from tests.e2e_hosts.project import HostsFleet
from tests.e2e_hosts.snapshot import differences, snapshot

Before = dict[str, dict[str, object]]
HELD = "cat /var/lib/agent-fleet/lease/holder"


@pytest.fixture(scope="package")
def first_up(fleet: HostsFleet) -> str:
    done = fleet.up()
    assert done.code == 0, "the first up failed"
    return done.text


@pytest.fixture
def cluster(fleet: HostsFleet, first_up: str) -> HostsFleet:
    del first_up
    return fleet


def test_every_machine_is_a_node_that_its_controller_sees_alive(cluster: HostsFleet) -> None:
    nodes = {node["name"]: node for node in json.loads(cluster.status().text)["nodes"]}
    assert set(nodes) == {"master", "workers-1", "workers-2"}
    assert {node["agent"] for node in nodes.values()} == {"ALIVE"}
    assert {node["machine"] for node in nodes.values()} == {None}, "nobody but the machines was asked"


# A task on every node that has a CPU.
SPREAD = """
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as At
ray.init(address="auto")
ids = [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
where = ray.remote(lambda: ray.util.get_node_ip_address())
asked = [where.options(num_cpus=1, scheduling_strategy=At(id, soft=False)).remote() for id in ids]
print(sorted(ray.get(asked)))
"""


def test_work_runs_on_every_machine(cluster: HostsFleet) -> None:
    done = cluster.run("run", cluster.stack, "--", "python3", "-c", SPREAD)
    assert done.code == 0
    assert str(sorted(cluster.pool["addresses"])) in done.text


def test_a_second_up_changes_nothing(cluster: HostsFleet) -> None:
    counts = cluster.up().counts()
    assert set(counts) == {"unchanged"}


def test_another_stack_is_told_who_holds_a_machine_and_changes_nothing_on_it(
    cluster: HostsFleet, prepared: Prepared
) -> None:
    before = snapshot(prepared, "three")
    other = HostsFleet(cluster.folder, "t-hosts-other", prepared, "three", "two")
    try:
        done = other.up()
        assert done.code != 0
        assert "is held by stack t-hosts of team tests, as its node workers-2" in done.text
        assert "Traceback" not in done.text
        changed = differences(before, snapshot(prepared, "three"))
        assert [line for line in changed if "/var/lib/ray/" not in line] == [], "Ray's own logs go on"
    finally:
        other.end()
    assert cluster.status().code == 0


def test_no_secret_of_the_team_lies_on_a_machine_or_in_plain_state(
    cluster: HostsFleet, prepared: Prepared
) -> None:
    secret = TEAM_KEY.splitlines()[2]
    assert secret not in cluster.pulumi("stack", "export")
    for name in NAMES:
        found = prepared.inside(
            name, f"grep -rlF -- '{secret}' /etc /var /home /usr/local /root /tmp || true"
        )
        assert found == ""


@pytest.mark.exhaustive
def test_a_machine_that_leaves_is_given_back_as_it_was_and_no_other_is_touched(
    cluster: HostsFleet, prepared: Prepared, before: Before
) -> None:
    pids = {node: cluster.pid(node) for node in ("master", "workers-2")}
    cluster.pool["without"] = [1]
    try:
        done = cluster.up()
        assert done.code == 0
        assert "workers-1-membership" in done.touched("deleted")
        changed = differences(before["two"], snapshot(prepared, "two"))
        assert [line for line in changed if "/shared" not in line] == [], "the others share it still"
        assert pids == {node: cluster.pid(node) for node in pids}
    finally:
        del cluster.pool["without"]
    assert cluster.up().code == 0


@pytest.mark.exhaustive
def test_a_managed_firewall_lets_in_the_stack_and_nobody_else(
    cluster: HostsFleet, prepared: Prepared
) -> None:
    operator = prepared.operator()
    cluster.config["network"] = {"firewall": "managed"}
    cluster.config["access"]["admins"] = [f"{operator}/32"]
    prepared.inside("two", "systemd-run -qu probed python3 -m http.server 9999")
    wait_until("a service of the machine's own listens", lambda: 9999 in prepared.answering("one", "two"))
    assert cluster.up().code == 0
    assert 9999 not in prepared.answering("one", "two")
    assert {8076, 8077} <= prepared.answering("one", "two"), "Ray's own ports are open to the stack"
    podman("restart", prepared.stack.container("two"))
    wait_until("the worker is back", lambda: cluster.status().code == 0)
    assert "agent_fleet_lease" in prepared.inside("two", "nft list tables"), "rules outlive a reboot"


@pytest.mark.exhaustive
def test_rules_that_would_shut_out_this_computer_are_taken_back(cluster: HostsFleet) -> None:
    operator = cluster.config["access"]["admins"]
    cluster.config["access"]["admins"] = ["192.0.2.0/28"]
    done = cluster.up()
    assert done.code != 0
    assert "`access.admins` must name the network that you come from" in done.text
    cluster.config["access"]["admins"] = operator
    wait_until("the rules before them are back", lambda: cluster.status().code == 0, 90)
    assert cluster.up().code == 0


@pytest.mark.exhaustive
def test_a_firewall_that_is_no_longer_managed_is_as_it_was(
    cluster: HostsFleet, prepared: Prepared, before: Before
) -> None:
    del cluster.config["network"], cluster.config["access"]["admins"]
    assert cluster.up().code == 0
    assert snapshot(prepared, "one")["rules"] == before["one"]["rules"]


@pytest.mark.exhaustive
def test_a_dead_machine_is_named_at_down_and_the_others_are_given_back(
    cluster: HostsFleet, prepared: Prepared, before: Before
) -> None:
    podman("pause", prepared.stack.container("three"))
    try:
        start = time.monotonic()
        done = cluster.run("down", cluster.stack)
        assert done.code != 0
        assert time.monotonic() - start < 150
        assert f"{prepared.addresses['three']} cannot be reached" in done.text
        assert "FLEET_FORGET_HOSTS=1" in done.text
    finally:
        podman("unpause", prepared.stack.container("three"))
    for name in ("one", "two"):
        assert differences(before[name], snapshot(prepared, name)) == []
    assert cluster.leftovers().text.count("machine ") == 1


def test_down_gives_back_every_machine_as_it_was(
    cluster: HostsFleet, prepared: Prepared, before: Before
) -> None:
    assert cluster.run("down", cluster.stack).code == 0
    for name in NAMES:
        assert differences(before[name], snapshot(prepared, name)) == []
    assert cluster.leftovers().code == 0


@pytest.mark.exhaustive
def test_a_machine_whose_stack_is_gone_for_good_is_given_back_by_hand(
    fleet: HostsFleet, prepared: Prepared, before: Before
) -> None:
    made = {"address": prepared.addresses["one"], "user": OPERATOR, "hostKey": host_key("one")}
    keys = {"key": TEAM_KEY, "login": {"private": private_text(TEAM), "public": public_line(TEAM)}}
    settings = {"WHO": "stack lost", "CPUS_PERCENT": 50, "MEMORY_MIB": 512, "MOUNT_PATH": "/shared"}
    none = {"STATE_PATH": "", "KEEP_STATE": True}
    document = {**made, **keys, "jump": None, "settings": {**settings, **none}}
    command = [sys.executable, "-m", "components.clouds.hosts.lease", "take"]
    subprocess.run(command, cwd=fleet.folder, input=json.dumps(document), text=True, check=True)
    assert "who=stack lost" in prepared.inside("one", HELD)
    prepared.inside("one", "bash /usr/local/lib/agent-fleet/lease.sh by_hand </dev/null")
    assert differences(before["one"], snapshot(prepared, "one")) == []
