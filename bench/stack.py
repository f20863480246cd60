"""The stack that the benchmarks run: one master and N small workers in one pool."""

from typing import Any


def config_for(workers: int) -> dict[str, Any]:
    return {
        "team": "bench",
        "cloud": "local",
        "storage": {"onDestroy": "delete"},
        "network": {"cidr": "10.112.0.0/16"},
        "cluster": {
            "platform": "ray",
            "master": {"cpus": 1, "memoryGiB": 3},
            "pools": [{"name": "workers", "count": workers, "cpus": 1, "memoryGiB": 3}],
        },
    }
