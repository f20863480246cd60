"""What a stack file says on Alibaba Cloud."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from components.config import common, machines, parts
from components.config.base import Change
from components.config.gpu_vms import EXAMPLE, GPU_VMS, AnyGpuVm
from components.config.sizes import Sized
from components.config.types_alicloud import (
    DiskId,
    FileSystemId,
    ImageId,
    InstanceType,
    ReleaseTime,
    VpcId,
    VSwitchId,
    ZoneName,
)

# Public images have 20 GiB; a system disk has 2 TiB at most (RunInstances, SystemDisk.Size).
LEAST_HALF_GIB, MOST_HALF_GIB = 20, 2048
# Of an elastic IP address that is paid by traffic (AllocateEipAddress, Bandwidth).
MBPS = 200

_SIZE = "on alicloud a size is said by `instanceType`"
_HALF = "on alicloud shared memory is half of what the type has: take it out"
_ONE_TYPE = "machines of one kind have one type: write `instanceType`"
_MASTER = {"instanceType": "ecs.g7.large"}
_POOL = {"name": "workers", "count": 2, "instanceType": "ecs.c7.large"}


class AlicloudNetwork(parts.RentedNetwork):
    """A VPC of the stack's own with one vSwitch, or both as they are."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        "zones": "all machines stand in one: write `zone: cn-hangzhou-k`",
        "subnetIds": "write the one vSwitch that is there: `vswitchId`",
    }

    zone: Annotated[
        ZoneName | None,
        Change.NETWORK,
        Field(
            description="Zone where all machines and the shared storage stand; needed where the VPC is the "
            "stack's own.",
            examples=["cn-hangzhou-k"],
        ),
    ] = None
    vpc_id: Annotated[
        VpcId | None,
        Change.NETWORK,
        Field(
            description="A VPC that is there, used as it is; needs `vswitchId` as well.",
            examples=["vpc-bp1a2b3c4d5e6f7g8h9i0"],
        ),
    ] = None
    vswitch_id: Annotated[
        VSwitchId | None,
        Change.NETWORK,
        Field(
            description="The vSwitch of that VPC where all machines stand. What has no public address there "
            "needs a NAT gateway that the VPC has.",
            examples=["vsw-bp1a2b3c4d5e6f7g8h9i0"],
        ),
    ] = None

    @property
    def known_cidr(self) -> IPv4Network | None:
        return None if self.vpc_id or self.vswitch_id else self.cidr or parts.DEFAULT_CIDR


class AlicloudStorage(parts.RentedStorage):
    """A NAS file system, and a disk for the master's databases."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        "backup": "the program makes no copies of a NAS file system: take it out"
    }

    file_system_id: Annotated[
        FileSystemId | None,
        Change.STORAGE,
        Field(
            description="A general-purpose NAS file system that is there, such as one that another stack "
            "retained. It is used as it is and never deleted.",
            examples=["0a1b2c3d4e"],
        ),
    ] = None
    state_volume_id: Annotated[
        DiskId | None,
        Change.STATE,
        Field(
            description="An encrypted disk with the databases of a master, such as one that another stack "
            "retained, in the stack's zone. It is used as it is and never deleted.",
            examples=["d-bp1a2b3c4d5e6f7g8h9i0"],
        ),
    ] = None


class OnEcs(Sized):
    """What every machine on ECS has."""

    instance_type: Annotated[
        InstanceType, Change.MACHINE, Field(description="Instance type.", examples=["ecs.g7.large"])
    ]
    disk_gib: Annotated[
        int,
        Change.MACHINE,
        Field(
            ge=LEAST_HALF_GIB, le=MOST_HALF_GIB, description="Encrypted system disk in GiB.", examples=[40]
        ),
    ] = 40
    disk_category: Annotated[
        Literal["cloud_essd", "cloud_auto", "cloud_essd_entry"],
        Change.MACHINE,
        Field(
            description="Category of the system disk. Not every type takes every one.",
            examples=["cloud_auto"],
        ),
    ] = "cloud_essd"
    image_id: Annotated[
        ImageId | None,
        Change.NEW_MACHINES,
        Field(
            description="Image that machines boot from. Default: the newest Debian 13 when they are made.",
            examples=["m-bp1a2b3c4d5e6f7g8h9i0"],
        ),
    ] = None

    @property
    def types(self) -> tuple[str, ...]:
        return (self.instance_type,)


class AlicloudMaster(OnEcs):
    """The master's instance, always on demand."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE),
        "shmGiB": _HALF,
        "instanceTypes": _ONE_TYPE,
        "market": "the master is always on demand: a spot machine may go, and the cluster with it",
        **dict.fromkeys(
            ("stoppedMode", "releaseTime", "deletionProtection"), "only GPU VMs have it: take it out"
        ),
    }

    internet_mbps: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=1,
            le=MBPS,
            description="Bandwidth of its public address in Mbit/s, paid by traffic.",
            examples=[100],
        ),
    ] = 100


