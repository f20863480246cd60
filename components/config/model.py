"""The configuration of a stack: closed, frozen, the same words as in the stack file."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from components.config.base import Change, Model
from components.config.sizes import LocalSize
from components.config.types import Cidr, HttpsUrl, MountPath, PoolName, SshPublicKey, TeamName, Url
from components.platforms.ray_settings import Settings as RaySettings

Cloud = Literal["local"]
Platform = Literal["ray"]

# Four digits of a node's name; `types.py` has the sum that makes them fit a host name.
WORKERS_PER_POOL = 9999
# EC2 machines with the most GPUs have 16 (p2.16xlarge).
GPUS = 16
# Alibaba Cloud takes 20 tags per resource; project, stack, team and Name are ours.
TAGS = 16

# Given by the team with `pulumi config set --secret`; what is not given is derived from the stack's seed.
SECRET_KEYS: dict[str, str] = {
    "rayToken": "Token that every Ray process and client of the stack shows, 32 to 256 characters.",
}


class Access(Model):
    """Who reaches the stack from outside. Nobody, where nothing is said."""

    admins: Annotated[
        tuple[Cidr, ...],
        Change.IN_PLACE,
        Field(
            description="IPv4 networks of the people who run the stack: SSH.",
            examples=[["203.0.113.0/28"]],
        ),
    ] = ()
    users: Annotated[
        tuple[Cidr, ...],
        Change.IN_PLACE,
        Field(
            description="IPv4 networks of the people who work with the cluster.",
            examples=[["203.0.113.0/24"]],
        ),
    ] = ()
    open_to_the_world: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Must be `true` as well before `admins` or `users` may hold 0.0.0.0/0 or another "
            "network that is wider than /8.",
            examples=[True],
        ),
    ] = False
    ssh_public_keys: Annotated[
        tuple[SshPublicKey, ...],
        Change.IN_PLACE,
        Field(
            description="Public keys (lines of `.pub` files) that may log in, besides the stack's own key.",
            examples=[
                ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO ann"]
            ],
        ),
    ] = ()


class NetworkConfig(Model):
    """The stack's own private network."""

    cidr: Annotated[
        Cidr | None,
        Change.NETWORK,
        Field(
            description="Private IPv4 network, /16 to /24. Default on local hosts: a free /20.",
            examples=["10.89.16.0/20"],
        ),
    ] = None


class Storage(Model):
    """Storage that every machine of the stack shares."""

    mount_path: Annotated[
        MountPath,
        Change.ALL_MACHINES,
        Field(description="Folder where every machine sees it.", examples=["/shared"]),
    ] = PurePosixPath("/shared")
    on_destroy: Annotated[
        Literal["retain", "delete"],
        Change.IN_PLACE,
        Field(description="What `pulumi destroy` does with its data.", examples=["retain"]),
    ] = "retain"


class Packages(Model):
    """Where machines get packages from; some networks reach nothing else."""

    index_url: Annotated[
        HttpsUrl | None,
        Change.IN_PLACE,
        Field(
            description="Python package index. Default: https://pypi.org/simple",
            examples=["https://pypi.example.org/simple"],
        ),
    ] = None
    apt_mirror: Annotated[
        Url | None,
        Change.NEW_MACHINES,
        Field(
            description="Debian mirror. Default: the one of the image.",
            examples=["https://deb.example.org/debian"],
        ),
    ] = None


class Master(LocalSize):
    """The machine that runs the cluster's controller and does no work itself."""


class Pool(LocalSize):
    """Workers of one size. Worker n of pool p is the node `p-n`, whoever else comes or goes."""

    name: Annotated[
        PoolName,
        Change.MACHINE,
        Field(description="First part of its workers' names.", examples=["workers"]),
    ]
    count: Annotated[
        int,
        Change.WORKERS,
        Field(ge=0, le=WORKERS_PER_POOL, description="Workers are numbered 1 to `count`.", examples=[2]),
    ]
    without: Annotated[
        tuple[int, ...],
        Change.WORKERS,
        Field(description="Numbers left out, so that one chosen worker can leave.", examples=[[2]]),
    ] = ()
    gpus: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=0, le=GPUS, description="GPUs that each worker offers to the platform.", examples=[1]),
    ] = 0


class Cluster(Model):
    """A controller and the workers that it gives work to."""

    platform: Annotated[
        Platform, Change.EVERYTHING, Field(description="What runs on the machines.", examples=["ray"])
    ]
    settings: Annotated[
        RaySettings, Change.PER_FIELD, Field(description="Settings of the platform.", examples=[{}])
    ] = RaySettings()
    master: Annotated[
        Master,
        Change.PER_FIELD,
        Field(description="The controller's machine.", examples=[{"cpus": 2, "memoryGiB": 3}]),
    ]
    pools: Annotated[
        tuple[Pool, ...],
        Change.WORKERS,
        Field(
            min_length=1,
            description="Groups of workers.",
            examples=[[{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 3}]],
        ),
    ]


class KeyGenerations(Model):
    """Raising a number makes the secret anew, in place."""

    token: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=1, le=1_000_000, description="Of the token that agents and clients show.", examples=[2]),
    ] = 1


class Config(Model):
    """What one stack consists of."""

    team: Annotated[
        TeamName,
        Change.EVERYTHING,
        Field(description="Whose stack it is; a tag on everything made.", examples=["earth-observation"]),
    ]
    cloud: Annotated[
        Cloud, Change.EVERYTHING, Field(description="Where machines come from.", examples=["local"])
    ]
    access: Annotated[
        Access, Change.PER_FIELD, Field(description="Who reaches the stack from outside.", examples=[{}])
    ] = Access()
    network: Annotated[
        NetworkConfig, Change.PER_FIELD, Field(description="The stack's private network.", examples=[{}])
    ] = NetworkConfig()
    storage: Annotated[
        Storage, Change.PER_FIELD, Field(description="Storage that all machines share.", examples=[{}])
    ] = Storage()
    packages: Annotated[
        Packages, Change.PER_FIELD, Field(description="Where packages come from.", examples=[{}])
    ] = Packages()
    cluster: Annotated[
        Cluster,
        Change.PER_FIELD,
        Field(
            description="Controller and workers.",
            examples=[
                {
                    "platform": "ray",
                    "master": {"cpus": 2, "memoryGiB": 3},
                    "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 3}],
                }
            ],
        ),
    ]
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
