import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster_hosts import well
from tests.local.hosts import Stack, made
from tests.ray.hosts import RayHosts


@pytest.fixture(scope="package")
def hosts() -> Iterator[RayHosts]:
    """A head and two workers, verified, with the firewall that the ports catalogue asks for.

    A third worker has booted and nothing more.
    """
    made("image", "ensure")
    hosts = RayHosts(Stack(f"t-ray-{uuid.uuid4().hex[:6]}"))
    hosts.stack.network()
    try:
        hosts.stack.storage()
        hosts.firewall()
        with ThreadPoolExecutor() as pool:
            list(pool.map(hosts.boot, ["master", "workers-1", "workers-2", "workers-3"]))
            well(hosts.step("master"))
            list(pool.map(well, pool.map(hosts.step, ["workers-1", "workers-2"])))
        well(hosts.join("workers-1"))
        well(hosts.join("workers-2"))
        yield hosts
    finally:
        hosts.stack.remove()
