"""How the memory of a machine that runs Ray is shared out."""

from dataclasses import dataclass

from components.config.sizes import Size

GIB = 2**30
# The system with Ray's own processes: raylet, agents and idle workers on a node; GCS, dashboard and monitor
# on top of these on the head (1.2 GB seen).
NODE_RESERVE, HEAD_RESERVE = GIB // 2, 3 * GIB // 2
# Ray's own default share of the object store, and what it refuses to go below.
STORE_SHARE, SMALLEST_STORE = 0.3, 75 * 2**20


@dataclass(frozen=True)
class Memory:
    """Bytes: what tasks may ask for, and the object store beside it."""

    tasks: int
    object_store: int


def memory_of(size: Size, reserve: int = NODE_RESERVE) -> Memory:
    """How a machine's memory is shared out.

    The object store gets 30 % of the memory, but at most nine tenths of /dev/shm, where it lies; tasks get
    what is left after `reserve` bytes for the system and Ray itself, and 100 MiB at least.
    """
    total = int(size.memory_gib * GIB)
    shm = total // 2 if size.shm_gib is None else int(size.shm_gib * GIB)
    store = max(SMALLEST_STORE, min(int(total * STORE_SHARE), shm * 9 // 10))
    return Memory(tasks=max(100 * 2**20, total - store - reserve), object_store=store)
