"""No secret is in a request except inside a value that the engine encrypts."""

import json
from typing import Any

import pytest
from pulumi.runtime import rpc

from components import keys
from tests.graph.conftest import CONFIG
from tests.graph.recording import SEED, Recording, record

TOKEN = "given-by-the-team-0123456789abcdef0123456789"  # noqa: S105 - a canary


def without_secrets(value: Any) -> Any:
    if rpc.is_rpc_secret(value):
        return "[secret]"
    if isinstance(value, dict):
        return {key: without_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def visible(recording: Recording) -> str:
    requests = {urn: without_secrets(request.inputs) for urn, request in recording.requests.items()}
    outputs = {key: value for key, value in recording.outputs.items() if key not in recording.secret_outputs}
    return json.dumps([requests, outputs], default=str)


def canaries() -> dict[str, str]:
    labels = ["login", "client", *(f"host/{node}" for node in ("master", "steady-1", "big-2"))]
    found = {label: keys.private_text(keys.derive(SEED, label)).splitlines()[3] for label in labels}
    login = keys.pkcs8_text(keys.derive(SEED, "login")).splitlines()[1]
    return {**found, "login, shorter": login, "seed": SEED, "token": keys.derive(SEED, "rayToken").hex()}


@pytest.mark.parametrize("label", canaries())
def test_a_derived_secret_is_nowhere_in_plain(dev: Recording, label: str) -> None:
    assert canaries()[label] not in visible(dev)


def test_the_canaries_are_really_used(dev: Recording) -> None:
    everything = json.dumps([request.inputs for request in dev.requests.values()], default=str)
    for label in ("token", "login, shorter", "host/steady-1"):
        assert canaries()[label] in everything, label


def test_a_token_that_the_team_gives_is_used_and_nowhere_in_plain() -> None:
    recording = record(CONFIG, {"rayToken": TOKEN})
    assert TOKEN in recording["steady-1-step"].plain("stdin")
    assert TOKEN not in visible(recording)


def test_connections_and_input_are_secret_as_a_whole(dev: Recording) -> None:
    for request in dev.requests.values():
        if request.type == "command:remote:Command":
            assert request.is_secret("stdin"), request.name
            assert request.is_secret("connection"), request.name


def test_no_secret_is_in_a_commands_text(dev: Recording) -> None:
    for request in dev.requests.values():
        for text in (request.inputs.get(verb) for verb in ("create", "update", "delete")):
            assert not [label for label, value in canaries().items() if value in str(text or "")]
