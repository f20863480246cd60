"""A copy of the project with a stack of its own, driven as a person drives it: `python -m fleet ...`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
UP_SECONDS = 900

CONFIG: dict[str, Any] = {
    "team": "tests",
    "cloud": "local",
    "storage": {"mountPath": "/shared", "onDestroy": "delete"},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
        "master": {"cpus": 2, "memoryGiB": 3, "shmGiB": 0.5},
        "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 2.5, "shmGiB": 0.5}],
    },
}


def copied_project(folder: Path) -> Path:
    """The files of the project as they are now, with the tools and caches that are there already."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / "venv").symlink_to(ROOT / "venv")
    (folder / ".fleet/local").mkdir(parents=True)
    (folder / ".fleet/bin").symlink_to(ROOT / ".fleet/bin")
    cache = ROOT / ".fleet/local/cache"
    cache.mkdir(parents=True, exist_ok=True)
    (folder / ".fleet/local/cache").symlink_to(cache)
    return folder


@dataclass
class Done:
    code: int
    text: str

    def counts(self) -> dict[str, int]:
        """Resources by what happened to them, as the engine sums it up."""
        words = {"created", "updated", "deleted", "replaced", "unchanged"}
        lines = self.text.rpartition("Resources:")[2].splitlines()
        found = [line.split() for line in lines if line.split()[-1:] and line.split()[-1] in words]
        return {parts[-1]: int(parts[-2]) for parts in found}

    def touched(self, verb: str) -> set[str]:
        """Names of resources whose last line says that this was done to them."""
        parts = [line.split() for line in self.text.splitlines() if " command:" in line]
        return {words[words.index(verb) - 1] for words in parts if verb in words[2:5]}


class Fleet:
    """One stack in one copy of the project."""

    def __init__(self, folder: Path, stack: str) -> None:
        self.folder = folder
        self.stack = stack
        self.started: list[subprocess.Popen[str]] = []
        self.config = json.loads(json.dumps(CONFIG))
        self.write()

    @property
    def pool(self) -> dict[str, Any]:
        return self.config["cluster"]["pools"][0]

    def write(self) -> None:
        document = {"config": {f"agent-fleet:{key}": value for key, value in self.config.items()}}
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(yaml.safe_dump(document))

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fleet", *words],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *words: str, seconds: float = UP_SECONDS) -> Done:
        process = self.start(*words)
        try:
            text, _ = process.communicate(timeout=seconds)
        except BaseException:
            # its own time limit or the test's
            os.killpg(process.pid, signal.SIGKILL)
            raise
        print(f"$ fleet {' '.join(words)}\n{text[-6000:]}")
        return Done(process.returncode, text)

    def up(self) -> Done:
        self.write()
        return self.run("up", self.stack)

    def ssh(self, node: str, line: str) -> str:
        done = subprocess.run(
            ["ssh", "-F", f".fleet/ssh/{self.stack}/config", node, line],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{node}: {line}: {done.stdout}{done.stderr}"
        return done.stdout

    def pid(self, node: str) -> str:
        """The agent's main process; another number means that it was restarted."""
        return self.ssh(node, "systemctl show -P MainPID ray").strip()

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json", "--show-secrets"))

    def pulumi(self, *words: str) -> str:
        code = (
            "import sys, json, os, subprocess; from fleet.engine import environment, paths;"
            "env = environment.environment(paths.ROOT, os.environ);"
            "cwd = paths.copies(paths.ROOT);"
            "sys.exit(subprocess.run(['pulumi', *sys.argv[1:]], env=env, cwd=cwd).returncode)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *words, "--stack", self.stack],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def status(self) -> Done:
        return self.run("status", self.stack, "--json", seconds=120)

    def container(self, node: str) -> str:
        return f"agent-fleet-{self.stack}.{node}"

    def left(self) -> list[str]:
        """What podman still has of the stack."""
        label = f"--filter=label=stack={self.stack}"
        hosts = podman("ps", "--all", label, "--format=container {{.Names}}")
        networks = podman("network", "ls", label, "--format=network {{.Name}}")
        volumes = podman("volume", "ls", label, "--format=volume {{.Name}}")
        return [*hosts.splitlines(), *networks.splitlines(), *volumes.splitlines()]

    def end(self) -> None:
        """Whatever a test made goes."""
        if "storage" in self.config:
            self.config["storage"]["onDestroy"] = "delete"
            self.write()
        self.run("down", self.stack)
        # what a stack was told to keep, and no later one takes up
        for volume in podman("volume", "ls", f"--filter=label=stack={self.stack}", "--quiet").split():
            podman("volume", "rm", volume)


def podman(*words: str) -> str:
    return subprocess.run(["podman", *words], check=True, capture_output=True, text=True).stdout


def wait_until(what: str, true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(1)
