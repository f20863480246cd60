import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.alicloud_cloud import ZONES
from tests.graph.recording import Recording, record

VM: dict[str, Any] = {
    "name": "annotator-1",
    "platform": "supervisely",
    "instanceType": "ecs.gn6i-c4g1.xlarge",
    "gpus": 1,
    "settings": {
        "serverAddress": "https://app.example.org",
        "teamId": 7,
        "decommission": {"call": "agents.archive"},
    },
}
# As a rule wants it of a machine that may go.
PREEMPTIBLE = {"market": "spot", "ephemeral": True}
CLUSTER: dict[str, Any] = {
    "team": "vision",
    "cloud": "alicloud",
    "access": {"admins": ["203.0.113.0/28"], "users": ["203.0.113.0/24"]},
    "network": {"zone": ZONES[-1]},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
        "master": {"instanceType": "ecs.g7.xlarge"},
        "pools": [
            {"name": "steady", "count": 3, "instanceType": "ecs.c7.large"},
            {"name": "cheap", "count": 1, "instanceType": "ecs.c7.xlarge", "market": "spot"},
        ],
    },
}
GPU_VMS: dict[str, Any] = {
    "team": "vision",
    "cloud": "alicloud",
    "access": {"admins": ["203.0.113.0/28"]},
    "network": {"zone": ZONES[-1]},
    "gpuVms": [VM, {**VM, "name": "annotator-2", **PREEMPTIBLE, "internetMbps": 20}],
}
SECRETS = {"superviselyApiTokens": "canary-api-" + "0" * 20}

Change = Callable[[dict[str, Any]], object]
Changed = Callable[..., Recording]


def recorded(config: dict[str, Any]) -> Recording:
    return record(config, SECRETS if "gpuVms" in config else None)


def changed_by(config: dict[str, Any], *changes: Change) -> Recording:
    edited = copy.deepcopy(config)
    for change in changes:
        change(edited)
    return recorded(edited)


@pytest.fixture(scope="session")
def cluster() -> Recording:
    """The program's requests for CLUSTER."""
    return recorded(CLUSTER)


@pytest.fixture(scope="session")
def gpu_vms() -> Recording:
    """The program's requests for GPU_VMS."""
    return recorded(GPU_VMS)


@pytest.fixture
def changed() -> Changed:
    """The program's requests after changes of CLUSTER."""
    return lambda *changes: changed_by(CLUSTER, *changes)


@pytest.fixture
def vms_changed() -> Changed:
    """The program's requests after changes of GPU_VMS."""
    return lambda *changes: changed_by(GPU_VMS, *changes)
