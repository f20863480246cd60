from collections.abc import Iterator

import pytest

from tests.backendai.standins import Standins
from tests.e2e.conftest import Argvs
from tests.e2e.project import copied_project
from tests.e2e_backendai.project import BackendaiFleet


@pytest.fixture(scope="package")
def standins() -> Iterator[Standins]:
    made = Standins("t-bai")
    made.remove()
    made.start()
    yield made
    made.remove()


@pytest.fixture(scope="package")
def argvs() -> Argvs:
    return Argvs()


@pytest.fixture(scope="package")
def fleet(standins: Standins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackendaiFleet]:
    made = BackendaiFleet(copied_project(tmp_path_factory.mktemp("project")), "t-bai", standins)
    yield made
    made.end()


@pytest.fixture(scope="package")
def up(fleet: BackendaiFleet, argvs: Argvs) -> BackendaiFleet:
    """The stack after its first `up`, which must be green."""
    fleet.up_well()
    argvs.end()
    return fleet
