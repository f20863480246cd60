"""The stacks that the benchmarks run: one master and N small workers in one pool, on each cloud."""

from typing import Any


def config_for(workers: int, cloud: str = "local") -> dict[str, Any]:
    parts = {"local": _LOCAL, "aws": _AWS, "alicloud": _ALICLOUD}[cloud]
    return {
        "team": "bench",
        "cloud": cloud,
        "network": parts["network"],
        "storage": {"onDestroy": "delete"},
        **parts["more"],
        "cluster": {
            "platform": "ray",
            "master": parts["master"],
            "pools": [{"name": "workers", "count": workers, **parts["worker"]}, *parts["pools"]],
        },
    }


_LOCAL: dict[str, Any] = {
    "network": {"cidr": "10.112.0.0/16"},
    "more": {},
    "master": {"cpus": 1, "memoryGiB": 3},
    "worker": {"cpus": 1, "memoryGiB": 3},
    "pools": [],
}
_AWS: dict[str, Any] = {
    "network": {"cidr": "10.112.0.0/16", "zones": ["eu-central-1a", "eu-central-1b"]},
    "more": {"access": {"admins": ["203.0.113.0/28"]}},
    "master": {"instanceType": "m5.2xlarge"},
    "worker": {"instanceTypes": ["c5.large"]},
    "pools": [
        {"name": "burst", "instanceTypes": ["c5.large"], "market": "spot", "elastic": {"min": 0, "max": 40}}
    ],
}
_ALICLOUD: dict[str, Any] = {
    "network": {"cidr": "10.112.0.0/16", "zone": "cn-hangzhou-k"},
    "more": {"access": {"admins": ["203.0.113.0/28"]}},
    "master": {"instanceType": "ecs.g7.xlarge"},
    "worker": {"instanceType": "ecs.c7.large"},
    "pools": [],
}
