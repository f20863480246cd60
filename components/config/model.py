"""The configuration of a stack: closed, frozen, the same words as in the stack file. One model per cloud."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from ipaddress import IPv4Network
from typing import Any, TypeVar, cast, get_args

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
from components.config.gpu_vms import EXAMPLES, VM_SETTINGS, VmSettings
from components.config.hosts import HostsCluster, HostsConfig, HostsGpuVm, HostsMaster, HostsPool
from components.config.local import LocalCluster, LocalConfig, LocalGpuVm, LocalMaster, LocalPool
from components.config.parts import Access
from components.config.settings_backendai import BackendaiSettings
from components.config.settings_backendai_join import JoinSettings

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
    "HostsConfig",
    "LocalConfig",
    "Master",
    "Pool",
    "cluster_of",
    "model_of",
    "model_on",
    "outside_networks",
    "pools_of",
    "vms_of",
]

Config = LocalConfig | AwsConfig | AlicloudConfig | HostsConfig
Master = LocalMaster | AwsMaster | AlicloudMaster | HostsMaster
Pool = LocalPool | AwsPool | AlicloudPool | HostsPool
GpuVm = LocalGpuVm | AwsGpuVm | AlicloudGpuVm | HostsGpuVm
Cluster = LocalCluster | AwsCluster | AlicloudCluster | HostsCluster

CLOUDS: dict[str, type[Config]] = {
    "local": LocalConfig,
    "aws": AwsConfig,
    "alicloud": AlicloudConfig,
    "hosts": HostsConfig,
}
CLUSTERS: dict[str, type[Cluster]] = {
    "local": LocalCluster,
    "aws": AwsCluster,
    "alicloud": AlicloudCluster,
    "hosts": HostsCluster,
}
MACHINES: dict[str, type[GpuVm]] = {
    "local": LocalGpuVm,
    "aws": AwsGpuVm,
    "alicloud": AlicloudGpuVm,
    "hosts": HostsGpuVm,
}
# Where a provider's own configuration says the region, by cloud.
REGION_KEYS = {"aws": "aws:region", "alicloud": "alicloud:region"}

# Given by the team with `pulumi config set --secret`; what is not given is derived from the stack's seed.
SECRET_KEYS: dict[str, str] = {
    "sshPrivateKey": "Private key of `access.user`, without a passphrase, for machines that exist already "
    "and for their jump host.",
    "rayToken": "Token that every Ray process and client of the stack shows, 32 to 256 characters.",
    "backendaiAdminPassword": "Password of the administrator of Backend.AI, 12 to 64 characters.",
    "backendaiEtcdPassword": "Password of `etcdUser` at the etcd that agents of another manager join.",
    "backendaiApiKeys": "Keypair of a super-administrator of that manager: `<access key>:<secret key>`.",
    "atlasAdminPassword": "Password of the administrator of Atlas's Keycloak, 12 to 64 characters.",
    "superviselyApiTokens": "API token of the Supervisely server: the agents of GPU VMs are made with it. "
    "With several servers `<host>=<token> <host>=<token>`.",
    "superviselyAgentTokens": "Tokens of agents that were made by hand: `<GPU VM>=<token> <GPU VM>=<token>`.",
    "superviselyRegistryPassword": "Password of `registryLogin`.",
}


def model_of(raw: Mapping[str, object]) -> type[Config] | None:
    """The model of the cloud that a stack file names; None where it names no cloud that is known."""
    cloud = raw.get("cloud")
    return model_on(cloud, raw) if isinstance(cloud, str) and cloud in CLOUDS else None


def model_on(cloud: str, raw: Mapping[str, object]) -> type[Config]:
    """A cloud's model with the settings of the platforms alone that a stack file names."""
    machines = raw.get("gpuVms")
    listed = cast(Sequence[object], machines) if isinstance(machines, list) else ()
    named = tuple(_platform_in(machine, VM_SETTINGS) for machine in listed)
    return with_platform(cloud, _platform_in(raw.get("cluster"), SETTINGS), named)


def _platform_in(part: object, known: Mapping[str, object]) -> str:
    """The platform that a part of a stack file names; the first where it names none that is known."""
    named = cast(Mapping[str, object], part).get("platform") if isinstance(part, Mapping) else None
    return named if isinstance(named, str) and named in known else next(iter(known))


@cache
def with_platform(cloud: str, platform: str, machines: tuple[str, ...] = ()) -> type[Config]:
    """A cloud's model whose clusters have the settings of one platform, and whose GPU VMs, in their order,
    those of `machines`; what is closed stays closed."""
    kind, model, cluster = SETTINGS[platform], CLOUDS[cloud], CLUSTERS[cloud]
    settings = copy(cluster.model_fields["settings"])
    settings.annotation = kind
    needed = any(field.is_required() for field in kind.model_fields.values())
    settings.default = PydanticUndefined if needed else kind.model_validate({})
    own: Any = create_model(cluster.__name__, __base__=cluster, settings=(kind, settings))
    info = copy(model.model_fields["cluster"])
    annotation: Any = own | None if type(None) in get_args(info.annotation) else own
    info.annotation = annotation
    more: dict[str, Any] = {}
    if machines:
        listed = copy(model.model_fields["gpu_vms"])
        kinds: Any = tuple[tuple(_machine_with(cloud, name) for name in machines)]  # pyright: ignore
        listed.annotation = kinds
        more["gpu_vms"] = (kinds, listed)
    return create_model(model.__name__, __base__=model, cluster=(annotation, info), **more)


@cache
def _machine_with(cloud: str, platform: str) -> type[GpuVm]:
    kind, machine = VM_SETTINGS[platform], MACHINES[cloud]
    settings = copy(machine.model_fields["settings"])
    settings.annotation, settings.examples = kind, [EXAMPLES[platform]]
    own: Any = create_model(machine.__name__, __base__=machine, settings=(kind, settings))
    return own


def cluster_of(config: Config) -> Cluster:
    """Of a stack that has one."""
    if config.cluster is None:
        raise ValueError("the stack has no cluster")
    return config.cluster


def pools_of(config: Config) -> tuple[Pool, ...]:
    return config.cluster.pools if config.cluster else ()


Settings = TypeVar("Settings", bound=VmSettings)


def vms_of(config: Config, kind: type[Settings]) -> Iterator[tuple[str, GpuVm, Settings]]:
    """GPU VMs of the platform with these settings, with their paths in the stack file."""
    for index, machine in enumerate(config.gpu_vms):
        if isinstance(machine.settings, kind):
            yield f"gpuVms[{index}]", machine, machine.settings


def outside_networks(config: Config) -> dict[str, tuple[IPv4Network, ...]]:
    """Networks of other stacks that settings of platforms name, by the catalogue's word for them."""
    settings = config.cluster.settings if config.cluster else None
    managers = (network for _, _, said in vms_of(config, JoinSettings) for network in said.manager_networks)
    return {
        "agents": settings.agent_networks if isinstance(settings, BackendaiSettings) else (),
        "managers": tuple(dict.fromkeys(managers)),
    }
