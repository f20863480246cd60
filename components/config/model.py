"""The configuration of a stack: closed, frozen, the same words as in the stack file. One model per cloud."""

from collections.abc import Mapping

from components.config.aws import AwsCluster, AwsConfig, AwsMaster, AwsPool
from components.config.local import LocalCluster, LocalConfig, LocalGpuVm, LocalMaster, LocalPool
from components.config.parts import Access

__all__ = [
    "CLOUDS",
    "SECRET_KEYS",
    "Access",
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

Config = LocalConfig | AwsConfig
Master = LocalMaster | AwsMaster
Pool = LocalPool | AwsPool
GpuVm = LocalGpuVm
Cluster = LocalCluster | AwsCluster

CLOUDS: dict[str, type[Config]] = {"local": LocalConfig, "aws": AwsConfig}

# Given by the team with `pulumi config set --secret`; what is not given is derived from the stack's seed.
SECRET_KEYS: dict[str, str] = {
    "rayToken": "Token that every Ray process and client of the stack shows, 32 to 256 characters.",
    "superviselyApiTokens": "API token of the Supervisely server: the agents of GPU VMs are made with it. "
    "With several servers `<host>=<token> <host>=<token>`.",
    "superviselyAgentTokens": "Tokens of agents that were made by hand: `<GPU VM>=<token> <GPU VM>=<token>`.",
    "superviselyRegistryPassword": "Password of `registryLogin`.",
}


def model_of(raw: Mapping[str, object]) -> type[Config] | None:
    """The model of the cloud that a stack file names; None where it names none that is known."""
    cloud = raw.get("cloud")
    return CLOUDS.get(cloud) if isinstance(cloud, str) else None


def cluster_of(config: Config) -> Cluster:
    """Of a stack that has one."""
    if config.cluster is None:
        raise ValueError("the stack has no cluster")
    return config.cluster


def pools_of(config: Config) -> tuple[Pool, ...]:
    return config.cluster.pools if config.cluster else ()


def gpu_vms_of(config: Config) -> tuple[GpuVm, ...]:
    return config.gpu_vms if isinstance(config, LocalConfig) else ()
