"""The configuration of a stack: closed, frozen, the same words as in the stack file. One model per cloud."""

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any, cast, get_args

from pydantic import create_model
from pydantic_core import PydanticUndefined

from components.config.alicloud import (
    AlicloudCluster,
    AlicloudConfig,
    AlicloudGpuVm,
    AlicloudMaster,
    AlicloudPool,
)
from components.config.aws import AwsCluster, AwsConfig, AwsGpuVm, AwsMaster, AwsPool
from components.config.common import SETTINGS
from components.config.local import LocalCluster, LocalConfig, LocalGpuVm, LocalMaster, LocalPool
from components.config.parts import Access

__all__ = [
    "CLOUDS",
    "REGION_KEYS",
    "SECRET_KEYS",
    "Access",
    "AlicloudConfig",
    "AwsConfig",
    "Cluster",
    "Config",
    "GpuVm",
    "LocalConfig",
    "Master",
    "Pool",
    "cluster_of",
    "gpu_vms_of",
    "model_of",
    "pools_of",
]

Config = LocalConfig | AwsConfig | AlicloudConfig
Master = LocalMaster | AwsMaster | AlicloudMaster
Pool = LocalPool | AwsPool | AlicloudPool
GpuVm = LocalGpuVm | AwsGpuVm | AlicloudGpuVm
Cluster = LocalCluster | AwsCluster | AlicloudCluster

CLOUDS: dict[str, type[Config]] = {"local": LocalConfig, "aws": AwsConfig, "alicloud": AlicloudConfig}
CLUSTERS: dict[str, type[Cluster]] = {"local": LocalCluster, "aws": AwsCluster, "alicloud": AlicloudCluster}
# Where a provider's own configuration says the region, by cloud.
REGION_KEYS = {"aws": "aws:region", "alicloud": "alicloud:region"}

# Given by the team with `pulumi config set --secret`; what is not given is derived from the stack's seed.
SECRET_KEYS: dict[str, str] = {
    "rayToken": "Token that every Ray process and client of the stack shows, 32 to 256 characters.",
    "backendaiAdminPassword": "Password of the administrator of Backend.AI, 12 to 64 characters.",
    "atlasAdminPassword": "Password of the administrator of Atlas's Keycloak, 12 to 64 characters.",
    "superviselyApiTokens": "API token of the Supervisely server: the agents of GPU VMs are made with it. "
    "With several servers `<host>=<token> <host>=<token>`.",
    "superviselyAgentTokens": "Tokens of agents that were made by hand: `<GPU VM>=<token> <GPU VM>=<token>`.",
    "superviselyRegistryPassword": "Password of `registryLogin`.",
}


def model_of(raw: Mapping[str, object]) -> type[Config] | None:
    """The model of the cloud that a stack file names, with the settings of its platform alone.

    None where it names no cloud that is known.
    """
    cloud, cluster = raw.get("cloud"), raw.get("cluster")
    platform = cast(Mapping[str, object], cluster).get("platform") if isinstance(cluster, Mapping) else None
    if not isinstance(cloud, str) or cloud not in CLOUDS:
        return None
    known = platform if isinstance(platform, str) and platform in SETTINGS else next(iter(SETTINGS))
    return with_platform(cloud, known)


@cache
def with_platform(cloud: str, platform: str) -> type[Config]:
    """A cloud's model whose clusters have the settings of one platform; what is closed stays closed."""
    kind, model, cluster = SETTINGS[platform], CLOUDS[cloud], CLUSTERS[cloud]
    settings = copy(cluster.model_fields["settings"])
    settings.annotation = kind
    needed = any(field.is_required() for field in kind.model_fields.values())
    settings.default = PydanticUndefined if needed else kind.model_validate({})
    own: Any = create_model(cluster.__name__, __base__=cluster, settings=(kind, settings))
    info = copy(model.model_fields["cluster"])
    annotation: Any = own | None if type(None) in get_args(info.annotation) else own
    info.annotation = annotation
    return create_model(model.__name__, __base__=model, cluster=(annotation, info))


def cluster_of(config: Config) -> Cluster:
    """Of a stack that has one."""
    if config.cluster is None:
        raise ValueError("the stack has no cluster")
    return config.cluster


def pools_of(config: Config) -> tuple[Pool, ...]:
    return config.cluster.pools if config.cluster else ()


def gpu_vms_of(config: Config) -> tuple[GpuVm, ...]:
    return config.gpu_vms
