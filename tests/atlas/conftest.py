import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.atlas.hosts import AtlasHosts, fleet
from tests.atlas.standins import Standins
from tests.cluster_hosts import well
from tests.local.hosts import Stack, made

WORKERS = ("plain-1", "wide-1")


@pytest.fixture(scope="session")
def standins() -> Iterator[Standins]:
    made("image", "ensure")
    standins = Standins(f"t-atl-{uuid.uuid4().hex[:6]}")
    try:
        standins.start()
        yield standins
    finally:
        standins.remove()


@pytest.fixture(scope="session")
def hosts(standins: Standins) -> Iterator[AtlasHosts]:
    """A master and two workers, verified, with the firewall that the ports catalogue asks for."""
    hosts = AtlasHosts(Stack(f"t-atl-{uuid.uuid4().hex[:6]}"), fleet(standins.settings()))
    hosts.stack.network()
    try:
        hosts.stack.storage()
        hosts.firewall()
        with ThreadPoolExecutor() as pool:
            list(pool.map(hosts.boot, ["master", *WORKERS]))
            well(hosts.step("master"))
            list(pool.map(well, pool.map(hosts.step, WORKERS)))
        for worker in WORKERS:
            well(hosts.join(worker))
        yield hosts
    finally:
        hosts.stack.remove()
