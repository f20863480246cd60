"""`run`: work on the cluster, its log here, its exit code ours."""

import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from fleet import upload
from fleet.cluster import ON_CLUSTER, Cluster, connect
from fleet.errors import UserError
from fleet.ssh import SSH_FAILED

INTERRUPTED = 130


@dataclass(frozen=True)
class Job:
    """A command that is going to run on the cluster; `folder` is its own place on the shared storage."""

    name: str
    folder: PurePosixPath
    entrypoint: str
    files: dict[Path, PurePosixPath]


def run(stack: str, words: Sequence[str], folders: Sequence[Path]) -> int:
    """Uploads what the command names, runs it, follows it, and returns its exit code."""
    if not words:
        raise UserError("nothing to run; write it after --, like: python -m fleet run dev -- eogrow CONFIG")
    cluster = connect(stack)
    job = plan(words, folders, PurePosixPath(cluster.inventory.mount_path), new_name(words[0]))
    upload.send(cluster, job.files)
    return start(cluster, job)


def start(cluster: Cluster, job: Job) -> int:
    return _attached(cluster, job.name, "submit", job.name, job.entrypoint)


def follow(stack: str, job: str) -> int:
    return _attached(connect(stack), job, "follow", job)


def stop(stack: str, job: str) -> int:
    return _on_head(connect(stack), "stop", job)


def new_name(command: str) -> str:
    """A job's name tells what and when; four random digits keep two of one second apart."""
    stem = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(command).name.lower()).strip("-") or "job"
    return f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def plan(words: Sequence[str], folders: Sequence[Path], storage: PurePosixPath, name: str) -> Job:
    """Where each file goes, and the command as it reads there. Reads no file, asks nobody."""
    folder = storage / "jobs" / name
    files = {source: storage / source.resolve().name for source in folders}
    for source in folders:
        if not source.is_dir():
            raise UserError(f"--upload {source}: there is no such folder")
    if words[0] == "eogrow" and len(words) > 1:
        _refuse_a_lost_config(words[1])
    told = [words[0], *(_placed(word, files, folder) for word in words[1:])]
    if words[0] == "eogrow":
        judge = ON_CLUSTER / "eogrow_judged.py"
        files[judge] = folder / judge.name
        told = ["python3", judge.name, *told[1:]]
    return Job(name, folder, f"mkdir -p {folder} && cd {folder} && exec {shlex.join(told)}", files)


def _refuse_a_lost_config(word: str) -> None:
    if not word.startswith(("-", "/")) and "://" not in word and not _is_file(word):
        raise UserError(f"eogrow {word}: there is no such file here; a path on the cluster starts with /")


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except OSError:
        # longer than a name may be
        return False


def _placed(word: str, files: dict[Path, PurePosixPath], folder: PurePosixPath) -> str:
    """The word as it reads on the cluster: a local file's name becomes its place on the shared storage."""
    path = Path(word)
    if not _is_file(word):
        return word
    for source, place in files.items():
        if path.resolve().is_relative_to(source.resolve()):
            return str(place / path.resolve().relative_to(source.resolve()).as_posix())
    place = folder / path.name
    if place in files.values():
        raise UserError(
            f"two files named {path.name} would land in one place; put them in a folder, --upload it"
        )
    files[path] = place
    return str(place)


def _attached(cluster: Cluster, job: str, verb: str, *arguments: str) -> int:
    again = f"python -m fleet run {cluster.inventory.stack}"
    try:
        code = _on_head(cluster, verb, *arguments)
    except KeyboardInterrupt:
        print(
            f"\nLeft alone: job {job} goes on if it was submitted.\n"
            f"To follow it: {again} --follow {job}\nTo stop it:   {again} --stop {job}",
            file=sys.stderr,
        )
        return INTERRUPTED
    if code == SSH_FAILED:
        print(
            f"No connection to the master, or the job itself ended with {SSH_FAILED}. "
            f"A job that was submitted goes on: {again} --follow {job}\nIf the master is not well: "
            f"python -m fleet status {cluster.inventory.stack}",
            file=sys.stderr,
        )
    return code


def _on_head(cluster: Cluster, *arguments: str) -> int:
    with (ON_CLUSTER / "jobs.py").open() as script:
        command = cluster.in_python(*arguments)
        return subprocess.run(command, stdin=script, check=False).returncode
