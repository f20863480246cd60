"""`cluster.settings` of the platform `ray`."""

from typing import Annotated, ClassVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, Field, WithJsonSchema

from components.config.base import Change, Model, refuse


def _version(value: str) -> str:
    try:
        version = Version(value)
    except InvalidVersion:
        refuse("is not a version", "write it like 2.55.1")
    if str(version) != value or len(version.release) != 3 or version.is_prerelease or version.local:
        refuse("must be one released version with three numbers", "write it like 2.55.1")
    return value


def _requirement(value: str) -> str:
    try:
        Requirement(value)
    except InvalidRequirement:
        refuse(
            "is not a package requirement (PEP 508); options and paths are not accepted",
            "write it like eo-grow==1.7.15 or rasterio>=1.4",
        )
    return value


RayVersion = Annotated[
    str, AfterValidator(_version), WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d+\.\d+$"})
]
PipRequirement = Annotated[str, AfterValidator(_requirement)]


class RaySettings(Model):
    """Which Ray runs on every machine, and what is installed beside it."""

    KEEPS_STATE: ClassVar[bool] = False

    ray_version: Annotated[
        RayVersion,
        Change.IN_PLACE,
        Field(
            description="Version of Ray on every machine. 2.55.1 is the last one that eo-grow works with.",
            examples=["2.55.1"],
        ),
    ] = "2.55.1"
    pip_packages: Annotated[
        tuple[PipRequirement, ...],
        Change.IN_PLACE,
        Field(
            max_length=200,
            description="Python packages (PEP 508) that are installed beside Ray on every machine.",
            examples=[["eo-grow==1.7.15"]],
        ),
    ] = ()
