"""The configuration of Ray's autoscaler, from the elastic pools and how their machines are launched. Pure.

It is valid against Ray's own `ray-schema.json`. The autoscaler reads it anew at every tick, every 5 s, so a
change of it restarts nothing. Why each value is as it is: docs/ray.md, "Elastic pools".
"""

from collections.abc import Mapping
from typing import Any

from components.config.model import cluster_of
from components.connection import LOGIN_USER
from components.fleet import ElasticPool, Fleet
from components.platforms.ray_memory import memory_of

# No pool can have this name, because it has a dot.
HEAD_TYPE = "ray.head"
# The class in userdata/ray_pools.py, which the master's step puts beside Ray.
PROVIDER = "ray_pools.Provider"
# Machines that Ray asks for at every tick, before the first has joined: as many as it may have in flight.
UPSCALING_SPEED = 10


def configuration(fleet: Fleet, launches: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """`launches` says by pool what its cloud's `Launch.description` holds."""
    region = launches[fleet.elastic[0].name]["region"]
    return {
        "cluster_name": fleet.stack,
        "max_workers": cluster_of(fleet.config).elastic_limit,
        "upscaling_speed": UPSCALING_SPEED,
        "provider": {
            "type": "external",
            "module": PROVIDER,
            "region": region,
            "cache_stopped_nodes": False,
            "use_internal_ips": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "auth": {"ssh_user": LOGIN_USER},
        "head_node_type": HEAD_TYPE,
        "available_node_types": {
            HEAD_TYPE: {"min_workers": 0, "max_workers": 0, "resources": {"CPU": 0}, "node_config": {}},
            **{pool.name: _node_type(pool, launches[pool.name]) for pool in fleet.elastic},
        },
        # without these Ray cannot fill in its defaults
        "setup_commands": [],
        "head_setup_commands": [],
        "worker_setup_commands": [],
        "cluster_synced_files": [],
    }


def master_tags(fleet: Fleet) -> dict[str, str]:
    """By which the autoscaler knows the head; without them it launches nothing."""
    return {
        "ray-cluster-name": fleet.stack,
        "ray-node-type": "head",
        "ray-user-node-type": HEAD_TYPE,
        "ray-node-status": "up-to-date",
    }


def offered(pool: ElasticPool) -> dict[str, int]:
    """What Ray may count on in each worker of the pool: the least of its instance types."""
    sizes = pool.sizes.values()
    least = {
        "CPU": min(int(size.cpus) for size in sizes),
        "memory": min(memory_of(size).tasks for size in sizes),
        "GPU": pool.spec.gpus,
    }
    return {name: number for name, number in least.items() if number or name == "CPU"}


def _node_type(pool: ElasticPool, launch: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "min_workers": pool.scaling.min,
        "max_workers": pool.scaling.max,
        "idle_timeout_s": pool.scaling.idle_minutes * 60,
        "resources": offered(pool),
        # Ray gives the node itself this label, by the name of its type
        "labels": {"ray.io/node-group": pool.name},
        "node_config": {
            # the provider takes one of each per request
            "InstanceTypes": list(launch["instanceTypes"]),
            "SubnetIds": list(launch["subnetIds"]),
            "NetworkInterfaces": [
                {
                    "DeviceIndex": 0,
                    "Groups": list(launch["securityGroupIds"]),
                    "AssociatePublicIpAddress": launch["public"],
                    "DeleteOnTermination": True,
                }
            ],
            "LaunchTemplate": {
                "LaunchTemplateId": launch["launchTemplateId"],
                "Version": str(launch["launchTemplateVersion"]),
            },
            **(_spot() if launch["spot"] else {}),
            "TagSpecifications": _tags(launch["tags"], spot=launch["spot"]),
        },
    }


def _spot() -> dict[str, Any]:
    return {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}}


def _tags(tags: Mapping[str, str], *, spot: bool) -> list[dict[str, Any]]:
    """Said in the request itself, where Ray adds its own, so that rules of access can ask for all of them."""
    kinds = ["instance", "volume", "network-interface", *(["spot-instances-request"] if spot else [])]
    return [
        {
            "ResourceType": kind,
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        }
        for kind in kinds
    ]
