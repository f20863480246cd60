"""What a stack file presumes of the disk with the master's databases, on every cloud that rents one. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from components.config.problems import Problem

NAMED = "storage.stateVolumeId"
_BY_SNAPSHOT = "copy it by a snapshot into {}, and name the copy in `storage.stateVolumeId`"


@dataclass(frozen=True)
class Disk:
    """As its cloud tells it."""

    id: str
    zone: str
    gib: int
    encrypted: bool


def named_disk(disk: Disk, zone: str, said_at: str) -> Iterator[Problem]:
    """Of one that the stack file names. `zone` is the master's, which `said_at` says; empty if unknown."""
    if zone and disk.zone != zone:
        rule = f"is in the zone {disk.zone}, and the master stands in {zone}"
        yield Problem(NAMED, disk.id, rule, _BY_SNAPSHOT.format(zone), (said_at,))
    if not disk.encrypted:
        rule = "is not encrypted, and the databases hold secrets"
        yield Problem(NAMED, disk.id, rule, "make an encrypted one of a snapshot of it, and name that")


def own_disk(disk: Disk, gib: int, zone: str, said_at: str) -> Iterator[Problem]:
    """Of the one that the stack has already; `gib` is what the stack file wants."""
    if disk.gib > gib:
        rule = f"is less than the disk has ({disk.gib} GiB), and none can be made smaller"
        yield Problem("storage.stateGiB", str(gib), rule, f"write `stateGiB: {disk.gib}` or more")
    if zone and disk.zone != zone:
        rule = f"moves the master out of {disk.zone}, where its databases are, on {disk.id}"
        yield Problem(said_at, zone, rule, f"go back to {disk.zone}; or {_BY_SNAPSHOT.format(zone)}")
