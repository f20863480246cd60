import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster_hosts import well
from tests.elastic.cloud import cloud
from tests.elastic.hosts import ElasticHosts
from tests.local.hosts import Stack, made


@pytest.fixture(scope="package")
def hosts() -> Iterator[ElasticHosts]:
    """A head with an elastic pool and a worker of a fixed one, verified; instances are not hosts yet."""
    made("image", "ensure")
    with cloud() as small:
        hosts = ElasticHosts(Stack(f"t-el-{uuid.uuid4().hex[:6]}"), cloud=small)
        hosts.gateway = hosts.stack.network()["gateway"]
        try:
            hosts.stack.storage()
            hosts.firewall()
            with ThreadPoolExecutor() as pool:
                list(pool.map(hosts.boot, ["master", "steady-1"]))
            hosts.launch_template()
            hosts.put_token(hosts.token)
            hosts.endpoints_for("master")
            well(hosts.step("master"))
            well(hosts.step("steady-1"))
            well(hosts.join("steady-1"))
            yield hosts
        finally:
            hosts.stack.remove()
