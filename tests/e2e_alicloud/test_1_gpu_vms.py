"""GPU VMs with Supervisely agents on simulated Alibaba Cloud, on the real engine.

GPU, driver and NVIDIA's runtime are stand-ins (tests/simcloud/gpus.py), and so are the server and the agent's
image: shown are order, files, rules and sentences, not that a GPU works.
"""

import json
import shlex
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e_alicloud.project import NAMES, SERVER, ZONE, GpuFleet
from tests.e2e_aws.project import touched
from tests.supervisely.standins import API_TOKEN

METADATA = "http://100.100.100.200/latest"
TOKEN = f"curl -sX PUT {METADATA}/api/token -H X-aliyun-ecs-metadata-token-ttl-seconds:60"
STATUS = f"curl -so /dev/null -w '%{{http_code}}' -m 3 {METADATA}/meta-data/instance-id || true"


def ask(up: GpuFleet, node: str, path: str) -> str:
    """As root: nobody else is let through."""
    line = f"curl -sH X-aliyun-ecs-metadata-token:$({TOKEN}) {METADATA}/{path}"
    return up.ssh(node, f"sudo sh -c {shlex.quote(line)}")


def test_the_server_saw_both_agents_with_their_gpu(up: GpuFleet, first_up: str) -> None:
    for name in NAMES:
        agent = up.agent_of(name)
        assert (agent["status"], agent["version"], agent["teamId"]) == ("running", "6.9.7", 21)
        assert agent["gpuInfo"]["device_count"] == 1
    told = json.loads(up.status().text)
    assert told["well"]
    assert f"{up.standins.url} stands in for {SERVER}" in first_up
    assert "no account is reached" in first_up


def test_machines_are_ecs_instances_with_elastic_addresses(up: GpuFleet) -> None:
    instances, addresses = up.account("instance"), up.account("eip")
    for name in NAMES:
        props = instances[f"{name}-instance"]["props"]
        assert (props["instanceType"], props["systemDiskSize"]) == ("ecs.gn6i-c4g1.xlarge", 300)
        assert (props["availabilityZone"], props["publicIp"]) == (ZONE, "")
    public = {one["props"]["ipAddress"] for one in addresses.values()}
    assert {vm["publicIp"] for vm in up.outputs()["gpuVms"]} == public
    assert not up.account("fileSystem"), "GPU VMs share no storage"


def test_only_ssh_is_reached(up: GpuFleet) -> None:
    for vm in up.outputs()["gpuVms"]:
        private = up.account("instance")[f"{vm['name']}-instance"]["props"]["privateIp"]
        assert up.reaches(vm["publicIp"], 22)
        assert not up.reaches(vm["publicIp"], 2375)
        assert not up.reaches(private, 2375)


def test_the_metadata_service_answers_root_with_a_token_alone(up: GpuFleet) -> None:
    assert ask(up, "keeps", "meta-data/instance-id") == up.instances()["keeps"]
    assert ask(up, "keeps", "meta-data/zone-id") == ZONE
    assert up.ssh("keeps", f"sudo sh -c {shlex.quote(STATUS)}") == "403"
    assert up.ssh("keeps", STATUS) == "000", "people and their work are kept from it"


def test_no_token_is_in_user_data_or_plain_state(up: GpuFleet) -> None:
    state = up.state()
    for name in NAMES:
        token = up.agent_of(name)["token"]
        text = ask(up, name, "user-data")
        assert "#cloud-config" in text
        assert token not in text
        assert token not in state
    assert API_TOKEN not in state


def test_a_second_up_changes_nothing(up: GpuFleet) -> None:
    before = {name: up.agent_container(name) for name in NAMES}
    assert set(up.up_well().counts()) == {"unchanged"}
    assert {name: up.agent_container(name) for name in NAMES} == before


@pytest.mark.exhaustive
def test_a_refresh_finds_everything_as_it_was_made(up: GpuFleet) -> None:
    up.refresh()
    assert set(up.up_well().counts()) == {"unchanged"}


