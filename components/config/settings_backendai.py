"""`cluster.settings` of the platform `backendai`; those of an agent of another manager lie beside it."""

import re
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from components.config.base import Change, Model, refuse
from components.config.types import Cidr, HostAndPort, MountPath, PoolName, Url

# The one that was tried; its database has no tested way to another one.
VERSION = "26.9.6"
# As much as a machine can have (components/config/local.py), in GiB; a disk's is EBS's own.
MEMORY_GIB, DISK_GIB = 32768, 65536
_IMAGE = r"[a-z0-9]+(?:[.:/_-]+[a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"


def _version(value: str) -> str:
    if value != VERSION:
        refuse(
            f"is not {VERSION}, the one version that this program was tried with, and a database is not "
            "carried over to another one",
            f"write `version: {VERSION}`, or take it out",
        )
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._%+-]{1,32}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", value):
        refuse("must be an e-mail address", "write it like admin@example.org")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(_IMAGE, value) or "/" not in value:
        refuse(
            "must be an image with its registry and tag",
            "write it like cr.backend.ai/stable/python:3.13-ubuntu24.04-amd64",
        )
    return value


class Registry(Model):
    """A container registry whose kernel images the manager knows, and the domain may use."""

    name: Annotated[
        HostAndPort,
        Change.IN_PLACE,
        Field(description="First part of its images' names.", examples=["cr.backend.ai"]),
    ]
    url: Annotated[
        Url,
        Change.IN_PLACE,
        Field(description="Where it answers.", examples=["https://cr.backend.ai"]),
    ]
    project: Annotated[
        str,
        Change.IN_PLACE,
        Field(
            min_length=1,
            max_length=100,
            description="Project in it, the next part of its images' names; images are listed by project.",
            examples=["stable"],
        ),
    ]
    type: Annotated[
        Literal["docker", "harbor2"],
        Change.IN_PLACE,
        Field(description="What kind it is.", examples=["harbor2"]),
    ] = "docker"


class User(Model):
    """An account in the domain."""

    email: Annotated[
        str,
        AfterValidator(_email),
        Change.IN_PLACE,
        Field(description="Whose it is, and its name at login.", examples=["ann@example.org"]),
    ]
    admin: Annotated[
        bool,
        Change.IN_PLACE,
        Field(description="Whether it may manage the domain.", examples=[True]),
    ] = False


class AgentOptions(Model):
    """What holds for every agent, whoever's its manager is."""

    version: Annotated[
        str,
        AfterValidator(_version),
        WithJsonSchema({"type": "string", "const": VERSION}),
        Change.IN_PLACE,
        Field(description="Version of Backend.AI on every machine.", examples=[VERSION]),
    ] = VERSION
    kernel_images: Annotated[
        tuple[Annotated[str, AfterValidator(_image)], ...],
        Change.IN_PLACE,
        Field(
            max_length=50,
            description="Kernel images that every agent pulls before it takes work.",
            examples=[["cr.backend.ai/stable/python:3.13-ubuntu24.04-amd64"]],
        ),
    ] = ()
    reserved_cpus: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=0, le=64, description="CPUs of an agent's machine that no session gets.", examples=[1]),
    ] = 0
    reserved_memory_gib: Annotated[
        float,
        Change.IN_PLACE,
        Field(
            gt=0,
            le=MEMORY_GIB,
            description="Memory of an agent's machine that no session gets.",
            examples=[1],
        ),
    ] = 1
    reserved_disk_gib: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=0, le=DISK_GIB, description="Disk of an agent's machine that no session gets.", examples=[8]
        ),
    ] = 8
    scratch_root: Annotated[
        MountPath,
        Change.IN_PLACE,
        Field(description="Folder of sessions' scratch data.", examples=["/data/scratches"]),
    ] = PurePosixPath("/var/lib/backendai/scratches")
    scratch_type: Annotated[
        Literal["hostdir", "memory"],
        Change.IN_PLACE,
        Field(description="Where scratch data lies: in folders, or in memory.", examples=["memory"]),
    ] = "hostdir"
    drain_minutes: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=0,
            le=24 * 60,
            description="Minutes that sessions have to end when their agent leaves.",
            examples=[30],
        ),
    ] = 10


class BackendaiSettings(AgentOptions):
    """The control plane on the master, and the agents: one resource group per pool."""

    KEEPS_STATE: ClassVar[bool] = True

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(
            ("scalingGroup", "scaling-group", "initialResourceGroupName", "resourceGroup"),
            "every pool is a resource group of its name: write it as `name` of the pool",
        ),
        "watcher": "agents have no watcher any more: systemd starts them again",
        **dict.fromkeys(
            ("etcdAddr", "etcdAddress", "namespace", "redisAddr"),
            "the control plane is the stack's own master: take it out",
        ),
        "adminPassword": "it is a secret: `pulumi config set --secret agent-fleet:backendaiAdminPassword`",
    }

    admin_email: Annotated[
        str,
        AfterValidator(_email),
        Change.IN_PLACE,
        Field(
            description="The administrator; a password and keys are in the outputs.",
            examples=["ann@example.org"],
        ),
    ] = "admin@agent-fleet.internal"
    users: Annotated[
        tuple[User, ...],
        Change.IN_PLACE,
        Field(
            max_length=500,
            description="Accounts; a first password and keys of each are in the outputs. One that is taken "
            "out is closed, and what it owns stays.",
            examples=[[{"email": "ann@example.org"}]],
        ),
    ] = ()
    dummy_pools: Annotated[
        tuple[PoolName, ...],
        Change.IN_PLACE,
        Field(
            max_length=50,
            description="Pools whose agents only pretend to run sessions, without Docker: for trials.",
            examples=[["pretended"]],
        ),
    ] = ()
    registries: Annotated[
        tuple[Registry, ...],
        Change.IN_PLACE,
        Field(
            max_length=20,
            description="Container registries of kernel images; the manager lists their images.",
            examples=[[{"name": "cr.backend.ai", "url": "https://cr.backend.ai", "project": "stable"}]],
        ),
    ] = ()
    auto_pull: Annotated[
        Literal["digest", "tag", "none"],
        Change.IN_PLACE,
        Field(description="When an agent pulls a session's image anew.", examples=["tag"]),
    ] = "digest"
    agent_networks: Annotated[
        tuple[Cidr, ...],
        Change.IN_PLACE,
        Field(
            max_length=20,
            description="Private IPv4 networks of agents of other stacks, which reach etcd and redis.",
            examples=[["10.91.0.0/20"]],
        ),
    ] = ()
