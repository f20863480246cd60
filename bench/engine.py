"""The real engine on N simulated machines: a folder with a project, its state and echoing plugins."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from fleet.engine.environment import environment
from fleet.engine.paths import ROOT

PASSPHRASE = "bench"  # noqa: S105 - of a state that lives as long as the run
PROGRAM = f'import runpy\nrunpy.run_path("{ROOT}/__main__.py", run_name="__main__")\n'
UP = ("up", "--yes", "--skip-preview", "--stack", "bench", "--parallel")
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Run:
    """Wall seconds; CPU seconds of the CLI and its children; the most memory of the CLI's process alone."""

    seconds: float
    cpu: float
    peak_mb: float


def pulumi(folder: Path, *arguments: str) -> Run:
    """One run of the CLI in a folder that holds a program."""
    env = environment(ROOT, os.environ) | {
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PYTHONPATH": str(ROOT),
    }
    env.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    env["PATH"] = f"{folder}/bin:{env['PATH']}"
    start, before = time.perf_counter(), _cpu_of_children()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"], cwd=folder, env=env, stdout=log, stderr=log
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _peak_mb(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    seconds = time.perf_counter() - start
    if process.returncode:
        said = (folder / "log").read_text()
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{said[-6000:]}")
    return Run(seconds, _cpu_of_children() - before, peak)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak_mb(pid: int) -> float:
    """What the kernel has as the most so far; 0 of a process that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0)


def prepared(folder: Path, config: dict[str, object], program: str = PROGRAM, region: str = "") -> Path:
    """A folder with a project, an empty state and the echoing plugins first on PATH."""
    (folder / "bin").mkdir(parents=True)
    (folder / "state").mkdir()
    for plugin, module in {"command": "echo_plugin", "aws": "echo_cloud"}.items():
        file = folder / f"bin/pulumi-resource-{plugin}"
        file.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/bench/{module}.py "$@"\n')
        file.chmod(0o755)
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (folder / "__main__.py").write_text(program)
    values = {f"agent-fleet:{key}": value for key, value in config.items()}
    stack = {"config": {**values, **({"aws:region": region} if region else {})}}
    (folder / "Pulumi.bench.yaml").write_text(yaml.safe_dump(stack))
    pulumi(folder, "stack", "init", "bench")
    return folder


def state_file(folder: Path) -> Path:
    return folder / "state/.pulumi/stacks/agent-fleet/bench.json"
