"""Tests that share hosts or a state run in one process, in their order; such folders run side by side.

xdist's own groups, by marks, do nothing under pytest 9.
"""

import shutil
import signal
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import leftovers

pytest_plugins = ["tests.faults.plugin"]

# The longest begin first, so that none is left over for the end.
FOLDERS = (
    "faults",
    "supervisely",
    "e2e",
    "e2e_aws",
    "e2e_alicloud",
    "e2e_hosts",
    "e2e_atlas",
    "elastic",
    "local",
    "backendai",
    "atlas",
    "e2e_backendai",
    "ray",
    "conformance",
    "simcloud",
)

# Started in the background of a shell, pytest would hand on that Ctrl-C is ignored, to all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput") or not shutil.which("podman"):
        return
    lock, alone = leftovers.alone()
    session.config.add_cleanup(lock.close)
    if alone:
        leftovers.remove()
        leftovers.shared(lock)


class ByFolder(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.split("/")[1]
        return folder if folder in FOLDERS else nodeid.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.nodeid.split("/")[1]
        return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    return ByFolder(config, log)
