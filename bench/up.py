"""A first `up` of Backend.AI on local hosts by the real engine, with the phases that its steps tell.

    python -m bench.up

A control plane and two agents, one of them with Docker and a kernel image of a registry beside the stack.
Packages come from the caches that are there.
"""

import io
import re
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from tests.backendai.standins import Standins
from tests.e2e.project import Fleet, copied_project
from tests.e2e_backendai.project import BackendaiFleet

NAME = "t-bench"
SHORTEST = 1.0
LINE = re.compile(r"command:remote:Command (\S+) (creating|created) \([\d.]+s\) ?(.*)")


@dataclass
class Command:
    """A step or a membership: what it said, and when."""

    start: float
    end: float = 0
    said: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    @property
    def phases(self) -> list[tuple[float, str]]:
        """What was said, and for how long until something else was."""
        new = [at for at, one in enumerate(self.said) if not at or self.said[at - 1][1] != one[1]]
        begun = [self.said[at] for at in new]
        ends = [*(when for when, _ in begun), self.end][1:]
        return [(end - when, text) for (when, text), end in zip(begun, ends, strict=True)]


def first_up(fleet: Fleet) -> tuple[float, dict[str, Command]]:
    commands: dict[str, Command] = {}
    start, lines = time.monotonic(), list[str]()
    process = fleet.start("up", fleet.stack)
    for line in process.stdout or ():
        lines.append(line)
        if found := LINE.search(line):
            now = time.monotonic() - start
            name, verb, text = found.groups()
            command = commands.setdefault(name, Command(now))
            if text:
                command.said.append((now, text.removeprefix("==> ")))
            if verb == "created":
                command.end = now
    if process.wait():
        raise SystemExit("".join([*lines[-60:], f"`up` of {fleet.stack} failed"]))
    return time.monotonic() - start, commands


def main() -> None:
    standins = Standins(NAME)
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        try:
            standins.start()
            fleet = BackendaiFleet(copied_project(Path(folder)), NAME, standins)
            fleet.pool["count"] = 1
            fleet.write()
            try:
                seconds, commands = first_up(fleet)
            finally:
                with redirect_stdout(io.StringIO()):
                    fleet.end()
        finally:
            standins.remove()
    print(f"Backend.AI, a control plane and two agents, from nothing to well: {seconds:.0f} s")
    for name, command in commands.items():
        print(f"{command.end - command.start:7.0f} s  {name}, from second {command.start:.0f} on")
        for length, text in command.phases:
            if length >= SHORTEST:
                print(f"{length:16.0f} s  {text}")


if __name__ == "__main__":
    main()
