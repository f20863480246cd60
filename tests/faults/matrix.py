"""A row of the fault matrix: what breaks, what holds afterwards, what to do, and which code makes it hold."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
# What runs on machines reaches them by the next `up` only.
SENT = ("userdata/", "components/")
# What a machine reads at its first boot alone.
FIRST_BOOT = "userdata/node.yaml"


class WrongGuardError(Exception):
    """The code of a guard is not where its row says."""


@dataclass(frozen=True)
class Guard:
    """Code that makes a row hold: with `new` in place of `old`, which is in `file` once, the row must fail.

    `why` says in a few words what the code does. The row has `seconds` to fail.
    """

    file: str
    old: str
    new: str
    why: str
    seconds: int = 240

    def taken_out(self, text: str) -> str:
        if (found := text.count(self.old)) != 1:
            raise WrongGuardError(f"{self.file} has {found} times instead of once: {self.old!r}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Fault:
    """`stack` names the fixture with the cluster that it strikes."""

    name: str
    holds: str
    remedy: str
    guards: tuple[Guard, ...]
    stack: str

    @property
    def seconds(self) -> int:
        return max(guard.seconds for guard in self.guards)

    def has_guard_in(self, *places: str) -> bool:
        return any(guard.file.startswith(places) for guard in self.guards)


def fault(
    name: str, *, holds: str, remedy: str, guard: Guard | tuple[Guard, ...], stack: str = "cluster"
) -> pytest.MarkDecorator:
    """Makes a test a row. `remedy` is what the operator does: `nothing`, or a command."""
    guards = guard if isinstance(guard, tuple) else (guard,)
    return pytest.mark.fault(Fault(name, holds, remedy, guards, stack))


@contextmanager
def without(guards: tuple[Guard, ...], folder: Path) -> Iterator[None]:
    """A copy of the project without these guards."""
    before: Mapping[Path, str] = {folder / guard.file: (folder / guard.file).read_text() for guard in guards}
    try:
        for guard in guards:
            file = folder / guard.file
            file.write_text(guard.taken_out(file.read_text()))
        yield
    finally:
        for file, text in before.items():
            file.write_text(text)


def fault_of(marks: list[pytest.Mark]) -> Fault | None:
    return next((mark.args[0] for mark in marks if mark.name == "fault"), None)


def rows() -> list[Fault]:
    """All rows, in the order of their files."""
    files = [file for file in sorted(TESTS.glob("*/test_*.py")) if "\n@fault(" in file.read_text()]
    modules = [importlib.import_module(f"tests.{file.parent.name}.{file.stem}") for file in files]
    tests: list[Any] = [test for module in modules for test in vars(module).values()]
    found = (fault_of(getattr(test, "pytestmark", [])) for test in tests if callable(test))
    return [row for row in found if row]
