"""What a stack file says on AWS."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from components.config import common, machines, parts
from components.config.base import Change
from components.config.gpu_vms import EXAMPLE, GPU_VMS, AnyGpuVm
from components.config.sizes import Sized
from components.config.types_aws import (
    FileSystemId,
    ImageId,
    InstanceType,
    SubnetId,
    VolumeId,
    VpcId,
    ZoneName,
)

# A region has at most 8 zones that we can name; a VPC takes more subnets than anybody lists here.
ZONES, SUBNETS = 8, 32
# Debian's image has 8 GiB; EBS gives a gp3 volume up to 16 TiB without special hardware.
LEAST_HALF_GIB, MOST_HALF_GIB = 8, 16384
TYPES = 8

_SIZE = "on aws a size is said by `{}`"
_HALF = "on aws shared memory is half of what the type has: take it out"
_ALIBABA = "only alicloud has it: take it out"
_TYPE_EXAMPLE = {"name": "workers", "count": 2, "instanceTypes": ["c5.large"]}


class AwsNetwork(parts.RentedNetwork):
    """A VPC of the stack's own, or one that is there."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        "zone": "aws has several: write `zones: [eu-central-1a]`",
        "vswitchId": "aws has subnets: write `subnetIds`",
    }

    zones: Annotated[
        tuple[ZoneName, ...],
        Change.SUBNETS,
        Field(
            max_length=ZONES,
            description="Availability zones, one at least where the VPC is the stack's own. The master and "
            "the workers of pools with a `count` stand in the first one.",
            examples=[["eu-central-1a", "eu-central-1b"]],
        ),
    ] = ()
    vpc_id: Annotated[
        VpcId | None,
        Change.NETWORK,
        Field(
            description="A VPC that is there, used as it is; needs `subnetIds` as well.",
            examples=["vpc-0123456789abcdef0"],
        ),
    ] = None
    subnet_ids: Annotated[
        tuple[SubnetId, ...],
        Change.SUBNETS,
        Field(
            max_length=SUBNETS,
            description="Subnets of that VPC. The master stands in the first one, which needs a route to an "
            "internet gateway; so do the others, or with `private` a route to a NAT gateway.",
            examples=[["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]],
        ),
    ] = ()

    @property
    def known_cidr(self) -> IPv4Network | None:
        return None if self.vpc_id or self.subnet_ids else self.cidr or parts.DEFAULT_CIDR


class AwsStorage(parts.RentedStorage):
    """An EFS file system, and an EBS volume for the master's databases."""

    file_system_id: Annotated[
        FileSystemId | None,
        Change.STORAGE,
        Field(
            description="An EFS file system that is there, such as one that another stack retained. It is "
            "used as it is and never deleted.",
            examples=["fs-0123456789abcdef0"],
        ),
    ] = None
    state_volume_id: Annotated[
        VolumeId | None,
        Change.STATE,
        Field(
            description="An encrypted EBS volume with the databases of a master, such as one that another "
            "stack retained, in the master's zone. It is used as it is and never deleted.",
            examples=["vol-0123456789abcdef0"],
        ),
    ] = None
    backup: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Whether AWS Backup keeps daily copies of a file system that is the stack's own.",
            examples=[False],
        ),
    ] = True


class OnInstances(Sized):
    """What every machine on EC2 has."""

    disk_gib: Annotated[
        int,
        Change.MACHINE,
        Field(ge=LEAST_HALF_GIB, le=MOST_HALF_GIB, description="Encrypted root disk in GiB.", examples=[40]),
    ] = 40
    image_id: Annotated[
        ImageId | None,
        Change.NEW_MACHINES,
        Field(
            description="Image that machines boot from. Default: the newest Debian 13 when they are made, "
            "for types with GPUs the newest one of AWS with NVIDIA's driver.",
            examples=["ami-0123456789abcdef0"],
        ),
    ] = None


