"""What a stack's simulated account holds: one JSON file, changed by one process at a time, whole or not.

    {"resources": {"<kind> <id>": {"cloud", "kind", "id", "name", "urn", "region", "inputs", "props", "sim"}}}

`props` are the resource's properties as a program sees them; `sim` is what only the stand-in knows.
"""

import fcntl
import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2] / ".fleet" / "sim" / "stacks"

Record = dict[str, Any]


class Account:
    """The resources of one stack, read or about to be written."""

    def __init__(self, resources: dict[str, Record]) -> None:
        self.resources = resources

    @property
    def cloud(self) -> str:
        """A stack's resources are all of one cloud; nothing for an account that holds none."""
        return next((str(record.get("cloud", "")) for record in self.resources.values()), "")

    def get(self, kind: str, identity: str) -> Record | None:
        return self.resources.get(f"{kind} {identity}")

    def put(self, record: Record) -> None:
        self.resources[f"{record['kind']} {record['id']}"] = record

    def drop(self, kind: str, identity: str) -> None:
        self.resources.pop(f"{kind} {identity}", None)

    def of(self, *kinds: str) -> Iterator[Record]:
        return (record for record in self.resources.values() if record["kind"] in kinds)

    def one(self, kind: str, identity: str) -> Record:
        """For what must be there because it was checked before."""
        return self.resources[f"{kind} {identity}"]


class Store:
    """A stack's account on disk, below `.fleet/sim/stacks/<stack>/`."""

    def __init__(self, stack: str, home: Path = HOME) -> None:
        self.stack = stack
        self.folder = home / stack
        self._file = self.folder / "account.json"

    def read(self) -> Account:
        try:
            return Account(json.loads(self._file.read_text())["resources"])
        except FileNotFoundError:
            return Account({})

    @contextmanager
    def change(self) -> Generator[Account]:
        """The account, to be changed; nothing is written if the block raises."""
        with self.lock("account"):
            account = self.read()
            before = json.dumps(account.resources)
            yield account
            after = json.dumps(account.resources)
            if after != before:
                write(self._file, f'{{"resources": {after}}}')

    def tidy(self) -> None:
        """An account that holds nothing leaves no file but its locks."""
        with self.lock("account"):
            if not self.read().resources:
                for file in self.folder.glob("*.*"):
                    if file.suffix != ".lock" and file.is_file() and file.name != "faults.json":
                        file.unlink()

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{name}.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def write(path: Path, text: str) -> None:
    """Replaces a file at once; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    unfinished.replace(path)


def stacks(home: Path = HOME) -> list[str]:
    """Stacks with an account."""
    return sorted(file.parent.name for file in home.glob("*/account.json"))
