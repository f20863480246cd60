"""What a machine has, however a cloud says it."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.config.base import Model


@dataclass(frozen=True)
class Size:
    """`shm_gib` is a part of the memory, half of it where it is None."""

    cpus: float
    memory_gib: float
    shm_gib: float | None = None
    gpus: int = 0
    arch: str = "x86_64"


class Sized(Model):
    """A machine whose size is said by an instance type, or by itself."""

    @property
    def types(self) -> tuple[str, ...]:
        """Instance types in the order of the file; none where the size is said by itself."""
        return ()

    def size(self, sizes: Mapping[str, Size]) -> Size:
        """`sizes`: what the cloud says of instance types."""
        return sizes[self.types[0]]
