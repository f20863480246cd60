from collections.abc import Iterator

import pytest

from tests.e2e.project import copied_project
from tests.e2e_alicloud.project import ClusterFleet, GpuFleet


@pytest.fixture(scope="module")
def gpu_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuFleet]:
    made = GpuFleet(copied_project(tmp_path_factory.mktemp("project")), "t-ali-gpu", "10.95.0.0/20")
    yield made
    made.end()
    assert made.left() == []


@pytest.fixture(scope="module")
def first_up(gpu_fleet: GpuFleet) -> str:
    """What the first `up` printed; it must be green."""
    return gpu_fleet.up_well().text


@pytest.fixture
def up(gpu_fleet: GpuFleet, first_up: str) -> GpuFleet:
    """GPU VMs that are as the tests' configuration says and well."""
    del first_up
    return gpu_fleet


@pytest.fixture(scope="module")
def cluster_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterFleet]:
    made = ClusterFleet(copied_project(tmp_path_factory.mktemp("project")), "t-ali-ray", "10.96.0.0/20")
    yield made
    made.end()
    assert made.left() == []


@pytest.fixture(scope="module")
def made(cluster_fleet: ClusterFleet) -> None:
    assert cluster_fleet.up().code == 0, "the first up failed"


@pytest.fixture
def cluster(cluster_fleet: ClusterFleet, made: None) -> ClusterFleet:
    """A cluster that is as the tests' configuration says and well."""
    del made
    return cluster_fleet
