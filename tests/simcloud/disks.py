"""Disks of any cloud: sparse files beside the stack's file systems, and loop devices where they are attached.

A host gets the device under the name that udev would give it, from tmpfiles.d: so it is there after a reboot.
"""

import json
import re
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from tests.simcloud import clouds, hosts, names, storage
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Account, Record, Store
from tools.local_hosts import machine, podman, seed
from tools.local_hosts.errors import HostError

ATTACHMENTS = ("volumeAttachment", "diskAttachment")
FOLDER = "disks"
# A loop device goes when the last mount of it does.
SECONDS = 20


def of(attachment: Record) -> str:
    """The disk's id."""
    props = attachment["props"]
    return str(props.get("volumeId") or props.get("diskId"))


def attachments(account: Account, key: str, identity: str) -> list[Record]:
    """Of an instance (`instanceId`) or of a disk (`volumeId`, `diskId`)."""
    return [one for one in account.of(*ATTACHMENTS) if one["props"].get(key) == identity]


def free(account: Account, disk: str) -> bool:
    return not any(of(one) == disk for one in account.of(*ATTACHMENTS))


# disks


def make(store: Store, record: Record) -> None:
    storage.in_volume(store, "mkdir", "-p", FOLDER)
    _sized(store, record)


def grow(store: Store, before: Record, record: Record) -> None:
    """In place, also while a host has it. Smaller it does not get."""
    old, new = int(before["props"]["size"]), int(record["props"]["size"])
    if new < old:
        with store.change() as account:
            account.one(record["kind"], record["id"])["props"]["size"] = old
        raise RefusedError(
            "InvalidParameterValue", f"New size cannot be smaller than existing size ({new} GiB, {old} GiB)"
        )
    if new > old:
        _sized(store, record)
        for loop in _loops(file_of(store, record["id"])):
            _as_root("losetup", "--set-capacity", loop)


def gone(store: Store, record: Record) -> None:
    """Nobody has it any more: attachments keep a disk."""
    storage.drop(store, "-f", f"{FOLDER}/{record['id']}")


def _sized(store: Store, record: Record) -> None:
    storage.in_volume(store, "truncate", "-s", f"{int(record['props']['size'])}G", f"{FOLDER}/{record['id']}")


# attachments


def attach(store: Store, record: Record) -> None:
    disk = of(record)
    with store.lock("disks"):
        file = file_of(store, disk)
        loop = next(iter(_loops(file)), None) or _as_root("losetup", "--find", "--show", file)
    _place(store, record["props"]["instanceId"], disk, _loops(file)[loop.strip()])


def again(store: Store, instance: str) -> None:
    """For a host that is about to start: after a reboot of this computer a number may be another's."""
    for one in attachments(store.read(), "instanceId", instance):
        attach(store, one)


def refuse_mounted(store: Store, record: Record) -> None:
    """Clouds take a disk from under a mount, or wait for its end; nothing here does."""
    container = names.container(store.stack, record["props"]["instanceId"])
    if podman.running(container) and _inside(container, "findmnt", "--source", _device(store, of(record))):
        raise RefusedError(
            "OperationConflict", f"simcloud: {of(record)} is mounted on {record['props']['instanceId']}"
        )


def detach(store: Store, record: Record) -> None:
    disk, instance = of(record), record["props"]["instanceId"]
    container = names.container(store.stack, instance)
    if record["props"].get("stopInstanceBeforeDetaching"):
        hosts.stop(store, instance)
    if podman.running(container):
        _inside(container, "rm", "-f", _device(store, disk), f"/{_entry(disk)}")
    _let_go(store, disk)


def of_gone_instance(store: Store, instance: str) -> None:
    """Its disks are free again; the attachments are gone with the instance."""
    with store.change() as account:
        held = attachments(account, "instanceId", instance)
        for one in held:
            account.drop(one["kind"], one["id"])
    for one in held:
        _let_go(store, of(one))


def _device(store: Store, disk: str) -> str:
    return clouds.of(store.read()).device(disk)


def _entry(disk: str) -> str:
    return f"etc/tmpfiles.d/simcloud-{disk}.conf"


def _place(store: Store, instance: str, disk: str, number: str) -> None:
    container = names.container(store.stack, instance)
    line = f"b+ {_device(store, disk)} 0660 root disk - {number}\n"
    machine.put(container, seed.archive({_entry(disk): (0o644, line.encode())}))
    if podman.running(container):
        podman.run("exec", container, "systemd-tmpfiles", "--create", f"/{_entry(disk)}")


def _inside(container: str, *words: str) -> bool:
    done = subprocess.run([*podman.command(), "exec", container, *words], capture_output=True, check=False)
    return done.returncode == 0


# loop devices


def loops() -> Mapping[str, str]:
    """All of this computer: file by device."""
    return {name: file for name, (file, _) in _listed().items()}


def release(loop: str) -> None:
    _as_root("losetup", "--detach", loop)


def release_all(stack: str) -> None:
    """Those of files of a stack, whatever its account says."""
    for loop, file in loops().items():
        if f"/{names.volume(stack)}/" in file:
            release(loop)


def leftovers(stack: str) -> list[str]:
    return [
        f"loop device {loop} of {file}"
        for loop, file in loops().items()
        if f"/{names.volume(stack)}/" in file
    ]


def file_of(store: Store, disk: str) -> str:
    return f"{storage.place(store)}/{FOLDER}/{disk}"


def _loops(file: str) -> dict[str, str]:
    """Numbers by device."""
    return {name: number for name, (of_file, number) in _listed().items() if of_file == file}


def _listed() -> dict[str, tuple[str, str]]:
    told = _as_root("losetup", "--list", "--json", "--output", "NAME,BACK-FILE,MAJ:MIN")
    found: list[dict[str, Any]] = json.loads(told)["loopdevices"] if told.strip() else []
    return {
        str(one["name"]): (str(one["back-file"]), re.sub(r"\s", "", str(one["maj:min"]))) for one in found
    }


def _let_go(store: Store, disk: str) -> None:
    file = file_of(store, disk)
    for loop in _loops(file):
        release(loop)
    until = time.monotonic() + SECONDS
    while _loops(file):
        if time.monotonic() > until:
            raise HostError(f"{disk} is still in use: `losetup --list` tells of {file}")
        time.sleep(0.2)


def _as_root(program: str, *words: str) -> str:
    done = subprocess.run([*podman.as_root(program), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostError(f"{program} {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
