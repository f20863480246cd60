"""The cloud's components on the real engine: what a change of the stack does to what is there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.hosts import PROJECT, Stack, podman

PROGRAM = Path(__file__).parent / "program"
ASKED: dict[str, Any] = {"count": 1, "cpus": 1.0, "ports": [22], "onDestroy": "retain", "comment": "first"}
# What the engine counts as done by a run, by kind.
Changes = dict[str, int]


class Program:
    """A stack of the program, run by the CLI on a state folder of its own."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        shutil.copytree(PROGRAM, folder)
        self.folder = folder
        self.stack = stack
        tools = [PROJECT / ".fleet" / "bin", Path(sys.executable).parent]
        self.environment = {
            **os.environ,
            "PATH": ":".join([*map(str, tools), os.environ["PATH"]]),
            "PYTHONPATH": str(PROJECT),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--stack", self.stack.name],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self, **changes: Any) -> Changes:
        (self.folder / "fleet.json").write_text(json.dumps(ASKED | changes))
        self.run("up", "--yes", "--skip-preview")
        history = json.loads(self.run("stack", "history", "--json", "--page-size=1"))
        return {kind: count for kind, count in history[0]["resourceChanges"].items() if kind != "same"}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "output", "--json"))


@pytest.fixture
def program(tmp_path: Path, stack: Stack) -> Iterator[Program]:
    program = Program(tmp_path / "program", stack)
    program.run("stack", "init")
    yield program
    program.run("destroy", "--yes", "--skip-preview")


def test_changes_touch_only_what_they_must(program: Program) -> None:
    stack = program.stack
    program.up()
    made = program.outputs()
    assert set(stack.states()) == {"master", "workers-1"}
    stack.inside("master", "sh", "-c", "echo precious >/shared/data")

    assert program.up() == {}, "nothing changed"
    assert program.up(comment="another") == {}, "user data is read at the first boot only"

    assert program.up(ports=[22, 6379]) == {"update": 1}, "one role's firewall"
    assert "6379" in stack.inside("workers-1", "nft", "list", "ruleset")
    assert program.outputs() == made

    grown = program.up(ports=[22, 6379], count=2)
    assert grown == {"create": 1}, "the machine alone"
    assert {name: program.outputs()[name] for name in made} == made

    assert program.up(ports=[22, 6379], count=1) == {"delete": 1}
    assert set(stack.states()) == {"master", "workers-1"}

    assert program.up(ports=[22, 6379], cpus=0.5) == {"replace": 1}
    resized = program.outputs()
    assert resized["workers-1"]["id"] != made["workers-1"]["id"]
    assert resized["master"] == made["master"]

    podman("kill", stack.container("workers-1"))
    podman("rm", "--force", stack.container("master"))
    program.run("destroy", "--yes", "--skip-preview")
    assert stack.leftovers() == [f"volume agent-fleet-{stack.name}-shared"]

    program.up()
    assert stack.inside("workers-1", "cat", "/shared/data") == "precious\n"
    program.up(onDestroy="delete")
    program.run("destroy", "--yes", "--skip-preview")
    assert stack.leftovers() == []
