"""Parts of a stack file that mean the same on every cloud."""

from ipaddress import IPv4Network
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field

from components.config.base import Change, Model
from components.config.types import Cidr, HostAndPort, HttpsUrl, MountPath, SshPublicKey, Url

# Of a stack's own VPC on a cloud.
DEFAULT_CIDR = IPv4Network("10.90.0.0/16")


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


class Network(Model):
    """The stack's own private network."""

    cidr: Annotated[
        Cidr | None,
        Change.NETWORK,
        Field(description="Private IPv4 network.", examples=["10.89.16.0/20"]),
    ] = None

    @property
    def known_cidr(self) -> IPv4Network | None:
        """The range that the stack will have, where the file tells it."""
        return self.cidr


class RentedNetwork(Network):
    """As it is on clouds that rent machines; each adds where in the cloud it lies."""

    cidr: Annotated[
        Cidr | None,
        Change.NETWORK,
        Field(
            description=f"Private IPv4 network of the stack's own VPC, /16 to /24. Default: {DEFAULT_CIDR}.",
            examples=["10.90.0.0/16"],
        ),
    ] = None
    private: Annotated[
        bool,
        Change.WORKER_MACHINES,
        Field(
            description="Workers have no public address and reach the internet through NAT.", examples=[True]
        ),
    ] = False


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


class RentedStorage(Storage):
    """As it is where disks cost money; each cloud adds what is there already."""

    state_gib: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=20,
            le=16384,
            description="Encrypted disk in GiB for the databases of the master, where its platform has any. "
            "It may only grow.",
            examples=[40],
        ),
    ] = 20


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
    registry_mirrors: Annotated[
        tuple[HttpsUrl, ...],
        Change.IN_PLACE,
        Field(
            max_length=10,
            description="Mirrors of Docker Hub that GPU VMs and agents ask first.",
            examples=[["https://mirror.example.org"]],
        ),
    ] = ()
    insecure_registries: Annotated[
        tuple[HostAndPort, ...],
        Change.IN_PLACE,
        Field(
            max_length=10,
            description="Container registries that GPU VMs and agents may reach without TLS.",
            examples=[["10.87.0.10:5000"]],
        ),
    ] = ()
    nvidia_repository: Annotated[
        HttpsUrl,
        Change.IN_PLACE,
        Field(
            description="Where GPU VMs get the NVIDIA container toolkit; its key must be NVIDIA's.",
            examples=["https://nvidia.example.org/libnvidia-container"],
        ),
    ] = "https://nvidia.github.io/libnvidia-container"


class KeyGenerations(Model):
    """Raising a number makes the secret anew, in place."""

    token: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=1, le=1_000_000, description="Of the token that agents and clients show.", examples=[2]),
    ] = 1
