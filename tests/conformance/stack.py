"""A stack of the conformance program, run by the real CLI on a state folder of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "program"
PROJECT = Path(__file__).parents[2]
STANDIN = PROJECT / "tools" / "command_plugin" / "pulumi-resource-command"
# The longest that one run of the CLI may take, in seconds.
LIMIT = 120


def make_environment(folder: Path) -> dict[str, str]:
    """The environment of the CLI: the plugin first on PATH, then the project's tools and Python."""
    tools = folder / "bin"
    tools.mkdir()
    plugin = Path(os.environ.get("COMMAND_PLUGIN") or STANDIN).resolve()
    (tools / "pulumi-resource-command").symlink_to(plugin)
    path = [tools, PROJECT / ".fleet" / "bin", PROJECT / "venv" / "bin", os.environ["PATH"]]
    kept = {
        name: os.environ[name] for name in ("HOME", "USER", "SHELL", "LANG", "TMPDIR") if name in os.environ
    }
    return {
        **kept,
        "PATH": ":".join(map(str, path)),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "conformance",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_COLOR": "true",
    }


def remote(
    name: str, connection: dict[str, Any], *, options: dict[str, Any] | None = None, **args: Any
) -> Any:
    return {
        "name": name,
        "kind": "remote",
        "args": {"connection": connection, **args},
        "options": options or {},
    }


def local(name: str, *, options: dict[str, Any] | None = None, **args: Any) -> Any:
    return {"name": name, "kind": "local", "args": args, "options": options or {}}


@dataclass(frozen=True)
class Run:
    """One run of the CLI: its exit code and all it printed."""

    code: int
    text: str

    def error(self, name: str) -> str:
        """The last report about a resource, as the CLI gives it under "Diagnostics"."""
        _, _, diagnostics = self.text.partition("Diagnostics:")
        found = re.search(rf"\n  command:\S+ \({name}\):\n(.*?)(?=\n  \S|\n\S|\Z)", diagnostics, re.DOTALL)
        return re.sub(r"^    ", "", found[1], flags=re.MULTILINE).strip() if found else ""


class Stack:
    """The program in a folder of its own; `journal` is a file for its commands to write to."""

    def __init__(self, folder: Path, environment: dict[str, str], template: Path) -> None:
        shutil.copytree(template, folder)
        self.folder = folder
        self.journal = folder / "journal"
        self.environment = environment | {"PULUMI_BACKEND_URL": f"file://{folder}/state"}

    def up(self, resources: list[Any], *flags: str, **environment: str) -> Run:
        self.describe(resources)
        return self.run("up", "--yes", "--skip-preview", *flags, **environment)

    def preview(self, resources: list[Any], *flags: str) -> Run:
        self.describe(resources)
        return self.run("preview", *flags)

    def destroy(self, *flags: str) -> Run:
        return self.run("destroy", "--yes", "--skip-preview", *flags)

    def describe(self, resources: list[Any]) -> None:
        (self.folder / "resources.json").write_text(json.dumps(resources))

    def run(self, *command: str, **environment: str) -> Run:
        with self.start(*command, **environment) as process:
            text, _ = process.communicate(timeout=LIMIT)
        return Run(process.returncode, text)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start the CLI as a terminal would: in a process group of its own."""
        return subprocess.Popen(
            ["pulumi", *command, "--stack", "s", "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def steps(self) -> list[str]:
        """What the commands wrote since the last look."""
        lines = self.journal.read_text().split() if self.journal.exists() else []
        self.journal.write_text("")
        return lines

    def state_text(self) -> str:
        return (self.folder / "state" / ".pulumi" / "stacks" / "conformance" / "s.json").read_text()

    def deployment(self) -> dict[str, Any]:
        return json.loads(self.state_text())["checkpoint"]["latest"] or {}

    def outputs(self) -> dict[str, Any]:
        """The outputs of every Command in the state, by name."""
        commands = [r for r in self.deployment().get("resources", []) if r["type"].startswith("command:")]
        return {resource["urn"].rpartition("::")[2]: resource["outputs"] for resource in commands}


def interrupt(process: subprocess.Popen[str]) -> None:
    """Ctrl-C: the terminal signals the whole group."""
    os.killpg(process.pid, signal.SIGINT)


def interrupt_twice(process: subprocess.Popen[str]) -> None:
    interrupt(process)
    time.sleep(0.5)
    interrupt(process)


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)
