from collections.abc import Iterator

import pytest

from tests.e2e.project import Fleet, copied_project

# The least on which a fault of transport, machine or membership shows: Ray alone, a CPU a worker.
CLUSTER = {
    "platform": "ray",
    "settings": {"rayVersion": "2.55.1"},
    "master": {"cpus": 2, "memoryGiB": 3, "shmGiB": 0.5},
    "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 2.5, "shmGiB": 0.5}],
}


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(copied_project(tmp_path_factory.mktemp("project")), "t-faults")
    made.config["cluster"] = CLUSTER
    yield made
    made.end()


@pytest.fixture(scope="package")
def first_up(fleet: Fleet) -> None:
    assert fleet.up().code == 0, "the first up failed"


@pytest.fixture
def cluster(fleet: Fleet, first_up: None) -> Fleet:
    """A cluster that is as the tests' configuration says and well."""
    del first_up
    return fleet
