"""What a killed run leaves in the state: its lock, and notes of what it was doing."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fleet import engine
from fleet.engine import paths, stacks
from fleet.errors import UserError
from tests.tools.project import calls


def lock(root: Path, pid: int, host: str = socket.gethostname()) -> Path:
    file = root / ".fleet/state/.pulumi/locks/organization/agent-fleet/dev/one.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"pid": pid, "hostname": host, "timestamp": "2026-11-01T10:00:00Z"}))
    return file


def dead_pid() -> int:
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_a_lock_of_a_killed_run_is_removed_with_a_word(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock(root, dead_pid())
    assert engine.up("dev", root=root) == 0
    assert "was killed: removing its lock" in capsys.readouterr().out
    assert calls(root)[0].startswith("cancel --yes --stack dev")


def test_a_lock_whose_pid_is_another_program_by_now_is_removed(root: Path) -> None:
    lock(root, os.getpid())
    assert stacks.wait_for_holders(root, "dev")


def test_a_living_run_is_waited_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By a process that bears the engine's name and ends without unlocking."""
    fake = root / "pulumi"
    fake.symlink_to(Path(sys.executable).resolve())
    run = subprocess.Popen(
        [fake, "-c", "import time; print('here', flush=True); time.sleep(1)"], stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    run.stdout.readline()
    lock(root, run.pid)
    started = time.monotonic()
    assert stacks.wait_for_holders(root, "dev")
    assert time.monotonic() - started > 0.5
    assert "waiting for its end" in capsys.readouterr().out
    run.communicate()


HOLDS = """
import sys, time
from pathlib import Path
from fleet.engine import stacks
with stacks.one_at_a_time(Path(sys.argv[1]), "dev"):
    print("here", flush=True)
    time.sleep(1)
"""


def test_a_run_that_has_no_engine_yet_is_waited_for_too(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = subprocess.Popen([sys.executable, "-c", HOLDS, root], stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()
    started = time.monotonic()
    assert engine.up("dev", root=root) == 0
    assert time.monotonic() - started > 0.5
    assert f"another run (pid {run.pid}) is at work on stack dev" in capsys.readouterr().out
    run.communicate()


def test_a_lock_of_another_computer_is_left_alone(root: Path) -> None:
    file = lock(root, 1, "elsewhere")
    with pytest.raises(UserError, match="locked by a run on elsewhere"):
        engine.up("dev", root=root)
    assert file.exists()


def pending(root: Path, *urns: str, kind: str = "creating", inputs: dict[str, str] | None = None) -> None:
    operations = [{"type": kind, "resource": {"urn": urn, "inputs": inputs or {}}} for urn in urns]
    (root / ".fleet/state/.pulumi/stacks/agent-fleet/dev.json").write_text(
        json.dumps({"version": 3, "checkpoint": {"latest": {"pending_operations": operations}}})
    )


def test_steps_that_were_cut_off_are_done_again_without_a_question(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.up("dev", root=root)
    pending(root, "urn:pulumi:dev::agent-fleet::command:remote:Command::workers-1-step")
    assert engine.up("dev", root=root) == 0
    assert "cut off during workers-1-step" in capsys.readouterr().out
    assert [call.split()[1] for call in calls(root)[-3:-1]] == ["export", "import"]
    assert not list(paths.copies(root).glob("*.state"))


@pytest.mark.parametrize(
    ("kind", "inputs", "again"),
    [
        ("updating", {"create": "install"}, True),
        ("updating", {"create": "join", "delete": "leave"}, False),
        ("creating", {"create": "install"}, False),
    ],
)
def test_a_command_that_was_cut_off_in_an_update_runs_again_even_if_nothing_changed_since(
    root: Path, kind: str, inputs: dict[str, str], again: bool
) -> None:
    engine.up("dev", root=root)
    urn = "urn:pulumi:dev::agent-fleet::command:remote:Command::workers-1-step"
    pending(root, urn, kind=kind, inputs=inputs)
    engine.up("dev", root=root)
    assert (f"--replace={urn}" in calls(root)[-1]) == again


@pytest.mark.parametrize(
    ("cut_off", "again"),
    [
        ("local:Command::workers-1-host", "local:Command::workers-1-host"),
        ("remote:Command::workers-1-membership", "remote:Command::workers-1-step"),
        ("local:Command::storage-volume", ""),
    ],
)
def test_what_was_cut_off_in_its_delete_may_be_gone_and_is_made_again_but_for_storage(
    root: Path, cut_off: str, again: str
) -> None:
    engine.up("dev", root=root)
    urn = "urn:pulumi:dev::agent-fleet::command:"
    pending(root, urn + cut_off, kind="deleting", inputs={"delete": "it"})
    engine.up("dev", root=root)
    asked = [word for word in calls(root)[-1].split() if word.startswith("--replace=")]
    assert asked == ([f"--replace={urn}{again}"] if again else [])


def test_what_a_cloud_may_have_made_is_not_forgotten(root: Path) -> None:
    engine.up("dev", root=root)
    pending(root, "urn:pulumi:dev::agent-fleet::aws:ec2/instance:Instance::master")
    before = len(calls(root))
    engine.up("dev", root=root)
    assert len(calls(root)) == before + 1
