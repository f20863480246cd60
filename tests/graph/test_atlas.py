"""The program's requests for a cluster of Atlas: who waits for whom, and what stays secret."""

import copy
import json
from typing import Any

import pytest
import yaml

from components import keys
from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.recording import SEED, Recording, record
from tests.graph.test_secrets import visible

_FILE = {"url": "https://files.example.org/file", "sha256": "0" * 64}
CONFIG: dict[str, Any] = {
    "team": "research",
    "cloud": "local",
    "storage": {"mountPath": "/shared"},
    "cluster": {
        "platform": "atlas",
        "settings": {
            "installer": _FILE,
            "archive": _FILE,
            "python": _FILE,
            "registry": "registry.example.org/atlas",
            "users": [{"name": "ann", "email": "ann@example.org"}],
        },
        "master": {"cpus": 2, "memoryGiB": 3},
        "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 2}],
    },
}
ADMIN = "of-the-team-0123456789"


@pytest.fixture(scope="module")
def made() -> Recording:
    return record(CONFIG)


def changed(change: Any) -> Recording:
    config = copy.deepcopy(CONFIG)
    change(config["cluster"]["settings"])
    return record(config)


def test_every_worker_has_a_step_after_the_masters_and_a_membership_after_its_own(made: Recording) -> None:
    for name in ("workers-1", "workers-2"):
        assert made["master-step"].urn in made.ancestors(made[f"{name}-step"])
        assert made[f"{name}-step"].urn in made[f"{name}-membership"].after
        assert "leave" in made[f"{name}-membership"].inputs["delete"]
        assert "delete" not in made[f"{name}-step"].inputs


def test_the_masters_databases_outlive_its_machine(made: Recording) -> None:
    kept, host = made["state-volume"], made["master-host"]
    assert host.inputs["triggers"][-1] == "state-volume-made"
    assert host.urn not in made.ancestors(kept)
    assert "STATE_PATH=/var/lib/agent-fleet-state\n" in made["master-step"].plain("stdin")
    assert "STATE_PATH" not in made["workers-1-step"].plain("stdin")


def secrets() -> dict[str, str]:
    return {
        "password of ann": keys.derive(SEED, "atlas/user/ann").hex()[:20],
        "administrator": keys.derive(SEED, "atlasAdminPassword").hex(),
    }


@pytest.mark.parametrize("label", secrets())
def test_a_secret_is_used_and_nowhere_in_plain(made: Recording, label: str) -> None:
    everything = json.dumps([one.inputs for one in made.requests.values()], default=str)
    assert secrets()[label] in everything
    assert secrets()[label] not in visible(made)
    assert made.secret_outputs == {"clientConfig", "inventory"}


def test_a_password_that_the_team_gives_is_the_administrators() -> None:
    recording = record(CONFIG, {"atlasAdminPassword": ADMIN})
    assert ADMIN in recording["master-step"].plain("stdin")
    assert ADMIN not in visible(recording)
    assert recording.outputs["clientConfig"]["adminPassword"] == ADMIN


def test_people_get_a_file_for_submitting_and_their_first_password(made: Recording) -> None:
    client = made.outputs["clientConfig"]
    assert yaml.safe_load(client["files"]["remote.config.yaml"])["scheduler_url"] == "http://127.0.0.1:5558"
    assert client["passwords"] == {"ann": secrets()["password of ann"]}
    assert "python -m fleet tunnel" in client["files"]["README.md"]


def test_a_host_for_browsers_reaches_master_and_clients() -> None:
    recording = changed(lambda settings: settings.update(dashboardHost="atlas.example.org"))
    assert "DASHBOARD_HOST=atlas.example.org\n" in recording["master-step"].plain("stdin")
    files = recording.outputs["clientConfig"]["files"]
    assert "http://atlas.example.org:5558" in files["remote.config.yaml"]


def test_another_user_changes_the_masters_step_alone(made: Recording) -> None:
    bob = {"name": "bob", "email": "bob@example.org"}
    recording = changed(lambda settings: settings["users"].append(bob))
    same = [one for name, one in recording.requests.items() if one.inputs == made.requests[name].inputs]
    assert {one.name for one in recording.requests.values() if one not in same} == {"master-step"}


def test_another_number_of_slots_changes_steps_and_memberships_of_workers(made: Recording) -> None:
    recording = changed(lambda settings: settings.update(slots=2))
    different = {
        one.name for name, one in recording.requests.items() if one.inputs != made.requests[name].inputs
    }
    workers = {f"workers-{number}-{kind}" for number in (1, 2) for kind in ("step", "membership")}
    assert different == workers


def test_without_authentication_there_is_no_password() -> None:
    def off(settings: dict[str, Any]) -> None:
        settings.update(authentication=False)
        del settings["users"]

    recording = changed(off)
    assert "AUTHENTICATION=0\n" in recording["master-step"].plain("stdin")
    assert set(recording.outputs["clientConfig"]) == {"endpoint", "files"}


ANN = {"name": "ann", "email": "ann@example.org"}
OTHER = {"url": "https://files.example.org/other", "sha256": "1" * 64}
EDITS: dict[str, dict[str, Any]] = {
    **{name: {name: OTHER} for name in ("installer", "archive", "python")},
    **{f"{name}.url": {name: {**_FILE, "url": OTHER["url"]}} for name in ("installer", "archive", "python")},
    **{
        f"{name}.sha256": {name: {**_FILE, "sha256": "2" * 64}} for name in ("installer", "archive", "python")
    },
    "registry": {"registry": "registry.example.org/other"},
    "tag": {"tag": "0.1.9"},
    "tags": {"tags": {"gui": "0.1.9"}},
    "jobImage": {"jobImage": "registry.example.org/worker:1"},
    "slots": {"slots": 3},
    "poolSlots": {"poolSlots": {"workers": 3}},
    "dashboardHost": {"dashboardHost": "atlas.example.org"},
    "authentication": {"authentication": False, "users": []},
    "users": {"users": []},
    "users[].name": {"users": [{**ANN, "name": "bob"}]},
    "users[].email": {"users": [{**ANN, "email": "bob@example.org"}]},
    "users[].passwordGeneration": {"users": [{**ANN, "passwordGeneration": 2}]},
    "sessionMinutes": {"sessionMinutes": 5},
    "drainMinutes": {"drainMinutes": 5},
}


def test_every_setting_is_tried() -> None:
    start = "cluster.settings."
    table = {
        path.removeprefix(start): effect
        for path, effect in change_table(with_platform("local", "atlas"))
        if path.startswith(start)
    }
    wholes = {"installer", "archive", "python"}
    assert set(table) - wholes == set(EDITS) - wholes
    assert set(table.values()) == {Change.IN_PLACE}


@pytest.mark.parametrize("name", EDITS)
def test_another_setting_reaches_a_step_or_a_membership_and_replaces_nothing(
    made: Recording, name: str
) -> None:
    after = changed(lambda settings: settings.update(EDITS[name]))
    differ = {
        one.name for one in after.requests.values() if one.raw.custom and one.inputs != made[one.name].inputs
    }
    assert differ
    assert all(found.endswith(("-step", "-membership")) for found in differ)
    assert all(after[one].inputs["triggers"] == made[one].inputs["triggers"] for one in differ)
