"""Calls from the operator's computer, against the stand-in for a Supervisely server in this process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.platforms import supervisely_api
from tests.supervisely.server import Faults, Server, serve

API_TOKEN = "canary-of-an-api-token"  # noqa: S105 - of the stand-in
ROOT = Path(__file__).parents[2]


class Stub:
    def __init__(self, folder: Path) -> None:
        self.server = Server(folder)
        self.server.kept["apiTokens"] = {API_TOKEN: [7]}
        self._listening = serve(self.server, 0)
        self.url = f"http://127.0.0.1:{self._listening.server_port}"

    def end(self) -> None:
        self._listening.shutdown()
        self._listening.server_close()

    def asked(self, **changed: object) -> dict[str, Any]:
        known = {"vm": "annotator", "server": self.url, "teamId": 7, "ca": "", "apiToken": API_TOKEN}
        return {**known, "decommission": None, **changed}

    def run(self, verb: str, before: object = None, **changed: object) -> subprocess.CompletedProcess[str]:
        """As Pulumi runs it, but with Python alone."""
        env = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
        if before:
            env["PULUMI_COMMAND_STDOUT"] = json.dumps(before)
        if forget := changed.pop("forget", ""):
            env[supervisely_api.FORGET] = str(forget)
        done = subprocess.run(
            [sys.executable, "-m", "components.platforms.supervisely_api", verb],
            cwd=ROOT,
            env=env,
            input=json.dumps(self.asked(**changed)),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert API_TOKEN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def enrolled(self) -> dict[str, Any]:
        return json.loads(self.run("enrol").stdout)


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    made = Stub(tmp_path)
    yield made
    made.end()


def test_an_agent_is_made_once(stub: Stub) -> None:
    made = stub.enrolled()
    assert set(made) == {"id", "name", "token"}
    again = stub.run("enrol", before=made)
    assert json.loads(again.stdout) == made
    assert len(stub.server.agents) == 1


@pytest.mark.parametrize(
    ("faults", "changed", "words"),
    [
        ({"refuse_api_token": True}, {}, "refuses the API token for agents.list: API token is not valid"),
        ({}, {"teamId": 8}, "refuses the API token for agents.list: No access to team 8"),
        ({"status": 503}, {}, "answers agents.list with status 503: Something went wrong"),
        ({}, {"server": "http://127.0.0.1:9"}, "http://127.0.0.1:9 cannot be reached: "),
    ],
)
def test_what_fails_is_told_and_makes_nothing(
    stub: Stub, faults: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    stub.server.faults = Faults(**faults)
    done = stub.run("enrol", **changed)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert stub.server.agents == []


def test_an_agent_ends_by_the_configured_call(stub: Stub) -> None:
    made = stub.enrolled()
    call = {"call": "agents.archive", "body": {"id": "{id}"}}
    done = stub.run("archive", before=made, decommission=call)
    assert done.returncode == 0
    assert f"agent {made['id']} (Agent 1) of annotator is archived" in done.stderr
    assert stub.server.agents[0]["disabled"]
    again = stub.run("archive", before=made, decommission=call)
    assert (again.returncode, "knows agent 1" in again.stderr) == (0, True)


def test_without_a_call_the_click_is_told(stub: Stub) -> None:
    done = stub.run("archive", before=stub.enrolled())
    assert done.returncode == 0
    click = f"archive agent 1 (Agent 1) of annotator at {stub.url}: Agents of team 7, its menu, Archive"
    assert done.stderr.splitlines()[-1] == f"LEFT TO DO: {click}"


@pytest.mark.parametrize(("call", "status"), [("agents.remove", 404), ("agents.archive", 500)])
def test_a_call_that_fails_keeps_the_agent_until_it_is_given_up(stub: Stub, call: str, status: int) -> None:
    made = stub.enrolled()
    stub.server.faults = Faults(archive_status=500)
    wrong = {"call": call, "body": {"id": "{id}"}}
    done = stub.run("archive", before=made, decommission=wrong)
    assert done.returncode == 1
    assert f"answers {call} with status {status}" in done.stderr
    assert "is still there: mend that and run the same again" in done.stderr
    given_up = stub.run("archive", before=made, decommission=wrong, forget="1")
    assert given_up.returncode == 0
    assert "LEFT TO DO: archive agent 1" in given_up.stderr


def test_membership_waits_for_the_right_version(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stub.enrolled()
    monkeypatch.setattr(supervisely_api, "MEMBER_SECONDS", 0)
    asked = stub.asked(id=made["id"], version="6.9.7", gpus=0)
    with pytest.raises(
        supervisely_api.ApiError, match="waiting, version no version, 0 GPUs; wanted: running"
    ):
        supervisely_api.member(asked)
    connected = {"version": "agent:6.9.7", "gpuInfo": {"device_count": 1}}
    headers = {"x-token": made["token"]}
    stub.server.answer("POST", "/agent/AgentConnected", headers, json.dumps(connected).encode())
    assert supervisely_api.member(asked) == {
        "seen": "the server lists agent 1 as running, version 6.9.7, 1 GPUs"
    }
    with pytest.raises(supervisely_api.ApiError, match=r"6\.9\.7, 1 GPUs; wanted: .* 2 GPUs"):
        supervisely_api.member({**asked, "gpus": 2})
    with pytest.raises(supervisely_api.ApiError, match="it does not list it"):
        supervisely_api.member({**asked, "id": 99})
