"""Runs rows of the fault matrix, as they are or without their guards, and records what was seen.

Without its guard a row must fail by an assertion or its time limit. One that stays green proves nothing, and
one that ends by anything else was not judged: both are errors.
"""

import linecache
import re
import subprocess
import traceback
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.e2e.project import Fleet
from tests.faults import healing
from tests.faults.matrix import FIRST_BOOT, SENT, fault_of, without
from tests.faults.results import GREEN, RED, Result, record

OPTION = "--without-guards"
RESULT = "fault"
UNWELL = "the cluster is not well without the guard, before anything breaks"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        OPTION, action="store_true", help="rows of the fault matrix must fail without their guard"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(), "fault-recorder")


class _Recorder:
    """Of the process that sees the reports of all."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            said: list[tuple[str, Any]] = report.user_properties
            record(Result(*value) for name, value in said if name == RESULT)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption(OPTION):
        return
    for item in items:
        if row := fault_of(list(item.iter_markers())):
            item.add_marker(pytest.mark.timeout(row.seconds, func_only=True), append=False)
    config.hook.pytest_deselected(items=[item for item in items if not item.get_closest_marker("fault")])
    items[:] = [item for item in items if item.get_closest_marker("fault")]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    row = fault_of(list(pyfuncitem.iter_markers()))
    if not row:
        return (yield)

    def saw(kind: str, held: bool, said: str = "") -> None:
        pyfuncitem.user_properties.append((RESULT, (row.name, kind, held, said)))

    if not pyfuncitem.config.getoption(OPTION):
        try:
            result = yield
        except BaseException:
            saw(GREEN, False)
            raise
        saw(GREEN, True)
        return result
    try:
        yield
    except (AssertionError, subprocess.TimeoutExpired, pytest.fail.Exception) as error:
        said = f"`{failed_at(error, pyfuncitem.originalname)}`{_limit(error)}"
        print(f"red without its guard: {said}")
        saw(RED, True, said)
        return True
    except BaseException:
        saw(RED, False)
        raise
    saw(RED, False)
    pytest.fail("it stayed green without its guard: this row proves nothing")


def failed_at(error: BaseException, test: str) -> str:
    """The statement of the function `test` that this came through, in one line."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = [frame for frame in frames if frame.name == test][-1]
    begin = frame.lineno or 1
    lines = linecache.getlines(frame.filename)[begin - 1 : frame.end_lineno or begin]
    return " ".join("".join(lines).split()).replace("|", "\\|")


def _limit(error: BaseException) -> str:
    over = re.search(r"(?:Timeout \(>|timed out after )(\d+)", str(error))
    return f", still at it after {over[1]} s" if over else ""


@pytest.fixture(autouse=True)
def _guard_taken_out(request: pytest.FixtureRequest) -> Iterator[None]:
    """Goes before the row's own fixtures and ends after them: the cluster is well when the fault strikes."""
    row = fault_of(list(request.node.iter_markers()))
    if not row or not request.config.getoption(OPTION):
        yield
        return
    fleet: Fleet = request.getfixturevalue(row.stack)
    try:
        with without(row.guards, fleet.folder):
            if row.has_guard_in(FIRST_BOOT):
                assert fleet.run("replace", fleet.stack, "master").code == 0, UNWELL
            elif row.has_guard_in(*SENT):
                assert fleet.up().code == 0, UNWELL
            yield
    finally:
        healing.make_well(fleet)
        if row.has_guard_in(FIRST_BOOT):
            assert fleet.run("replace", fleet.stack, "master").code == 0
