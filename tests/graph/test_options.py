"""The options that make replacement and destroy come out right (docs/architecture.md)."""

from collections.abc import Callable

import pytest

from components.connection import DIALS
from tests.graph.conftest import Change
from tests.graph.recording import Recording, Request

WORKERS = ["steady-1", "steady-2", "steady-3", "big-1", "big-2"]
NODES = ["master", *WORKERS]


@pytest.mark.parametrize("node", NODES)
def test_a_step_has_no_delete_so_that_nothing_dials_a_machine_that_goes_away(
    dev: Recording, node: str
) -> None:
    assert "delete" not in dev[f"{node}-step"].inputs


@pytest.mark.parametrize("node", NODES)
def test_a_step_is_replaced_with_its_machine_and_by_nothing_else(dev: Recording, node: str) -> None:
    step, machine = dev[f"{node}-step"], dev[f"{node}-host"]
    assert list(step.raw.replace_with) == [machine.urn]
    assert len(step.inputs["triggers"]) == 1
    assert list(step.raw.replaceOnChanges) == ["triggers[*]"]
    assert step.raw.propertyDependencies["triggers"].urns == [machine.urn]
    assert not step.raw.deleteBeforeReplace


@pytest.mark.parametrize("node", WORKERS)
def test_a_membership_goes_with_the_masters_machine_and_is_replaced_with_its_own(
    dev: Recording, node: str
) -> None:
    membership = dev[f"{node}-membership"]
    assert membership.raw.deletedWith == dev["master-host"].urn
    assert list(membership.raw.replace_with) == [dev[f"{node}-host"].urn]
    assert membership.raw.propertyDependencies["triggers"].urns == [dev[f"{node}-host"].urn]
    assert list(membership.raw.replaceOnChanges) == ["triggers[*]"]
    assert not membership.raw.deleteBeforeReplace


@pytest.mark.parametrize("node", WORKERS)
def test_a_membership_runs_again_when_the_step_ran_or_the_master_is_another(
    dev: Recording, node: str
) -> None:
    after = dev[f"{node}-membership"].raw.propertyDependencies["stdin"].urns
    assert dev[f"{node}-step"].urn in after
    assert dev["master-host"].urn in after


@pytest.mark.parametrize("node", NODES)
def test_a_machine_is_removed_before_its_successor_is_made(dev: Recording, node: str) -> None:
    assert dev[f"{node}-host"].raw.deleteBeforeReplace


def remote_commands(dev: Recording) -> list[Request]:
    return [request for request in dev.requests.values() if request.type == "command:remote:Command"]


def test_every_connection_pins_the_host_key_and_gives_up_in_the_end(dev: Recording) -> None:
    for request in remote_commands(dev):
        connection = request.plain("connection")
        for hop in filter(None, (connection, connection.get("proxy"))):
            assert hop["hostKey"].startswith("ssh-ed25519 "), request.name
            assert hop["user"] == "fleet"
        assert connection["dialErrorLimit"] == DIALS, "a local host listens as soon as it is made"


def test_every_machine_shows_a_host_key_of_its_own(dev: Recording) -> None:
    keys = {request.plain("connection")["hostKey"] for request in dev.commands("-step")}
    assert len(keys) == len(NODES)


def test_workers_are_reached_through_the_master_and_the_master_directly(dev: Recording) -> None:
    assert dev["master-step"].plain("connection").get("proxy") is None
    for node in WORKERS:
        proxy = dev[f"{node}-step"].plain("connection")["proxy"]
        assert proxy["hostKey"] == dev["master-step"].plain("connection")["hostKey"]


def test_what_a_command_printed_is_secret_and_goes_into_no_environment(dev: Recording) -> None:
    for request in remote_commands(dev):
        assert {"stdout", "stderr"} <= set(request.raw.additionalSecretOutputs), request.name
        assert request.inputs["addPreviousOutputInEnv"] is False
        assert request.inputs["logging"] == "stderr"


def test_user_data_never_changes_a_machine(dev: Recording) -> None:
    for request in dev.commands("-host"):
        assert "stdin" in request.raw.ignoreChanges, request.name


def test_storage_is_kept_at_destroy_unless_the_stack_says_otherwise(
    dev: Recording, changed: Callable[[Change], Recording]
) -> None:
    assert dev["storage-volume"].raw.retainOnDelete
    after = changed(lambda config: config["storage"].update(onDestroy="delete"))
    assert not after["storage-volume"].raw.retainOnDelete
