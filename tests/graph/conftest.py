import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.recording import Recording, record

CONFIG: dict[str, Any] = {
    "team": "earth-observation",
    "cloud": "local",
    "storage": {"mountPath": "/shared", "onDestroy": "retain"},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
        "master": {"cpus": 2, "memoryGiB": 3},
        "pools": [
            {"name": "steady", "count": 3, "cpus": 1, "memoryGiB": 3},
            {"name": "big", "count": 2, "cpus": 2, "memoryGiB": 6},
        ],
    },
}

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


@pytest.fixture(scope="session")
def dev() -> Recording:
    """The program's requests for CONFIG."""
    return record(CONFIG)


@pytest.fixture
def changed(config: dict[str, Any]) -> Callable[[Change], Recording]:
    """The program's requests after a change of CONFIG."""

    def record_changed(change: Change) -> Recording:
        change(config)
        return record(config)

    return record_changed