class AlicloudPool(machines.AnyPool, OnEcs):
    """Workers on instances of one type."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE),
        "shmGiB": _HALF,
        "instanceTypes": _ONE_TYPE,
        **dict.fromkeys(
            ("elastic", "min", "max", "idleMinutes"),
            "alicloud has no elastic pools: Ray's autoscaler has no working provider for it; write `count`",
        ),
        "internetMbps": "workers have an address of their own, or with `network.private` none: take it out",
    }

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
    market: Annotated[
        Literal["onDemand", "spot"],
        Change.MACHINE,
        Field(
            description="How machines are bought. Spot costs less, and Alibaba Cloud may take it back.",
            examples=["spot"],
        ),
    ] = "onDemand"


class AlicloudGpuVm(OnEcs, AnyGpuVm):
    """An instance with one agent."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE),
        "shmGiB": _HALF,
        "instanceTypes": _ONE_TYPE,
    }

    disk_gib: Annotated[
        int,
        Change.MACHINE,
        Field(
            ge=LEAST_HALF_GIB, le=MOST_HALF_GIB, description="Encrypted system disk in GiB.", examples=[300]
        ),
    ] = 300
    market: Annotated[
        Literal["onDemand", "spot"],
        Change.MACHINE,
        Field(
            description="How the machine is bought. Spot costs less, and Alibaba Cloud may take it back.",
            examples=["spot"],
        ),
    ] = "onDemand"
    internet_mbps: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=0,
            le=MBPS,
            description="Bandwidth of its public address in Mbit/s, paid by traffic. With 0 it has none, "
            "goes out through NAT, and is reached by its private address.",
            examples=[100],
        ),
    ] = 100
    stopped_mode: Annotated[
        Literal["keepCharging", "stopCharging"],
        Change.NEW_MACHINES,
        Field(
            description="How Alibaba's provider stops the machine where it has to: with `stopCharging` it "
            "gives its place away, costs only disk and address, and may find no place when it is started. "
            "A stop in the console says it anew.",
            examples=["stopCharging"],
        ),
    ] = "keepCharging"
    release_time: Annotated[
        ReleaseTime | None,
        Change.IN_PLACE,
        Field(
            description="When Alibaba Cloud ends the machine and its disk by itself, in UTC to the minute.",
            examples=["2027-01-31T18:00:00Z"],
        ),
    ] = None
    deletion_protection: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Whether nobody may end the machine, this program included, before it is taken back.",
            examples=[True],
        ),
    ] = False


class AlicloudCluster(common.AnyCluster):
    """A controller and workers on ECS."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        "maxElasticWorkers": "alicloud has no elastic pools: take it out"
    }

    master: Annotated[
        AlicloudMaster, Change.PER_FIELD, Field(description="The controller's machine.", examples=[_MASTER])
    ]
    pools: Annotated[
        tuple[AlicloudPool, ...],
        Change.WORKERS,
        Field(min_length=1, description="Groups of workers.", examples=[[_POOL]]),
    ]


class AlicloudConfig(common.RemoteConfig):
    """What one stack on Alibaba Cloud consists of."""

    cloud: Annotated[
        Literal["alicloud"],
        Change.EVERYTHING,
        Field(description="Where machines come from.", examples=["alicloud"]),
    ]
    network: Annotated[
        AlicloudNetwork, Change.PER_FIELD, Field(description="The stack's private network.", examples=[{}])
    ] = AlicloudNetwork()
    storage: Annotated[
        AlicloudStorage,
        Change.PER_FIELD,
        Field(description="Storage that all machines share.", examples=[{}]),
    ] = AlicloudStorage()
    cluster: Annotated[
        AlicloudCluster | None,
        Change.PER_FIELD,
        Field(
            description="Controller and workers. A stack may have GPU VMs alone.",
            examples=[{"platform": "ray", "master": _MASTER, "pools": [_POOL]}],
        ),
    ] = None
    gpu_vms: Annotated[
        tuple[AlicloudGpuVm, ...],
        Change.WORKERS,
        Field(
            max_length=GPU_VMS,
            description="Machines with one agent of a controller elsewhere.",
            examples=[[{**EXAMPLE, "instanceType": "ecs.gn6i-c4g1.xlarge"}]],
        ),
    ] = ()
