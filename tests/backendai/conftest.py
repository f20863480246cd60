import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.backendai.hosts import BackendaiHosts
from tests.cluster_hosts import well
from tests.local.hosts import Stack, made

AGENTS = ("docker-1", "pretended-1")


@pytest.fixture(scope="session")
def hosts() -> Iterator[BackendaiHosts]:
    """A control plane and two agents, verified, with the firewall that the ports catalogue asks for."""
    made("image", "ensure")
    hosts = BackendaiHosts(Stack(f"t-bai-{uuid.uuid4().hex[:6]}"))
    hosts.stack.network()
    try:
        hosts.stack.storage()
        hosts.firewall()
        with ThreadPoolExecutor() as pool:
            list(pool.map(hosts.boot, ["master", *AGENTS]))
            well(hosts.step("master"))
            list(pool.map(well, pool.map(hosts.step, AGENTS)))
        for agent in AGENTS:
            well(hosts.join(agent))
        yield hosts
    finally:
        hosts.stack.remove()
