"""The program's requests for a cluster of Backend.AI: who waits for whom, and what stays secret."""

import copy
import json
from typing import Any

import pytest

from components import keys
from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.recording import SEED, Recording, record
from tests.graph.test_secrets import visible

CONFIG: dict[str, Any] = {
    "team": "platform",
    "cloud": "local",
    "storage": {"mountPath": "/shared"},
    "cluster": {
        "platform": "backendai",
        "settings": {"dummyPools": ["pretended"]},
        "master": {"cpus": 2, "memoryGiB": 3},
        "pools": [
            {"name": "docker", "count": 2, "cpus": 1, "memoryGiB": 2},
            {"name": "pretended", "count": 1, "cpus": 1, "memoryGiB": 2},
        ],
    },
}
LABELS = ("database", "etcd/root", "etcd/manager", "etcd/agent", "redis", "manager/secret", "storage/own")
PASSWORD = "of-the-team-0123456789"  # noqa: S105 - a canary


@pytest.fixture(scope="module")
def made() -> Recording:
    return record(CONFIG)


def test_every_worker_has_a_step_after_the_masters_and_a_membership_after_its_own(made: Recording) -> None:
    assert {one.name for one in made.commands("-membership")} == {
        "docker-1-membership",
        "docker-2-membership",
        "pretended-1-membership",
    }
    for name in ("docker-1", "pretended-1"):
        assert made["master-step"].urn in made.ancestors(made[f"{name}-step"])
        assert made[f"{name}-step"].urn in made[f"{name}-membership"].after
    assert "leave" in made["docker-1-membership"].inputs["delete"]
    assert "delete" not in made["docker-1-step"].inputs


def canaries() -> dict[str, str]:
    found = {label: keys.derive(SEED, f"backendai/{label}").hex() for label in LABELS}
    rpc = {
        label: keys.curve_pair(keys.derive(SEED, f"backendai/{label}")).private
        for label in ("manager", "agent/docker-1")
    }
    password = keys.derive(SEED, "backendaiAdminPassword").hex()
    return {
        **found,
        **rpc,
        "password": password,
        "key": keys.derive(SEED, "backendai/admin/secret").hex()[:40],
    }


@pytest.mark.parametrize("label", canaries())
def test_a_secret_is_used_and_nowhere_in_plain(made: Recording, label: str) -> None:
    everything = json.dumps([one.inputs for one in made.requests.values()], default=str, ensure_ascii=False)
    canary = json.dumps(canaries()[label])[1:-1]
    assert canary in everything
    assert canary not in visible(made)


def test_a_password_that_the_team_gives_is_the_administrators() -> None:
    recording = record(CONFIG, {"backendaiAdminPassword": PASSWORD})
    assert PASSWORD in recording["master-step"].plain("stdin")
    assert PASSWORD not in visible(recording)


def test_the_client_gets_the_administrators_keypair_and_a_file_of_variables(made: Recording) -> None:
    client = made.outputs["clientConfig"]
    assert made.secret_outputs == {"clientConfig", "inventory"}
    assert client["email"] == "admin@agent-fleet.internal"
    assert client["environment"].splitlines() == [
        "BACKEND_ENDPOINT=http://127.0.0.1:8081",
        "BACKEND_ENDPOINT_TYPE=api",
        f"BACKEND_ACCESS_KEY={client['accessKey']}",
        f"BACKEND_SECRET_KEY={client['secretKey']}",
    ]
    assert client["accessKey"].startswith("AKIA")
    assert len(client["accessKey"]) == 20


def test_people_get_passwords_and_keypairs_of_their_own() -> None:
    config = copy.deepcopy(CONFIG)
    config["cluster"]["settings"]["users"] = [
        {"email": "bob@example.org"},
        {"email": "eve@example.org", "admin": True},
    ]
    recording = record(config)
    told = recording.outputs["clientConfig"]["users"]
    assert [(one["email"], one["role"]) for one in told] == [
        ("bob@example.org", "user"),
        ("eve@example.org", "admin"),
    ]
    secrets = [one[part] for one in told for part in ("password", "accessKey", "secretKey")]
    assert len(set(secrets)) == len(secrets)
    assert all(secret in recording["master-step"].plain("stdin") for secret in secrets)
    assert not [secret for secret in secrets if secret in visible(recording)]


