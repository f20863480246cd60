"""What the operator's computer asks of a manager that agents join, against a stand-in for its API."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.platforms import backendai_api
from components.platforms.api_call import ApiError
from tests.backendai.manager import ACCESS, SECRET, Manager, agent, serve, sessions

ROOT = Path(__file__).parents[2]
ID = "gpus-trainer"
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def manager() -> Iterator[Manager]:
    with serve(Manager()) as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backendai_api, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(backendai_api, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(backendai_api, "MEMBER_SECONDS", 0.3)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def asked(manager: Manager, **changed: object) -> dict[str, Any]:
    known: dict[str, Any] = {
        "vm": "trainer",
        "id": ID,
        "endpoint": manager.endpoint,
        "apiKeys": f"{ACCESS}:{SECRET}",
        "version": "26.9.6",
        "group": "gpu",
        "gpus": 1,
        "drainMinutes": 10,
    }
    return {**known, **changed}


def run(manager: Manager, verb: str, **changed: object) -> subprocess.CompletedProcess[str]:
    """As Pulumi runs it, but with Python alone."""
    done = subprocess.run(
        [sys.executable, "-m", "components.platforms.backendai_api", verb],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"},
        input=json.dumps(asked(manager, **changed)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_before_anything_is_installed_version_and_group_are_asked_and_nothing_is_made(
    manager: Manager,
) -> None:
    done = run(manager, "enrol")
    assert json.loads(done.stdout) == {"id": ID, "name": ID}
    assert "the manager is Backend.AI 26.9.6 and has the resource group gpu" in done.stderr
    assert manager.changes == []


@pytest.mark.parametrize(
    ("wrong", "changed", "words"),
    [
        ({"version": "26.8.0"}, {}, r"is Backend\.AI 26\.8\.0, and trainer would have an agent of 26\.9\.6"),
        ({}, {"group": "gpus"}, "no resource group gpus, .* into `default` in silence; it has default, gpu:"),
        ({"agents": {ID: agent(ID)}}, {}, f"has an agent {ID} that is ALIVE at tcp://10.91.0.2:6001"),
    ],
)
def test_what_would_fail_later_is_refused_first(
    manager: Manager, wrong: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    vars(manager).update(wrong)
    with pytest.raises(ApiError, match=words):
        backendai_api.enrol(asked(manager, **changed))


@pytest.mark.parametrize(
    ("status", "changed", "words"),
    [
        (200, {"apiKeys": f"{ACCESS}:another-secret-key"}, "answers 401: .*signature mismatch"),
        (503, {}, "answers 503"),
        (200, {"endpoint": "http://127.0.0.1:9"}, "http://127.0.0.1:9 does not answer: "),
    ],
)
def test_a_manager_that_refuses_or_is_down_is_told(
    manager: Manager, status: int, changed: dict[str, Any], words: str
) -> None:
    manager.status = status
    with pytest.raises(backendai_api.calls.ManagerError, match=words) as error:
        backendai_api.enrol(asked(manager, **changed))
    assert SECRET not in str(error.value)


def test_an_agent_that_was_there_before_or_is_dead_may_come_back(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.agents[ID] = agent(ID, status="LOST")
    assert backendai_api.enrol(asked(manager))["id"] == ID
    manager.agents[ID] = agent(ID)
    monkeypatch.setenv("PULUMI_COMMAND_STDOUT", json.dumps({"id": ID, "name": ID}))
    assert backendai_api.enrol(asked(manager))["id"] == ID


def test_a_member_is_alive_in_its_group_and_reached(manager: Manager) -> None:
    manager.agents = {ID: agent(ID), "other": agent("other")}
    done = run(manager, "member", step="digest")
    seen = json.loads(done.stdout)["seen"]
    assert seen == f"the manager lists {ID} as ALIVE in gpu, version 26.9.6, and reaches it"
    assert manager.changes == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"status": "LOST"}, "the manager calls it LOST"),
        ({"version": "26.8.0"}, r"its version is 26\.8\.0, not 26\.9\.6"),
        ({"available_slots": json.dumps({"cpu": "4"})}, "it offers 0 GPUs, not 1"),
    ],
)
def test_an_agent_that_is_not_right_is_told_and_left_alone(
    manager: Manager, wrong: dict[str, Any], words: str
) -> None:
    manager.agents[ID] = agent(ID, **wrong)
    with pytest.raises(ApiError, match=f"trainer is not as it should be .*: {words}"):
        backendai_api.member(asked(manager))
    assert manager.changes == []


def test_an_agent_that_never_comes_and_one_that_is_not_reached_are_told(manager: Manager) -> None:
    with pytest.raises(ApiError, match=f"the manager does not know {ID}"):
        backendai_api.member(asked(manager))
    manager.agents[ID], manager.unreachable = agent(ID), True
    with pytest.raises(ApiError, match="rpc timeout; does the manager reach port 6001 of trainer"):
        backendai_api.member(asked(manager))


def test_a_member_in_another_group_or_drained_before_is_put_right_and_nobody_else(manager: Manager) -> None:
    manager.agents = {
        ID: agent(ID, scaling_group="default", schedulable=False),
        "other": agent("other", schedulable=False),
    }
    assert "ALIVE in gpu" in backendai_api.member(asked(manager))["seen"]
    assert {name for name, _ in manager.changes} == {ID}
    assert manager.agents[ID]["schedulable"]


def test_a_manager_that_comes_back_is_waited_for_and_one_that_refuses_is_not(manager: Manager) -> None:
    manager.agents[ID], manager.status = agent(ID), 502
    with pytest.raises(ApiError, match="answers 502"):
        backendai_api.member(asked(manager))
    manager.status = 200
    with pytest.raises(backendai_api.calls.ManagerError, match="answers 401"):
        backendai_api.member(asked(manager, apiKeys=f"{ACCESS}:another"))


@pytest.fixture
def leave(manager: Manager, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def ended(**changed: object) -> str:
        assert backendai_api.leave(asked(manager, **changed)) == {}
        return capsys.readouterr().err

    return ended


def test_sessions_end_first_and_nobody_else_is_drained(
    manager: Manager, leave: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backendai_api, "PROGRESS_SECONDS", 0)
    manager.agents = {ID: agent(ID, compute_containers=sessions("a", "a", "b")), "other": agent("other")}
    manager.lasting = 4
    said = leave()
    assert "draining trainer: its sessions have 10 minutes" in said
    assert "trainer: 2 sessions run on it, 10 minutes are left" in said
    assert "no session runs on trainer" in said
    assert manager.changes == [(ID, {"schedulable": False})]


def test_sessions_that_never_end_are_told_when_their_time_is_over(
    manager: Manager, leave: Callable[..., str]
) -> None:
    manager.agents[ID] = agent(ID, compute_containers=sessions("a"))
    assert "leaves though 1 session runs on it: 0.002 minutes are over" in leave(drainMinutes=0.002)
    assert "leaves though 1 session" in leave(drainMinutes=0)


@pytest.mark.parametrize("status", ["LOST", "TERMINATED"])
def test_a_dead_agent_is_not_waited_for(manager: Manager, leave: Callable[..., str], status: str) -> None:
    manager.agents[ID] = agent(ID, status=status, compute_containers=sessions("a"))
    assert f"the manager calls it {status}, so nothing ends there" in leave()
    assert manager.changes == [(ID, {"schedulable": False})]


def test_an_agent_that_dies_while_it_is_drained_is_not_waited_for(
    manager: Manager, leave: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.agents[ID] = agent(ID, compute_containers=sessions("a"))
    monkeypatch.setattr(backendai_api.time, "sleep", lambda _: manager.agents[ID].update(status="LOST"))
    assert leave().splitlines() == [
        "draining trainer: its sessions have 10 minutes",
        "trainer: the manager calls it LOST, so nothing ends there",
    ]


def test_an_agent_that_never_registered_can_leave(manager: Manager, leave: Callable[..., str]) -> None:
    assert f"the manager knows nothing of {ID}" in leave()
    assert manager.changes == []


@pytest.mark.parametrize("changed", [{"endpoint": "http://127.0.0.1:9"}, {}])
def test_a_manager_that_is_down_holds_nobody_and_what_is_left_is_told(
    manager: Manager, leave: Callable[..., str], changed: dict[str, Any]
) -> None:
    manager.status = 200 if changed else 500
    said = leave(**changed)
    assert "trainer goes undrained" in said
    assert f"the manager goes on listing {ID}; set it unschedulable" in said.splitlines()[-1]


def test_a_refused_keypair_does_not_end_sessions_unless_they_are_given_up(
    manager: Manager, leave: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.agents[ID] = agent(ID)
    with pytest.raises(ApiError, match=r"401.*sessions may run on trainer: mend that and run the same again"):
        leave(apiKeys=f"{ACCESS}:another")
    monkeypatch.setenv(backendai_api.FORGET, "1")
    assert leave(apiKeys=f"{ACCESS}:another").startswith("LEFT TO DO at ")


def test_the_master_tells_guests_from_agents_of_its_own(
    manager: Manager, capsys: pytest.CaptureFixture[str]
) -> None:
    manager.agents = {ID: agent(ID), "own-1": agent("own-1", addr="tcp://10.89.0.9:6001")}
    server = {"endpoint": manager.endpoint, "accessKey": ACCESS, "secretKey": SECRET}
    backendai_api.calls.nodes({**server, "guests": ["10.91.0.0/20"]})
    assert [node["guest"] for node in json.loads(capsys.readouterr().out)] == [True, False]
    backendai_api.calls.nodes(server)
    assert [node["guest"] for node in json.loads(capsys.readouterr().out)] == [False, False]
