import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.recording import Recording, record

CONFIG: dict[str, Any] = {
    "team": "earth-observation",
    "cloud": "aws",
    "access": {"admins": ["203.0.113.0/28"], "users": ["203.0.113.0/24"]},
    "network": {"zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
        "master": {"instanceType": "m5.2xlarge"},
        "pools": [
            {"name": "steady", "count": 3, "instanceTypes": ["c5.large"]},
            {"name": "cheap", "count": 1, "instanceTypes": ["c5.2xlarge"], "market": "spot"},
            {
                "name": "burst",
                "instanceTypes": ["c5.large", "c5a.large"],
                "market": "spot",
                "elastic": {"min": 0, "max": 40, "idleMinutes": 5},
            },
        ],
    },
}

Change = Callable[[dict[str, Any]], object]
Changed = Callable[..., Recording]


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


@pytest.fixture(scope="session")
def aws() -> Recording:
    """The program's requests for CONFIG."""
    return record(CONFIG)


@pytest.fixture
def changed(config: dict[str, Any]) -> Changed:
    """The program's requests after changes of CONFIG."""

    def record_changed(*changes: Change) -> Recording:
        for change in changes:
            change(config)
        return record(config)

    return record_changed