def test_the_databases_lie_on_a_volume_that_a_replaced_master_takes_up_again(made: Recording) -> None:
    volume = made["state-volume"]
    assert "--of state" in volume.inputs["create"]
    assert volume.raw.retainOnDelete
    assert volume.urn in made.ancestors(made["master-host"])
    config = copy.deepcopy(CONFIG)
    config["cluster"]["master"]["cpus"] = 3
    after = record(config)
    assert after["master-host"].inputs["triggers"] != made["master-host"].inputs["triggers"]
    assert after["state-volume"].inputs == volume.inputs


def test_another_pool_is_told_to_the_master_and_leaves_other_agents_alone(made: Recording) -> None:
    config = copy.deepcopy(CONFIG)
    config["cluster"]["pools"].append({"name": "more", "count": 1, "cpus": 1, "memoryGiB": 2})
    changed = record(config)
    assert "GROUPS_WANTED=(docker pretended more)" in changed["master-step"].plain("stdin")
    for name in ("docker-1", "docker-2", "pretended-1"):
        for kind in ("step", "membership"):
            assert changed[f"{name}-{kind}"].inputs == made[f"{name}-{kind}"].inputs


REGISTRY = {"name": "cr.example.org", "url": "https://cr.example.org", "project": "stable"}
EDITS: dict[str, dict[str, Any]] = {
    "adminEmail": {"adminEmail": "ann@example.org"},
    "users": {"users": [{"email": "bob@example.org"}]},
    "users[].email": {"users": [{"email": "eve@example.org"}]},
    "users[].admin": {"users": [{"email": "bob@example.org", "admin": True}]},
    "dummyPools": {"dummyPools": ["docker", "pretended"]},
    "registries": {"registries": [REGISTRY]},
    "registries[].name": {"registries": [{**REGISTRY, "name": "cr2.example.org"}]},
    "registries[].url": {"registries": [{**REGISTRY, "url": "http://cr.example.org"}]},
    "registries[].project": {"registries": [{**REGISTRY, "project": "trial"}]},
    "registries[].type": {"registries": [{**REGISTRY, "type": "harbor2"}]},
    "kernelImages": {"registries": [REGISTRY], "kernelImages": ["cr.example.org/stable/python:1"]},
    "autoPull": {"autoPull": "none"},
    "agentNetworks": {"agentNetworks": ["10.91.0.0/20"]},
    "reservedCpus": {"reservedCpus": 0},
    "reservedMemoryGiB": {"reservedMemoryGiB": 0.5},
    "reservedDiskGiB": {"reservedDiskGiB": 9},
    "scratchRoot": {"scratchRoot": "/data/scratches"},
    "scratchType": {"scratchType": "memory"},
    "drainMinutes": {"drainMinutes": 11},
}
# The one that there is, and a number whose other values this stack is too small for.
WITHOUT_ANOTHER_VALUE = {"version", "reservedCpus"}


def test_every_setting_is_tried() -> None:
    start = "cluster.settings."
    table = {
        path.removeprefix(start): effect
        for path, effect in change_table(with_platform("local", "backendai"))
        if path.startswith(start)
    }
    assert set(table) == set(EDITS) | {"version"}
    assert set(table.values()) == {Change.IN_PLACE}


@pytest.mark.parametrize("name", EDITS)
def test_another_setting_reaches_a_step_or_a_membership_and_replaces_nothing(
    made: Recording, name: str
) -> None:
    config = copy.deepcopy(CONFIG)
    config["cluster"]["settings"].update(EDITS[name])
    after = record(config)
    differ = {
        one.name for one in after.requests.values() if one.raw.custom and one.inputs != made[one.name].inputs
    }
    assert all(
        found.endswith(("-step", "-membership")) or found == "security-groups-master" for found in differ
    )
    assert differ or name in WITHOUT_ANOTHER_VALUE
    assert all(after[one].inputs["triggers"] == made[one].inputs["triggers"] for one in differ)
