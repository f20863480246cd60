"""What a type does beyond its table."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.simcloud.store import Account, Record, Store


@dataclass(frozen=True)
class Hooks:
    """Functions of one type.

    prepare   in the transaction that makes the record: checks it, fills in outputs; may raise RefusedError
    made      after it: makes what is real; if it raises, the record goes again
    changed   after an update
    gone      after a delete
    alive     whether it is still there
    free      in the transaction that deletes: RefusedError if it cannot go, beyond what `holds` says
    """

    prepare: Callable[[Store, Account, Record], None] | None = None
    made: Callable[[Store, Record], None] | None = None
    changed: Callable[[Store, Record, Record], None] | None = None
    gone: Callable[[Store, Record], None] | None = None
    alive: Callable[[Store, Record], bool] | None = None
    free: Callable[[Store, Account, Record], None] | None = None
