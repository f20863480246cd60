"""What a stack file says of machines that exist already."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from components.config import common, machines, parts
from components.config.base import Change, Model
from components.config.gpu_vms import EXAMPLE, GPU_VMS, AnyGpuVm
from components.config.local import CPUS, MEMORY_GIB
from components.config.sizes import Size, Sized
from components.config.types_hosts import HostAddress, HostKey, UserName

_THERE = "the machines of this stack are there already: take it out"
_FIXED = "machines that are there do not come and go: write `addresses`"
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO"
_MASTER = {"address": "192.0.2.11", "cpus": 4, "memoryGiB": 16}
_POOL = {"name": "workers", "addresses": ["192.0.2.12", "192.0.2.13"], "cpus": 8, "memoryGiB": 32}


class JumpHost(Model):
    """The one hop to every machine. Nothing is installed or changed on it."""

    address: Annotated[
        HostAddress,
        Change.IN_PLACE,
        Field(description="Where this computer reaches its sshd, on port 22.", examples=["203.0.113.7"]),
    ]
    user: Annotated[UserName, Change.IN_PLACE, Field(description="Who logs in there.", examples=["ops"])]


class HostsAccess(parts.Access):
    """How the machines are reached, and by whom."""

    user: Annotated[
        UserName,
        Change.IN_PLACE,
        Field(
            description="Who logs in on every machine to take it and to give it back; may use sudo without a "
            "password. Its key is the secret `sshPrivateKey`.",
            examples=["ops"],
        ),
    ]
    host_keys: Annotated[
        dict[str, HostKey],
        Change.IN_PLACE,
        Field(
            description="The host key that every machine and the jump host must show, by address.",
            examples=[{"192.0.2.11": _KEY}],
        ),
    ]
    jump_host: Annotated[
        JumpHost | None,
        Change.PER_FIELD,
        Field(
            description="The one hop to every machine, where this computer does not reach them itself.",
            examples=[{"address": "203.0.113.7", "user": "ops"}],
        ),
    ] = None


class HostsNetwork(Model):
    """The network that the machines have already."""

    ELSEWHERE = dict.fromkeys(
        ("cidr", "zone", "zones", "vpcId", "vswitchId", "subnetIds", "private"),
        "the machines have their network already: take it out",
    )

    firewall: Annotated[
        Literal["untouched", "managed"],
        Change.IN_PLACE,
        Field(
            description="With `managed` every machine drops what comes in and is not for this stack.",
            examples=["managed"],
        ),
    ] = "untouched"

    @property
    def cidr(self) -> None:
        """Nobody says it."""
        return

    @property
    def known_cidr(self) -> None:
        return


class HostsStorage(parts.Storage):
    """A folder that all machines share already."""

    ELSEWHERE = dict.fromkeys(("fileSystemId", "backup", "stateGiB", "stateVolumeId"), _THERE)

    mount_path: Annotated[
        parts.MountPath,
        Change.IN_PLACE,
        Field(description="Folder where every machine sees it.", examples=["/shared"]),
    ] = parts.Storage.model_fields["mount_path"].default


class HostsSize(Sized):
    """What the stack may use of a machine."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(
            ("instanceType", "instanceTypes"), "say `cpus` and `memoryGiB` that the stack may use of it"
        ),
        **dict.fromkeys(("diskGiB", "diskCategory", "imageId", "market", "internetMbps", "shmGiB"), _THERE),
        **dict.fromkeys(("stoppedMode", "releaseTime", "deletionProtection"), _THERE),
        "elastic": _FIXED,
        "count": _FIXED,
    }

    cpus: Annotated[
        float,
        Change.IN_PLACE,
        Field(gt=0, le=CPUS, description="CPUs that the machine has for the stack.", examples=[8]),
    ]
    memory_gib: Annotated[
        float,
        Change.IN_PLACE,
        Field(gt=0, le=MEMORY_GIB, description="Memory in GiB that it has for the stack.", examples=[32]),
    ]

    def size(self, sizes: Mapping[str, Size]) -> Size:  # noqa: ARG002 - the base's signature
        return Size(self.cpus, self.memory_gib)

    def address_of(self, number: int) -> IPv4Address:
        """Where machine `number` of what this describes is reached, by the operator and by the others."""
        raise NotImplementedError


class OneHost(HostsSize):
    """One machine."""

    address: Annotated[
        HostAddress,
        Change.MACHINE,
        Field(description="Where this computer and the other machines reach it.", examples=["192.0.2.11"]),
    ]

    def address_of(self, number: int) -> IPv4Address:  # noqa: ARG002 - the base's signature
        return self.address


class HostsMaster(OneHost):
    """The master's machine."""


class HostsPool(HostsSize, machines.AnyPool):
    """Machines of workers. Worker n is at the n-th address."""

    addresses: Annotated[
        tuple[HostAddress, ...],
        Change.WORKERS,
        Field(
            min_length=1,
            max_length=machines.WORKERS_PER_POOL,
            description="Worker n is at the n-th address: write new ones behind the others, and name who "
            "leaves in `without`, or those behind it change their machines.",
            examples=[["192.0.2.12", "192.0.2.13"]],
        ),
    ]

    @property
    def count(self) -> int:
        return len(self.addresses)

    def address_of(self, number: int) -> IPv4Address:
        return self.addresses[number - 1]


class HostsCluster(common.AnyCluster):
    """A controller and workers on machines that exist already."""

    ELSEWHERE = {"maxElasticWorkers": _FIXED}  # noqa: RUF012 - nobody changes it

    master: Annotated[
        HostsMaster, Change.PER_FIELD, Field(description="The controller's machine.", examples=[_MASTER])
    ]
    pools: Annotated[
        tuple[HostsPool, ...],
        Change.WORKERS,
        Field(min_length=1, description="Groups of workers.", examples=[[_POOL]]),
    ]


class HostsGpuVm(OneHost, AnyGpuVm):
    """A machine with one agent."""


class HostsConfig(common.RemoteConfig):
    """What one stack on machines that exist already consists of."""

    cloud: Annotated[
        Literal["hosts"],
        Change.EVERYTHING,
        Field(description="Where machines come from.", examples=["hosts"]),
    ]
    # frozen, so a narrower type that must be said is safe
    access: Annotated[  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]
        HostsAccess,
        Change.PER_FIELD,
        Field(
            description="Who reaches the stack from outside.",
            examples=[{"user": "ops", "hostKeys": {"192.0.2.11": _KEY}}],
        ),
    ]
    network: Annotated[
        HostsNetwork, Change.PER_FIELD, Field(description="The stack's private network.", examples=[{}])
    ] = HostsNetwork()
    storage: Annotated[
        HostsStorage, Change.PER_FIELD, Field(description="Storage that all machines share.", examples=[{}])
    ] = HostsStorage()
    cluster: Annotated[
        HostsCluster | None,
        Change.PER_FIELD,
        Field(
            description="Controller and workers. A stack may have GPU VMs alone.",
            examples=[{"platform": "ray", "master": _MASTER, "pools": [_POOL]}],
        ),
    ] = None
    gpu_vms: Annotated[
        tuple[HostsGpuVm, ...],
        Change.WORKERS,
        Field(
            max_length=GPU_VMS,
            description="Machines with one agent of a controller elsewhere.",
            examples=[[{**EXAMPLE, **_MASTER}]],
        ),
    ] = ()
