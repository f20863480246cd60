from collections.abc import Iterator

import pytest

from tests.e2e.project import copied_project
from tests.e2e_aws.project import SimulatedFleet


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedFleet]:
    folder = copied_project(tmp_path_factory.mktemp("project"))
    made = SimulatedFleet(folder, "t-aws", "10.94.0.0/16")
    yield made
    made.end()
    assert made.left() == []


@pytest.fixture(scope="package")
def first_up(fleet: SimulatedFleet) -> str:
    """What the first `up` printed; it must be green."""
    done = fleet.up()
    assert done.code == 0, "the first up failed"
    return done.text


@pytest.fixture
def cluster(fleet: SimulatedFleet, first_up: str) -> SimulatedFleet:
    """A cluster that is as the tests' configuration says and well."""
    del first_up
    return fleet
