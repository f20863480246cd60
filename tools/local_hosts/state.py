"""Where this project keeps the files of its local hosts, how things are named, and the locks between runs."""

import fcntl
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tools.local_hosts.errors import HostError

PROJECT = "agent-fleet"
FOLDER = Path(__file__).resolve().parents[2]
ROOT = FOLDER / ".fleet" / "local"

# What a Pulumi stack name may hold; node names are host names. Neither leaves its folder or a shell's word.
_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def checked_stack(stack: str) -> str:
    if not _STACK.fullmatch(stack):
        raise HostError(f"{stack!r} is no stack name: use letters, digits, hyphens, underscores and periods")
    return stack


def checked_node(node: str) -> str:
    if not _NODE.fullmatch(node):
        raise HostError(
            f"{node!r} is no host name: use up to 63 lower-case letters, digits and inner hyphens"
        )
    return node


def network_name(stack: str) -> str:
    return f"{PROJECT}-{stack}"


# What a stack keeps: files that all hosts share, and databases of the master.
SHARED, STATE = VOLUMES = ("shared", "state")


def volume_name(stack: str, of: str = SHARED) -> str:
    return f"{PROJECT}-{stack}-{of}"


def container_name(stack: str, node: str) -> str:
    """A period, which no host name holds, keeps stack `a` node `b-c` apart from stack `a-b` node `c`."""
    return f"{PROJECT}-{stack}.{node}"


def labels(stack: str, **more: str) -> dict[str, str]:
    return {"project": PROJECT, "stack": stack, **more}


def stack_folder(stack: str) -> Path:
    return ROOT / "stacks" / stack


def cache_folder() -> Path:
    """Package caches, kept between hosts, stacks and runs."""
    return ROOT / "cache"


def say(text: str) -> None:
    """One line of progress; Pulumi shows it while the command runs."""
    print(f"==> {text}", file=sys.stderr, flush=True)


@contextmanager
def lock(name: str, waiting: str | None = None) -> Generator[None]:
    """Held across runs, stacks and copies of the project; `waiting` is said where that may take long."""
    shared = Path("/run/lock")
    folder = shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
    with (folder / f"{PROJECT}-{os.getuid()}-{name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                say(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Replaces a file at once: a reader sees the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_text(text)
    unfinished.replace(path)


def remove_folder(stack: str) -> None:
    shutil.rmtree(stack_folder(stack), ignore_errors=True)
