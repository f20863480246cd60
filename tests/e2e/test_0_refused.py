"""A wrong stack file or a broken environment is told before anything is made."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.project import ROOT, Fleet

BAD = ROOT / "tests/stackfiles/bad"


def test_a_wrong_stack_file_makes_nothing_not_even_a_stack(fleet: Fleet) -> None:
    (fleet.folder / "Pulumi.t-bad.yaml").write_text((BAD / "many-problems.yaml").read_text())
    done = fleet.run("up", "t-bad")
    assert done.code == 2
    assert "13 problems, nothing was made" in done.text
    assert "Traceback" not in done.text
    assert not list((fleet.folder / ".fleet").rglob("t-bad.json*"))


def test_the_program_itself_refuses_it_too_for_those_who_run_plain_pulumi(fleet: Fleet) -> None:
    (fleet.folder / "Pulumi.t-plain.yaml").write_text((BAD / "network-too-small.yaml").read_text())
    code = "from fleet import engine; raise SystemExit(engine.preview('t-plain'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=fleet.folder, capture_output=True, text=True)
    assert done.returncode != 0
    assert "network.cidr" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_dead_ssh_agent_is_told_with_what_to_do(fleet: Fleet, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fleet", "up", "t-e2e"],
        cwd=fleet.folder,
        env=os.environ | {"SSH_AUTH_SOCK": str(tmp_path / "gone")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "unset SSH_AUTH_SOCK" in done.stderr
