"""The machines of a cluster, as far as every cloud says them alike."""

from typing import Annotated

from pydantic import Field

from components.config.base import Change, Model
from components.config.sizes import Sized
from components.config.types import PoolName

# Four digits of a node's name; `types.py` has the sum that makes them fit a host name.
WORKERS_PER_POOL = 9999
# EC2 machines with the most GPUs have 16 (p2.16xlarge).
GPUS = 16
# A longer idle time than a day is no elastic pool.
IDLE_MINUTES = 24 * 60


class Elastic(Model):
    """Workers that come with the work and go when they are idle."""

    min: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=0, le=WORKERS_PER_POOL, description="Workers that stay without work as well.", examples=[0]),
    ] = 0
    max: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=1, le=WORKERS_PER_POOL, description="Most workers at a time.", examples=[40]),
    ]
    idle_minutes: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=1, le=IDLE_MINUTES, description="Minutes without work after which a worker goes.", examples=[5]
        ),
    ] = 5


class AnyPool(Sized):
    """Workers of one kind. Worker n of pool p is the node `p-n`, whoever else comes or goes."""

    name: Annotated[
        PoolName,
        Change.MACHINE,
        Field(description="First part of its workers' names.", examples=["workers"]),
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

    @property
    def scaling(self) -> Elastic | None:
        """How an elastic pool grows and shrinks; None for a pool of `count` workers."""
        return None
