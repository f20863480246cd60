from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Argvs
from tests.e2e.project import copied_project
from tests.supervisely.project import GpuFleet
from tests.supervisely.standins import Standins


@pytest.fixture(scope="package")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of the stand-in for the server."""
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="package")
def standins(tls: Path) -> Iterator[Standins]:
    made = Standins("t-sv")
    made.remove()
    made.start(tls=tls)
    yield made
    made.remove()


@pytest.fixture(scope="package")
def fleet(standins: Standins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GpuFleet]:
    folder: Path = copied_project(tmp_path_factory.mktemp("project"))
    made = GpuFleet(folder, "t-sv", standins)
    yield made
    made.end()


@pytest.fixture(scope="package")
def argvs() -> Argvs:
    return Argvs()


@pytest.fixture(scope="package")
def up(fleet: GpuFleet, argvs: Argvs) -> GpuFleet:
    """The stack after its first `up`, which must be green."""
    fleet.up_well()
    argvs.end()
    return fleet
