"""What a stack file says on local hosts."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from components.config import common, machines, parts
from components.config.base import Change
from components.config.gpu_vms import EXAMPLE, GPU_VMS, AnyGpuVm
from components.config.sizes import Size, Sized
from components.config.types import Cidr

# The largest machines that clouds rent have 1,920 vCPUs and 32 TiB (EC2 u7inh-32tb.480xlarge).
CPUS = 1920
MEMORY_GIB = 32768

_SIZE = "on local hosts a size is said by `cpus` and `memoryGiB`"
_FIXED = "local hosts have no elastic pools: write `count`"
_HERE = "local hosts are on this computer: take it out"


class LocalNetwork(parts.Network):
    """A network of containers."""

    ELSEWHERE = dict.fromkeys(("zone", "zones", "vpcId", "vswitchId", "subnetIds", "private"), _HERE)

    cidr: Annotated[
        Cidr | None,
        Change.NETWORK,
        Field(
            description="Private IPv4 network, /16 to /26. Default: a free /20.", examples=["10.89.16.0/20"]
        ),
    ] = None


class LocalStorage(parts.Storage):
    """A volume of this computer."""

    ELSEWHERE = dict.fromkeys(("fileSystemId", "backup", "stateGiB", "stateVolumeId"), _HERE)


class LocalSize(Sized):
    """Size of a machine on local hosts: the limits of its container."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("instanceType", "instanceTypes"), _SIZE),
        **dict.fromkeys(("diskGiB", "diskCategory", "imageId", "market", "internetMbps"), _HERE),
        **dict.fromkeys(("stoppedMode", "releaseTime", "deletionProtection"), _HERE),
        "elastic": _FIXED,
    }

    cpus: Annotated[
        float,
        Change.MACHINE,
        Field(gt=0, le=CPUS, description="CPUs that the machine may use.", examples=[2]),
    ]
    memory_gib: Annotated[
        float,
        Change.MACHINE,
        Field(gt=0, le=MEMORY_GIB, description="Memory in GiB, `shmGiB` included.", examples=[3]),
    ]
    shm_gib: Annotated[
        float | None,
        Change.MACHINE,
        Field(
            gt=0,
            le=MEMORY_GIB,
            description="Shared memory (/dev/shm) in GiB, a part of `memoryGiB`. Default: half of it.",
            examples=[1],
        ),
    ] = None

    def size(self, sizes: Mapping[str, Size]) -> Size:  # noqa: ARG002 - the base's signature
        return Size(self.cpus, self.memory_gib, self.shm_gib)


class LocalMaster(LocalSize):
    """The master's container."""


class LocalPool(LocalSize, machines.AnyPool):
    """Workers' containers of one size."""

    count: Annotated[
        int,
        Change.WORKERS,
        Field(
            ge=0,
            le=machines.WORKERS_PER_POOL,
            description="Workers are numbered 1 to `count`.",
            examples=[2],
        ),
    ]


class LocalCluster(common.AnyCluster):
    """A controller and workers on this computer."""

    ELSEWHERE = {"maxElasticWorkers": _FIXED}  # noqa: RUF012 - nobody changes it

    master: Annotated[
        LocalMaster,
        Change.PER_FIELD,
        Field(description="The controller's machine.", examples=[{"cpus": 2, "memoryGiB": 3}]),
    ]
    pools: Annotated[
        tuple[LocalPool, ...],
        Change.WORKERS,
        Field(
            min_length=1,
            description="Groups of workers.",
            examples=[[{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 3}]],
        ),
    ]


class LocalGpuVm(LocalSize, AnyGpuVm):
    """A container with one agent."""


class LocalConfig(common.AnyConfig):
    """What one stack on local hosts consists of."""

    ELSEWHERE = {"allowLocalState": _HERE}  # noqa: RUF012 - nobody changes it

    cloud: Annotated[
        Literal["local"],
        Change.EVERYTHING,
        Field(description="Where machines come from.", examples=["local"]),
    ]
    network: Annotated[
        LocalNetwork, Change.PER_FIELD, Field(description="The stack's private network.", examples=[{}])
    ] = LocalNetwork()
    storage: Annotated[
        LocalStorage, Change.PER_FIELD, Field(description="Storage that all machines share.", examples=[{}])
    ] = LocalStorage()
    cluster: Annotated[
        LocalCluster | None,
        Change.PER_FIELD,
        Field(
            description="Controller and workers. A stack may have GPU VMs alone.",
            examples=[
                {
                    "platform": "ray",
                    "master": {"cpus": 2, "memoryGiB": 3},
                    "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 3}],
                }
            ],
        ),
    ] = None
    gpu_vms: Annotated[
        tuple[LocalGpuVm, ...],
        Change.WORKERS,
        Field(
            max_length=GPU_VMS,
            description="Machines with one agent of a controller elsewhere.",
            examples=[[{**EXAMPLE, "cpus": 2, "memoryGiB": 2}]],
        ),
    ] = ()
