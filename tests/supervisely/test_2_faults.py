"""What fails says what to do, a second run converges, and nothing is left at the server."""

import pytest

from tests.e2e.project import podman, wait_until
from tests.supervisely.project import GpuFleet


def test_a_gpu_that_is_not_there_is_named(up: GpuFleet) -> None:
    up.config["gpuVms"].append({**up.described("third"), "gpus": 1})
    done = up.up()
    assert done.code != 0
    assert "GPU device missing: the stack asks for 1, the machine has 0 of NVIDIA" in done.text
    assert len(up.alive()) == 3, "its agent is in the state, waiting"
    up.config["gpuVms"].pop()
    up.up_well()
    assert len(up.alive()) == 2, "no orphan is left"


@pytest.mark.exhaustive
def test_a_refused_token_makes_nothing(up: GpuFleet) -> None:
    up.config["gpuVms"].append(up.described("third"))
    up.standins.fail(refuse_api_token=True)
    done = up.up()
    assert done.code != 0
    assert "refuses the API token for agents.list: API token is not valid" in done.text
    assert "third-host" not in up.state()
    up.standins.fail()
    assert len(up.alive()) == 2


@pytest.mark.exhaustive
def test_a_server_that_is_too_old_is_told_from_the_machine(up: GpuFleet) -> None:
    up.standins.fail(version="6.5.0")
    done = up.up()
    assert done.code != 0
    assert "has version 6.5.0; agents need 6.8.68 or newer" in done.text
    up.standins.fail()


@pytest.mark.exhaustive
def test_an_agent_that_is_never_running_is_told_and_leaves_no_orphan(up: GpuFleet) -> None:
    up.standins.fail(ignore=True)
    done = up.up()
    assert done.code != 0
    assert "is not as it should be" in done.text
    assert "wanted: running, version 6.9.7, 0 GPUs" in done.text
    up.standins.fail()
    up.up_well()
    assert len(up.alive()) == 3


@pytest.mark.exhaustive
def test_the_next_up_goes_on_where_the_failed_one_ended(up: GpuFleet) -> None:
    up.up_well()
    assert up.agent_of("third")["status"] == "running"
    up.config["gpuVms"].pop()
    up.up_well()
    assert len(up.alive()) == 2


@pytest.mark.exhaustive
def test_a_server_that_cannot_be_reached_is_named(up: GpuFleet) -> None:
    up.vm("keeps")["settings"]["agentVersion"] = "6.9.7"
    up.standins.stop()
    done = up.up()
    assert done.code != 0
    assert f"an answer of the Supervisely server {up.vm('keeps')['settings']['serverAddress']}" in done.text
    up.standins.start()
    up.up_well()


def test_a_destroy_without_the_server_says_what_is_left_and_the_next_one_ends_it(up: GpuFleet) -> None:
    podman("rm", "--force", up.container("keeps"))
    up.standins.stop()
    done = up.run("down", up.stack)
    assert done.code != 0
    assert (
        "is still there: mend that and run the same again, or give it up with FLEET_FORGET_AGENTS=1"
        in done.text
    )
    up.standins.start()
    assert up.run("down", up.stack).code == 0
    assert up.alive() == []
    assert up.run("leftovers", up.stack).code == 0


@pytest.mark.exhaustive
def test_without_a_call_the_one_click_is_told(up: GpuFleet) -> None:
    up.config["gpuVms"] = [up.described("third")]
    del up.vm("third")["settings"]["decommission"]
    up.set_secret("superviselyApiTokens", "stand-in-api-token-which-opens-nothing-else")
    up.up_well()
    number = up.agent_of("third")["id"]
    done = up.run("down", up.stack)
    assert done.code == 0
    assert f"LEFT TO DO: archive agent {number}" in done.text
    wait_until("the server sees it gone", lambda: up.agents()[number]["status"] == "waiting")
