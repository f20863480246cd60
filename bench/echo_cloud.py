"""A pulumi-aws plugin that answers as `tests/simcloud` does, keeps its account in memory and boots nothing.

Beside `echo_plugin.py`, where only the engine's and the program's own cost is measured.
"""

import sys
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

# the SDK's own, about its own modules
warnings.simplefilter("ignore", DeprecationWarning)

from tests.simcloud.hooks import Hooks  # noqa: E402 - needs the path above
from tests.simcloud.kind import Kind  # noqa: E402 - as above
from tests.simcloud.provider import Provider  # noqa: E402 - as above
from tests.simcloud.store import Account, Store  # noqa: E402 - as above
from tools.provider.serve import serve  # noqa: E402 - as above


class Remembered(Store):
    """A file would be written anew at every change: the stand-in's cost would be quadratic."""

    def __init__(self, account: Account) -> None:
        super().__init__("bench")
        self._account = account
        self._lock = threading.RLock()

    def read(self) -> Account:
        return self._account

    @contextmanager
    def change(self) -> Generator[Account]:
        with self._lock:
            yield self._account

    @contextmanager
    def lock(self, name: str) -> Generator[None]:
        del name
        with self._lock:
            yield

    def tidy(self) -> None:
        pass


class Echo(Provider):
    """Gives every resource what a first `up` would; what is real stays away."""

    def __init__(self, engine: str) -> None:
        super().__init__("aws", engine)
        self._remembered = Remembered(Account({}))

    def _store(self, urn: str) -> Store:
        del urn
        return self._remembered

    def _hooks(self, kind: Kind) -> Hooks:
        return replace(super()._hooks(kind), made=None, changed=None, gone=None, alive=None)


if __name__ == "__main__":
    serve(Echo)
