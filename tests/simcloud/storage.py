"""File systems are folders of one volume, which all hosts of the stack have.

See image/files/usr/local/lib/simcloud/mount-nfs for how a host gets from one to the other.
"""

import json
import subprocess

from tests.simcloud import names
from tests.simcloud.store import Record, Store
from tools.local_hosts import podman


def make(store: Store, record: Record) -> None:
    volume = names.volume(store.stack)
    with store.lock("files"):
        if not podman.exists("volume", volume):
            podman.run("volume", "create", *podman.label_options(names.labels(store.stack)), volume)
        _in_volume(store, "mkdir", "-p", "-m", "0755", record["id"])


def gone(store: Store, record: Record) -> None:
    with store.lock("files"):
        if any(store.read().of("fileSystem")):
            _in_volume(store, "rm", "-rf", record["id"])
        else:
            podman.remove("volume", names.volume(store.stack))


def volumes(stack: str) -> list[str]:
    """The stack's; podman lists volumes that have any of several labels."""
    labels = names.labels(stack).items()
    return [
        str(one["Name"]) for one in podman.records("volume", "ls") if labels <= (one["Labels"] or {}).items()
    ]


def _in_volume(store: Store, *words: str) -> None:
    """The volume is a folder of podman's, which only root may enter."""
    place = json.loads(podman.run("volume", "inspect", names.volume(store.stack)))[0]["Mountpoint"]
    *command, identity = words
    subprocess.run([*podman.as_root(command[0]), *command[1:], f"{place}/{identity}"], check=True)