def test_a_newer_agent_comes_in_place(up: GpuFleet) -> None:
    machines, agent = up.instances(), up.agent_of("keeps")["id"]
    up.vm("keeps")["settings"]["agentVersion"] = "6.9.8"
    done = up.up_well()
    assert touched(done, "updated") == {"keeps-step", "keeps-membership"}
    assert "replaced" not in done.counts()
    assert (up.agent_of("keeps")["id"], up.agent_of("keeps")["version"]) == (agent, "6.9.8")
    assert up.instances() == machines


@pytest.mark.exhaustive
def test_tokens_are_made_anew_in_place(up: GpuFleet) -> None:
    machines, before = up.instances(), {name: up.agent_of(name) for name in NAMES}
    up.config["keyGenerations"] = {"token": 2}
    up.up_well()
    for name in NAMES:
        after = up.agent_of(name)
        assert (after["status"], after["id"] != before[name]["id"]) == ("running", True)
        assert up.agents()[before[name]["id"]]["disabled"]
    assert up.instances() == machines
    assert len(up.alive()) == len(NAMES)


def test_a_machine_made_anew_keeps_or_renews_its_agent_and_leaves_no_orphan(up: GpuFleet) -> None:
    machines = up.instances()
    before = {name: up.agent_of(name)["id"] for name in NAMES}
    addresses = {vm["name"]: vm["publicIp"] for vm in up.outputs()["gpuVms"]}
    for name in NAMES:
        up.vm(name)["instanceType"] = "ecs.gn6i-c8g1.2xlarge"
    up.up_well()
    assert not set(up.instances().values()) & set(machines.values())
    assert up.agent_of("keeps")["id"] == before["keeps"]
    assert up.agent_of("renews")["id"] != before["renews"]
    assert {up.agent_of(name)["status"] for name in NAMES} == {"running"}
    assert len(up.alive()) == len(NAMES)
    assert {vm["name"]: vm["publicIp"] for vm in up.outputs()["gpuVms"]} == addresses


@pytest.mark.exhaustive
def test_bandwidth_and_release_time_change_in_place(up: GpuFleet) -> None:
    machines = up.instances()
    later = datetime.now(UTC) + timedelta(days=300)
    up.vm("keeps").update(internetMbps=50, releaseTime=f"{later:%Y-%m-%dT%H:%M}:00Z")
    done = up.up_well()
    assert touched(done, "updated") >= {"keeps-address", "keeps-instance"}
    assert up.instances() == machines


@pytest.mark.exhaustive
def test_no_stock_names_the_type_and_the_zones_that_sell_it(up: GpuFleet) -> None:
    up.faults({"kind": "capacity", "instanceType": "ecs.gn6i-c8g1.2xlarge", "zone": ZONE})
    up.config["gpuVms"].append({**up.vm("keeps"), "name": "third"})
    done = up.up()
    assert done.code != 0
    assert "OperationDenied.NoStock" in done.text
    assert "it is sold in cn-hangzhou-g" in done.text
    up.faults()
    up.config["gpuVms"].pop()
    up.up_well()
    assert len(up.alive()) == len(NAMES)


@pytest.mark.exhaustive
def test_a_machine_ended_behind_our_back_is_healed_by_refresh_and_up(up: GpuFleet) -> None:
    before, agent = up.instances(), up.agent_of("keeps")["id"]
    up.simcloud("terminate", "keeps")
    assert up.status().code != 0
    up.refresh()
    up.up_well()
    after = up.instances()
    assert after.pop("keeps") != before.pop("keeps")
    assert after == before
    assert up.agent_of("keeps")["id"] == agent


def test_a_destroy_leaves_nothing_here_and_no_agent_at_the_server(up: GpuFleet) -> None:
    up.destroy()
    assert up.alive() == []
    assert up.left() == []
    assert up.run("leftovers", up.stack).code == 0
    assert up.run("down", up.stack).code == 0
    assert not up.standins.is_there(), "the stand-ins go with the stack"
