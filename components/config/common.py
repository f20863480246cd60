"""What a stack file says alike on every cloud; each cloud's model begins with it."""

from typing import Annotated, Literal

from pydantic import Field

from components.config.base import Change, Model
from components.config.parts import Access, KeyGenerations, Packages
from components.config.settings_atlas import AtlasSettings
from components.config.settings_backendai import BackendaiSettings
from components.config.settings_ray import RaySettings
from components.config.types import TeamName

Platform = Literal["ray", "backendai", "atlas"]
PlatformSettings = RaySettings | BackendaiSettings | AtlasSettings

# A stack file is read with the settings of its own platform alone (model.py).
SETTINGS: dict[str, type[PlatformSettings]] = {
    "ray": RaySettings,
    "backendai": BackendaiSettings,
    "atlas": AtlasSettings,
}

# Alibaba Cloud takes 20 tags per resource; project, stack, team and Name are ours.
TAGS = 16


class AnyCluster(Model):
    """A controller and the workers that it gives work to."""

    platform: Annotated[
        Platform, Change.EVERYTHING, Field(description="What runs on the machines.", examples=["ray"])
    ]
    settings: Annotated[
        PlatformSettings, Change.PER_FIELD, Field(description="Settings of the platform.", examples=[{}])
    ] = RaySettings()

    @property
    def elastic_limit(self) -> int:
        """Most workers of all elastic pools together."""
        return 0


class AnyConfig(Model):
    """What one stack consists of, on whatever cloud."""

    team: Annotated[
        TeamName,
        Change.EVERYTHING,
        Field(description="Whose stack it is; a tag on everything made.", examples=["earth-observation"]),
    ]
    access: Annotated[
        Access, Change.PER_FIELD, Field(description="Who reaches the stack from outside.", examples=[{}])
    ] = Access()
    packages: Annotated[
        Packages, Change.PER_FIELD, Field(description="Where packages come from.", examples=[{}])
    ] = Packages()
    tags: Annotated[
        dict[str, str],
        Change.NEW_MACHINES,
        Field(
            max_length=TAGS,
            description="Tags of your own on everything made, besides project, stack and team.",
            examples=[{"cost-center": "1234"}],
        ),
    ] = {}  # noqa: RUF012 - pydantic copies a default
    key_generations: Annotated[
        KeyGenerations, Change.PER_FIELD, Field(description="Makes secrets anew.", examples=[{}])
    ] = KeyGenerations()


class RemoteConfig(AnyConfig):
    """What one stack on machines away from this computer consists of."""

    allow_local_state: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Whether the state of the stack may lie in a folder of one computer, where nobody "
            "else can change or remove the stack.",
            examples=[True],
        ),
    ] = False
