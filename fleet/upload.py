"""Files and folders from here to the shared storage of a cluster, in one stream."""

import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, cast

from fleet.cluster import Cluster
from fleet.errors import UserError

LEFT_OUT = {".git", "__pycache__", ".venv", "venv"}


def send(cluster: Cluster, files: Mapping[Path, PurePosixPath]) -> None:
    """Lays each file or folder at its place; what is there already under other names stays."""
    if not files:
        return
    storage = cluster.inventory.mount_path
    command = cluster.argv("tar --extract --no-same-owner --no-same-permissions --directory /")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    broken = False
    try:
        pack(files, cast(IO[bytes], process.stdin))
    except BrokenPipeError:
        broken = True
    _, complaint = process.communicate()
    if process.returncode or broken:
        last = (complaint.decode(errors="replace").strip().splitlines() or ["the connection broke"])[-1]
        raise UserError(f"the upload to {storage} of {cluster.inventory.stack} failed: {last}", 1)


def pack(files: Mapping[Path, PurePosixPath], stream: IO[bytes]) -> None:
    """A tar stream with every file under its place's name."""
    with tarfile.open(fileobj=stream, mode="w|") as tar:
        for source, place in files.items():
            tar.add(source, arcname=str(place).lstrip("/"), filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without owners, and readable by the cluster's user whatever the modes are here."""
    if PurePosixPath(member.name).name in LEFT_OUT:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
