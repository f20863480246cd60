"""The size of a machine, said per cloud. Another cloud adds its class here."""

from typing import Annotated

from pydantic import Field

from components.config.base import Change, Model

# The largest machines that clouds rent have 1,920 vCPUs and 32 TiB (EC2 u7inh-32tb.480xlarge).
CPUS = 1920
MEMORY_GIB = 32768


class LocalSize(Model):
    """Size of a machine on local hosts: the limits of its container."""

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
