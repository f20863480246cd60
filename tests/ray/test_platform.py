"""The platform as data: ports, shares of memory, what reaches the machines and how."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components import scripts
from components.config.sizes import Size
from components.platforms import ray
from tests.ray.hosts import TOKEN, GivenKeys, fleet

GIB = 2**30


def calls() -> list[Any]:
    made, keys = fleet(), GivenKeys(TOKEN)
    machine: Any = SimpleNamespace(private_ip="10.0.0.2")
    head: Any = SimpleNamespace(private_ip="10.0.0.1", node=made.master)
    given: Any = keys
    worker = made.workers[0]
    return [
        ray.master(made, given, head, {}),
        ray.agent(made, worker, given, machine, head),
        ray.member(made, worker, given, machine),
    ]


def test_only_what_ray_needs_between_hosts_is_open_and_nothing_to_people() -> None:
    opened = {(port.to_role, port.first, port.last): port.sources for port in ray.PORTS}
    both = ("master", "worker")
    assert opened == {
        ("master", 6379, 6379): ("worker",),
        ("master", 8076, 8076): ("worker",),
        ("master", 8077, 8077): ("worker",),
        ("master", 20000, 20099): ("worker",),
        ("worker", 8076, 8076): both,
        ("worker", 8077, 8077): both,
        ("worker", 8079, 8079): ("master",),
        ("worker", 20000, 20099): both,
    }


@pytest.mark.parametrize(
    ("memory", "shm", "tasks", "store"),
    [
        (4, None, 4 * 0.7 - 0.5, 4 * 0.3),
        (4, 1, 4 - 0.9 - 0.5, 0.9),
        (1.5, None, 1.5 * 0.7 - 0.5, 1.5 * 0.3),
        (2, 0.01, 2 - 75 / 1024 - 0.5, 75 / 1024),
        (0.5, None, 100 / 1024, 0.5 * 0.3),
    ],
)
def test_memory_is_shared_between_tasks_objects_and_the_system(
    memory: float, shm: float | None, tasks: float, store: float
) -> None:
    share = ray.memory_of(Size(cpus=1, memory_gib=memory, shm_gib=shm))
    assert share.tasks == pytest.approx(tasks * GIB, abs=2)
    assert share.object_store == pytest.approx(store * GIB, abs=2)


def test_the_head_offers_no_cpu_and_a_worker_what_its_pool_says() -> None:
    head, worker, member = calls()
    assert (head.settings["CPUS"], head.settings["GPUS"]) == (0, 0)
    assert worker.settings["CPUS"] == member.settings["CPUS"] == 2


def test_the_token_is_a_secret_of_the_steps_and_membership_knows_none() -> None:
    head, worker, member = calls()
    assert head.secrets == worker.secrets == {"RAY_TOKEN": TOKEN}
    assert not member.secrets
    assert TOKEN not in str([call.settings for call in calls()])


@pytest.mark.parametrize("call", calls(), ids=lambda call: call.verb)
def test_every_verb_is_a_function_of_the_installed_script(call: Any) -> None:
    script = scripts.script_of(call.scripts)
    assert f"\n{call.verb}() {{\n" in script
    assert call.undo is None or f"\n{call.undo}() {{\n" in script


def test_the_script_is_clean_as_it_is_written_and_as_it_travels() -> None:
    written = "".join((scripts.USERDATA / f"{name}.sh").read_text() for name in ("common", *ray.SCRIPTS))
    for script, severity in ((written, "style"), (scripts.script_of(ray.SCRIPTS), "error")):
        checked = subprocess.run(
            [Path(sys.executable).parent / "shellcheck", "--shell=bash", f"--severity={severity}", "-"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.stdout == ""
