"""Makes a cluster well again after a row that failed because its guard was taken out."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.project import Fleet

NEXT = re.compile(r"python -m fleet (repair|replace) \S+ (\S+)")


def make_well(fleet: Fleet) -> None:
    """`up`, with all hosts started again, then what `status` says; else all of it anew."""
    _end_processes(fleet.folder)
    for process in fleet.started:
        process.wait()
        if process.stdout:
            process.stdout.close()
    # a step with a `delete` that a guard had kept away dials its host before it goes
    start = [sys.executable, "-m", "tools.local_hosts", "start", "--stack", fleet.stack]
    subprocess.run(start, cwd=fleet.folder, check=True, stdout=subprocess.DEVNULL)
    if fleet.up().code == 0:
        return
    for verb, node in NEXT.findall(fleet.run("status", fleet.stack, seconds=120).text):
        fleet.run(verb, fleet.stack, node)
    if fleet.up().code == 0:
        return
    fleet.run("down", fleet.stack)
    assert fleet.up().code == 0, f"the stack {fleet.stack} is not well, though its guards are back"


def _end_processes(folder: Path) -> None:
    """A run that hung, and its engine and plugins, which wait for ever as well."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
