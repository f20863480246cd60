"""GPU VMs on the real engine and real Docker: up, no-op, changes, a machine made anew."""

import json

import pytest

from tests.e2e.conftest import Argvs
from tests.e2e.project import podman, wait_until
from tests.local.hosts import Stack
from tests.supervisely.project import NAMES, GpuFleet
from tests.supervisely.standins import API_TOKEN

ENV = "/etc/supervisely/agent.env"


def test_both_agents_are_up_and_the_server_saw_it(up: GpuFleet) -> None:
    for name in NAMES:
        agent = up.agent_of(name)
        assert (agent["status"], agent["version"]) == ("running", "6.9.7")
        assert "6.9.7" in up.inside(name, "docker ps --format '{{.Image}}' --filter name=^supervisely-agent-")
        assert "FORCE_CPU_ONLY=true" in up.inside(name, f"cat {ENV}")
        assert "CPU only" in up.inside(name, "cat /var/log/agent-fleet/supervisely.log")
    seen = {vm["name"]: vm["seen"] for vm in up.outputs()["gpuVms"]}
    assert all("the server lists agent" in words for words in seen.values())
    told = json.loads(up.status().text)
    assert told["well"]
    assert {node["agent"] for node in told["nodes"]} == {"ALIVE"}


def test_a_token_is_in_no_argv_no_log_no_plain_state_and_no_user_data(up: GpuFleet, argvs: Argvs) -> None:
    for name in NAMES:
        token = up.agent_of(name)["token"]
        assert f"ACCESS_TOKEN={token}" in up.inside(name, f"cat {ENV}")
        for text in ("\n".join(argvs.seen), up.state(), up.inside(name, "cat /var/log/agent-fleet/*.log")):
            assert token not in text
            assert API_TOKEN not in text
        assert token not in up.inside(name, "cat /var/lib/cloud/instance/user-data.txt")
        assert up.inside(name, f"stat -c '%a %U' {ENV}").split() == ["600", "root"]
        others = "runuser -u fleet -- docker inspect $(docker ps -q) 2>&1 || :"
        assert "permission denied" in up.inside(name, others)


def test_no_port_of_an_agent_is_reached(up: GpuFleet) -> None:
    one, other = NAMES
    addresses = {node["name"]: node["privateIp"] for node in up.outputs()["inventory"]["nodes"]}
    assert Stack(up.stack).answering(one, addresses[other]) == set()


def test_a_second_up_changes_nothing(up: GpuFleet) -> None:
    before = {name: up.agent_container(name) for name in NAMES}
    assert set(up.up_well().counts()) == {"unchanged"}
    assert {name: up.agent_container(name) for name in NAMES} == before


@pytest.mark.exhaustive
def test_an_agent_that_made_itself_anew_is_left_alone_by_its_step(up: GpuFleet) -> None:
    before = up.agent_container("keeps")
    up.standins.fail(options={"LOG_LEVEL": "DEBUG"})
    up.inside("keeps", "docker restart $(docker ps -q --filter name=^supervisely-agent-)")
    wait_until("another container", lambda: before[:12] not in up.inside("keeps", "docker ps -aq"))
    wait_until("the agent is back", lambda: up.agent_of("keeps")["status"] == "running")
    anew = up.agent_container("keeps")
    assert up.run("repair", up.stack, "keeps").code == 0
    assert up.agent_container("keeps") == anew


@pytest.mark.exhaustive
def test_a_machine_that_booted_again_has_its_agent(up: GpuFleet) -> None:
    def started() -> str:
        return podman("inspect", "-f", "{{.State.StartedAt}}", up.container("keeps"))

    before = started()
    up.inside("keeps", "systemctl reboot || :")
    wait_until("the host boots again", lambda: started() != before)
    wait_until("all is well", lambda: up.status().code == 0, 180)
    assert up.agent_of("keeps")["status"] == "running"


def test_a_newer_agent_comes_in_place(up: GpuFleet) -> None:
    machine = up.machine("keeps")
    agent = up.agent_of("keeps")["id"]
    up.vm("keeps")["settings"]["agentVersion"] = "6.9.8"
    done = up.up_well()
    assert done.touched("updated") == {"keeps-step", "keeps-membership"}
    assert "replaced" not in done.counts()
    assert (up.agent_of("keeps")["id"], up.agent_of("keeps")["version"]) == (agent, "6.9.8")
    assert up.machine("keeps") == machine


@pytest.mark.exhaustive
def test_tokens_are_made_anew_in_place(up: GpuFleet) -> None:
    before = {name: up.agent_of(name) for name in NAMES}
    hosts = {name: up.machine(name) for name in NAMES}
    up.config["keyGenerations"] = {"token": 2}
    up.up_well()
    for name in NAMES:
        after = up.agent_of(name)
        assert after["id"] != before[name]["id"]
        assert after["status"] == "running"
        assert up.agents()[before[name]["id"]]["disabled"]
        assert up.inside(name, "docker ps -q --filter name=^supervisely-agent- | wc -l").strip() == "1"
    assert {name: up.machine(name) for name in NAMES} == hosts
    assert len(up.alive()) == 2


def test_a_machine_made_anew_keeps_or_renews_its_agent_and_leaves_no_orphan(up: GpuFleet) -> None:
    before = {name: up.agent_of(name)["id"] for name in NAMES}
    for name in NAMES:
        up.vm(name)["memoryGiB"] = 1.75
    up.up_well()
    assert up.agent_of("keeps")["id"] == before["keeps"]
    assert up.agent_of("renews")["id"] != before["renews"]
    assert up.agents()[before["renews"]]["disabled"]
    assert {up.agent_of(name)["status"] for name in NAMES} == {"running"}
    assert len(up.alive()) == 2


@pytest.mark.exhaustive
def test_fleet_replaces_one_machine(up: GpuFleet) -> None:
    before = {name: up.agent_of(name)["id"] for name in NAMES}
    machine = up.machine("keeps")
    assert up.run("replace", up.stack, "keeps").code == 0
    assert up.machine("keeps") != machine
    assert {name: up.agent_of(name)["id"] for name in NAMES} == before
