import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Fleet, copied_project


class Argvs:
    """Every argv that was seen on this computer, hosts included, while it watched."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture(scope="package")
def argvs() -> Argvs:
    return Argvs()


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(copied_project(tmp_path_factory.mktemp("project")), "t-e2e")
    yield made
    made.end()


@pytest.fixture(scope="package")
def first_up(fleet: Fleet, argvs: Argvs) -> str:
    """What the first `up` printed; it must be green."""
    done = fleet.up()
    argvs.end()
    assert done.code == 0, "the first up failed"
    return done.text


@pytest.fixture
def cluster(fleet: Fleet, first_up: str) -> Fleet:
    """A cluster that is as the tests' configuration says and well."""
    del first_up
    return fleet
