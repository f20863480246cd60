"""File systems are folders of one volume, which all hosts of the stack have.

See image/files/usr/local/lib/simcloud/mount-nfs for how a host gets from one to the other. Disks are files of
the same volume (disks.py).
"""

import json
import subprocess

from tests.simcloud import names
from tests.simcloud.store import Record, Store
from tools.local_hosts import podman

HELD = ("fileSystem", "volume", "disk")


def make(store: Store, record: Record) -> None:
    in_volume(store, "mkdir", "-p", "-m", "0755", record["id"])


def gone(store: Store, record: Record) -> None:
    drop(store, "-rf", record["id"])


def drop(store: Store, how: str, path: str) -> None:
    """Removes a path, or the volume where nothing else is in it."""
    with store.lock("files"):
        if any(store.read().of(*HELD)):
            _run(store, "rm", how, path)
        else:
            podman.remove("volume", names.volume(store.stack))


def in_volume(store: Store, *words: str) -> None:
    """A command with a path of the volume, which is made if need be."""
    volume = names.volume(store.stack)
    with store.lock("files"):
        if not podman.exists("volume", volume):
            podman.run("volume", "create", *podman.label_options(names.labels(store.stack)), volume)
        _run(store, *words)


def _run(store: Store, *words: str) -> None:
    *command, path = words
    subprocess.run([*podman.as_root(command[0]), *command[1:], f"{place(store)}/{path}"], check=True)


def place(store: Store) -> str:
    """The volume is a folder of podman's, which only root may enter."""
    return str(json.loads(podman.run("volume", "inspect", names.volume(store.stack)))[0]["Mountpoint"])
