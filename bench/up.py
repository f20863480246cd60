"""A first `up` of a local stack on the real engine, with the phases that its steps tell.

    python -m bench.up [STACK]              default backendai-local

The stack's file is taken under another name, and the stack goes again. Packages come from the caches that are
there.
"""

import re
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from fleet.engine.paths import ROOT
from tests.e2e.project import Fleet, copied_project

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
        ends = [*(when for when, _ in begun[1:]), self.end]
        return [(end - when, text) for (when, text), end in zip(begun, ends, strict=True)]


def first_up(fleet: Fleet) -> tuple[float, dict[str, Command]]:
    commands: dict[str, Command] = {}
    start = time.monotonic()
    process = fleet.start("up", fleet.stack)
    for line in process.stdout or ():
        if found := LINE.search(line):
            now = time.monotonic() - start
            name, verb, text = found.groups()
            command = commands.setdefault(name, Command(now))
            if text:
                command.said.append((now, text.removeprefix("==> ")))
            if verb == "created":
                command.end = now
    if process.wait():
        raise SystemExit(f"`up` of {fleet.stack} failed: try `make up` of the same file")
    return time.monotonic() - start, commands


def main(arguments: list[str]) -> None:
    stack = arguments[0] if arguments else "backendai-local"
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        fleet = Fleet(copied_project(Path(folder)), NAME)
        fleet.config = {key.removeprefix("agent-fleet:"): value for key, value in config.items()}
        fleet.write()
        try:
            seconds, commands = first_up(fleet)
        finally:
            fleet.end()
    print(f"{stack}, from nothing to well: {seconds:.0f} s")
    for name, command in commands.items():
        print(f"{command.end - command.start:7.0f} s  {name}, from second {command.start:.0f} on")
        for length, text in command.phases:
            if length >= SHORTEST:
                print(f"{length:16.0f} s  {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
