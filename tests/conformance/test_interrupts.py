"""What Ctrl-C does to a running Command."""

from pathlib import Path
from typing import Any

from tests.conformance.hosts import SshHost
from tests.conformance.stack import Stack, interrupt, interrupt_twice, local, remote, wait_until


def script(fleet: Stack, seconds: int) -> str:
    return f"echo started >>{fleet.journal}; sleep {seconds}; echo ended >>{fleet.journal}"


def wrote(journal: Path, word: str) -> bool:
    return journal.exists() and word in journal.read_text()


def test_one_interrupt_waits_for_the_scripts_end_and_records_the_resource(
    fleet: Stack, host: SshHost
) -> None:
    second = remote("second", host.connection(), create="true", options={"depends_on": ["first"]})
    fleet.describe([remote("first", host.connection(), create=script(fleet, 5)), second])
    with fleet.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: wrote(fleet.journal, "started"), "the script's start")
        interrupt(process)
        text, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "update canceled" in text
    assert fleet.steps() == ["started", "ended"]
    assert list(fleet.outputs()) == ["first"]
    assert not fleet.deployment().get("pending_operations")


def test_two_interrupts_leave_at_once_and_the_script_goes_on(fleet: Stack, host: SshHost) -> None:
    resources: list[Any] = [remote("step", host.connection(), create=script(fleet, 15))]
    fleet.describe(resources)
    with fleet.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: wrote(fleet.journal, "started"), "the script's start")
        interrupt_twice(process)
        process.communicate(timeout=14)
    assert fleet.steps() == ["started"], "the CLI left before the script's end"
    assert fleet.outputs() == {}
    assert [operation["type"] for operation in fleet.deployment()["pending_operations"]] == ["creating"]
    wait_until(lambda: wrote(fleet.journal, "ended"), "the abandoned script's end")
    fleet.steps()
    resources[0]["args"]["create"] = script(fleet, 0)
    run = fleet.up(resources)
    assert run.code == 0
    assert "pending" in run.text
    assert fleet.steps() == ["started", "ended"]


def test_an_interrupt_ends_the_dialling_and_a_local_script(fleet: Stack, host: SshHost) -> None:
    fleet.describe(
        [
            remote("dial", host.nowhere() | {"dial_error_limit": -1}, create="true"),
            local("near", create=f"echo started >>{fleet.journal}; exec sleep 60"),
        ]
    )
    with fleet.start("up", "--yes", "--skip-preview") as process:
        wait_until(lambda: wrote(fleet.journal, "started"), "the script's start")
        interrupt(process)
        text, _ = process.communicate(timeout=30)
    assert "context canceled" in text
    assert "signal: killed" in text
    assert fleet.outputs() == {}
