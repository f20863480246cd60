"""The configuration of a stack: closed, frozen, the same words as in the stack file. One model per cloud."""

from collections.abc import Mapping

from components.config.aws import AwsConfig, AwsMaster, AwsPool
from components.config.local import LocalConfig, LocalMaster, LocalPool
from components.config.parts import Access

__all__ = [
    "CLOUDS",
    "SECRET_KEYS",
    "Access",
    "AwsConfig",
    "Config",
    "LocalConfig",
    "Master",
    "Pool",
    "model_of",
]

Config = LocalConfig | AwsConfig
Master = LocalMaster | AwsMaster
Pool = LocalPool | AwsPool

CLOUDS: dict[str, type[Config]] = {"local": LocalConfig, "aws": AwsConfig}

# Given by the team with `pulumi config set --secret`; what is not given is derived from the stack's seed.
SECRET_KEYS: dict[str, str] = {
    "rayToken": "Token that every Ray process and client of the stack shows, 32 to 256 characters.",
}


def model_of(raw: Mapping[str, object]) -> type[Config] | None:
    """The model of the cloud that a stack file names; None where it names none that is known."""
    cloud = raw.get("cloud")
    return CLOUDS.get(cloud) if isinstance(cloud, str) else None