class AwsMaster(OnInstances):
    """The master's instance, always on demand."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE.format("instanceType")),
        "shmGiB": _HALF,
        "market": "the master is always on demand: a spot machine may go, and the cluster with it",
        "instanceTypes": "the master is one machine: write `instanceType`",
    }

    instance_type: Annotated[
        InstanceType, Change.MACHINE, Field(description="Instance type.", examples=["m5.2xlarge"])
    ]

    @property
    def types(self) -> tuple[str, ...]:
        return (self.instance_type,)


class AwsPool(machines.AnyPool, OnInstances):
    """Workers on instances: as many as `count` says, or elastic."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE.format("instanceTypes")),
        "shmGiB": _HALF,
        "instanceType": "a pool has a list: write `instanceTypes: [c5.large]`",
        **dict.fromkeys(("min", "max", "idleMinutes"), "write it below `elastic`"),
    }

    count: Annotated[
        int | None,
        Change.WORKERS,
        Field(
            ge=0,
            le=machines.WORKERS_PER_POOL,
            description="Workers are numbered 1 to `count`. Either this or `elastic`.",
            examples=[2],
        ),
    ] = None
    elastic: Annotated[
        machines.Elastic | None,
        Change.PER_FIELD,
        Field(
            description="Workers come with the work and go when they are idle. Either this or `count`.",
            examples=[{"min": 0, "max": 40, "idleMinutes": 5}],
        ),
    ] = None
    market: Annotated[
        Literal["onDemand", "spot"],
        Change.MACHINE,
        Field(
            description="How machines are bought. Spot costs less, and AWS may take it back.",
            examples=["spot"],
        ),
    ] = "onDemand"
    instance_types: Annotated[
        tuple[InstanceType, ...],
        Change.MACHINE,
        Field(
            min_length=1,
            max_length=TYPES,
            description="Instance types: one with `count`, up to 8 with `elastic`, the first choice first.",
            examples=[["c5.large"]],
        ),
    ]

    @property
    def types(self) -> tuple[str, ...]:
        return self.instance_types

    @property
    def scaling(self) -> machines.Elastic | None:
        return self.elastic


class AwsCluster(common.AnyCluster):
    """A controller and workers on EC2."""

    master: Annotated[
        AwsMaster,
        Change.PER_FIELD,
        Field(
            description="The controller's machine.", examples=[{"instanceType": "m5.2xlarge", "diskGiB": 40}]
        ),
    ]
    pools: Annotated[
        tuple[AwsPool, ...],
        Change.WORKERS,
        Field(min_length=1, description="Groups of workers.", examples=[[_TYPE_EXAMPLE]]),
    ]
    max_elastic_workers: Annotated[
        int | None,
        Change.IN_PLACE,
        Field(
            ge=1,
            le=machines.WORKERS_PER_POOL,
            description="Most workers of all elastic pools together. Default: the sum of their `max`.",
            examples=[40],
        ),
    ] = None

    @property
    def elastic_limit(self) -> int:
        sum_of_max = sum(pool.elastic.max for pool in self.pools if pool.elastic)
        return sum_of_max if self.max_elastic_workers is None else self.max_elastic_workers


class AwsGpuVm(OnInstances, AnyGpuVm):
    """An instance with one agent."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(("cpus", "memoryGiB"), _SIZE.format("instanceType")),
        "shmGiB": _HALF,
        "instanceTypes": "a GPU VM is one machine: write `instanceType`",
        **dict.fromkeys(("internetMbps", "stoppedMode", "releaseTime", "deletionProtection"), _ALIBABA),
    }

    instance_type: Annotated[
        InstanceType, Change.MACHINE, Field(description="Instance type.", examples=["g4dn.xlarge"])
    ]
    disk_gib: Annotated[
        int,
        Change.MACHINE,
        Field(ge=LEAST_HALF_GIB, le=MOST_HALF_GIB, description="Encrypted root disk in GiB.", examples=[300]),
    ] = 200
    market: Annotated[
        Literal["onDemand", "spot"],
        Change.MACHINE,
        Field(
            description="How the machine is bought. Spot costs less, and AWS may take it back.",
            examples=["spot"],
        ),
    ] = "onDemand"

    @property
    def types(self) -> tuple[str, ...]:
        return (self.instance_type,)


class AwsConfig(common.RemoteConfig):
    """What one stack on AWS consists of."""

    cloud: Annotated[
        Literal["aws"], Change.EVERYTHING, Field(description="Where machines come from.", examples=["aws"])
    ]
    network: Annotated[
        AwsNetwork, Change.PER_FIELD, Field(description="The stack's private network.", examples=[{}])
    ] = AwsNetwork()
    storage: Annotated[
        AwsStorage, Change.PER_FIELD, Field(description="Storage that all machines share.", examples=[{}])
    ] = AwsStorage()
    cluster: Annotated[
        AwsCluster | None,
        Change.PER_FIELD,
        Field(
            description="Controller and workers. A stack may have GPU VMs alone.",
            examples=[
                {
                    "platform": "ray",
                    "master": {"instanceType": "m5.2xlarge"},
                    "pools": [_TYPE_EXAMPLE],
                }
            ],
        ),
    ] = None
    gpu_vms: Annotated[
        tuple[AwsGpuVm, ...],
        Change.WORKERS,
        Field(
            max_length=GPU_VMS,
            description="Machines with one agent of a controller elsewhere.",
            examples=[[{**EXAMPLE, "instanceType": "g4dn.xlarge"}]],
        ),
    ] = ()
