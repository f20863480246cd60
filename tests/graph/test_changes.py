"""What a change of the configuration touches: only what it says."""

from collections.abc import Callable
from typing import Any

import pytest

from components import commands
from tests.graph.conftest import CONFIG
from tests.graph.recording import Recording, record

Changed = Callable[[Callable[[dict[str, Any]], object]], Recording]


def difference(before: Recording, after: Recording) -> dict[str, set[str]]:
    """Names that are new, gone, or whose request is another one."""

    def bodies(recording: Recording) -> dict[str, Any]:
        custom = (request for request in recording.requests.values() if request.raw.custom)
        return {request.name: request.inputs for request in custom}

    old, new = bodies(before), bodies(after)
    return {
        "new": set(new) - set(old),
        "gone": set(old) - set(new),
        "changed": {name for name in set(old) & set(new) if old[name] != new[name]},
    }


def node(name: str) -> set[str]:
    return {f"{name}-host", f"{name}-step", f"{name}-membership"}


def pool(config: dict[str, Any], number: int) -> dict[str, Any]:
    return config["cluster"]["pools"][number]


def test_one_worker_more_only_adds(dev: Recording, changed: Changed) -> None:
    found = difference(dev, changed(lambda config: pool(config, 1).update(count=3)))
    assert found == {"new": node("big-3"), "gone": set(), "changed": set()}


def test_one_chosen_worker_less_touches_no_other(dev: Recording, changed: Changed) -> None:
    found = difference(dev, changed(lambda config: pool(config, 1).update(without=(1,))))
    assert found == {"new": set(), "gone": node("big-1"), "changed": set()}


def test_a_pool_that_goes_touches_no_other(dev: Recording, changed: Changed) -> None:
    found = difference(dev, changed(lambda config: config["cluster"]["pools"].pop(1)))
    assert found == {"new": set(), "gone": node("big-1") | node("big-2"), "changed": set()}


def test_the_order_of_pools_means_nothing(dev: Recording, changed: Changed) -> None:
    found = changed(lambda config: config["cluster"]["pools"].reverse())
    assert {request.name for request in found.requests.values()} == {
        request.name for request in dev.requests.values()
    }


def test_a_changed_setting_updates_every_step_and_no_machine(dev: Recording, changed: Changed) -> None:
    found = difference(
        dev, changed(lambda config: config["cluster"]["settings"].update(pipPackages=["eo-grow==1.7.14"]))
    )
    assert found["new"] == found["gone"] == set()
    assert {name for name in found["changed"] if not name.endswith("-step")} == set()
    assert {request.name for request in dev.commands("-step")} == found["changed"]


def test_a_changed_script_updates_steps_only(dev: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "script_of", lambda *_: "another script")
    found = difference(dev, record(CONFIG))
    assert {request.name for request in dev.commands("-step")} == found["changed"]


def test_a_new_generation_of_the_token_updates_steps_only(dev: Recording, changed: Changed) -> None:
    found = difference(dev, changed(lambda config: config.update(keyGenerations={"token": 2})))
    assert found["changed"] == {request.name for request in dev.commands("-step")}


def test_a_changed_size_replaces_the_pools_machines_and_no_other(dev: Recording, changed: Changed) -> None:
    after = changed(lambda config: pool(config, 1).update(cpus=1))
    replaced = {
        request.name
        for request in after.requests.values()
        if request.raw.custom and request.inputs.get("triggers") != dev[request.name].inputs.get("triggers")
    }
    machines = {"big-1-host", "big-2-host"}
    assert machines <= replaced
    assert not [name for name in replaced if not name.startswith("big-")]


def test_a_run_without_a_change_asks_for_exactly_the_same(dev: Recording) -> None:
    assert difference(dev, record(CONFIG)) == {"new": set(), "gone": set(), "changed": set()}


def test_the_inputs_of_a_workers_commands_stay_small(dev: Recording) -> None:
    for name in ("steady-1-step", "steady-1-membership", "steady-1-host"):
        assert dev[name].raw.object.ByteSize() < 4096, f"{name}: {dev[name].raw.object.ByteSize()} bytes"
