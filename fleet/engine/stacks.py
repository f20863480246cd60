"""A stack's file, its copy for the CLI, its record in the state, and a lock that a killed run left."""

import fcntl
import json
import os
import re
import socket
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import yaml

from fleet.engine import paths
from fleet.errors import UserError
from fleet.private import private_folder, write_private

# What the CLI itself writes into a stack file.
_WRITTEN = re.compile(r"^(encryptionsalt|encryptedkey|secretsprovider):.*$", re.MULTILINE)
WAIT_SECONDS = 900


def copy_for_cli(root: Path, stack: str, own: bool = True, rewritten: Callable[[str], str] = str) -> Path:
    """Brings the stack file's copy up to date and returns it.

    The CLI writes an encryption salt into the file it is given, at every kind of run; into this copy, so that
    the working tree stays clean. The salt of earlier runs is kept, unless the stack file has one. `rewritten`
    changes what the copy says.
    """
    copy = paths.stack_copy(root, stack, own)
    text = rewritten(paths.stack_file(root, stack).read_text())
    before = copy.read_text() if copy.exists() else ""
    if not _WRITTEN.search(text):
        kept = [found.group(0) for found in _WRITTEN.finditer(before)]
        text = "\n".join([text.rstrip("\n"), *kept, ""])
    private_folder(copy.parent)
    (copy.parent / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text())
    if text != before:
        write_private(copy, text)
    return copy


def config_of(root: Path, stack: str) -> Mapping[str, Any]:
    """The stack file's configuration, unchecked; empty where it is no mapping (the program reports that)."""
    try:
        document: object = yaml.safe_load(paths.stack_file(root, stack).read_text())
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise UserError(f"{paths.stack_file(root, stack).name} is not YAML: {where}") from None
    config = cast(dict[str, Any], document).get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        return {}
    return {key.removeprefix("agent-fleet:"): value for key, value in cast(dict[str, Any], config).items()}


def config_if_any(root: Path, stack: str) -> Mapping[str, Any]:
    """The same, and empty where the stack has no file."""
    return config_of(root, stack) if (root / f"Pulumi.{paths.short_name(stack)}.yaml").is_file() else {}


def machines(config: Mapping[str, Any]) -> int:
    """How many machines a configuration asks for; 0 where it cannot be told."""
    count = 0
    cluster = config.get("cluster")
    if isinstance(cluster, dict):
        count += 1
        for pool in _mappings(cast(dict[str, Any], cluster).get("pools")):
            wanted, without, there = pool.get("count"), pool.get("without"), pool.get("addresses")
            if isinstance(there, list):
                wanted = len(cast(list[Any], there))
            if isinstance(wanted, int):
                count += max(0, wanted - (len(cast(list[Any], without)) if isinstance(without, list) else 0))
    return count + len(_mappings(config.get("gpuVms")))


def _mappings(value: object) -> list[dict[str, Any]]:
    entries = cast(list[object], value) if isinstance(value, list) else []
    return [cast(dict[str, Any], entry) for entry in entries if isinstance(entry, dict)]


def parallel(count: int) -> int:
    """How many resources the engine works on at once.

    A machine's step and then its membership hold one slot while they wait for the network, so every machine
    needs a slot for the critical path not to grow with their number; 8 more for what is not a machine. The
    engine's own default is 4 per core of the operator's computer, which has nothing to do with either. Beyond
    256 the operator's computer is the limit.
    """
    return min(max(16, count + 8), 256)


def exists(root: Path, stack: str) -> bool:
    """Whether the project's own state has the stack."""
    return any(_folder(root, "stacks").glob(f"{paths.short_name(stack)}.json*"))


def interrupted(root: Path, stack: str) -> list[dict[str, Any]]:
    """The operations that a killed run left unfinished, if all of them are on commands."""
    file = _folder(root, "stacks") / f"{paths.short_name(stack)}.json"
    if not file.exists():
        return []
    checkpoint: dict[str, Any] = json.loads(file.read_text()).get("checkpoint") or {}
    latest: dict[str, Any] = checkpoint.get("latest") or {}
    operations = _mappings(latest.get("pending_operations"))
    commands = [operation for operation in operations if "command:" in _urn(operation)]
    return commands if len(commands) == len(operations) else []


def _urn(operation: Mapping[str, Any]) -> str:
    return str(operation["resource"]["urn"])


def name(operation: Mapping[str, Any]) -> str:
    return _urn(operation).rpartition("::")[2]


def to_run_again(operations: list[dict[str, Any]]) -> list[str]:
    """URNs of commands that were cut off, and that the engine would leave as they are now, because the state
    says what they were before."""
    return [urn for operation in operations for urn in _half_updated(operation) + _half_deleted(operation)]


def _half_updated(operation: Mapping[str, Any]) -> list[str]:
    """A command with a `delete` would take back by it what it is to do."""
    deletes = operation["resource"].get("inputs", {}).get("delete")
    return [_urn(operation)] if operation["type"] == "updating" and not deletes else []


def _half_deleted(operation: Mapping[str, Any]) -> list[str]:
    """A machine may be gone. An agent may be drained, which its step mends. Storage is never made anew."""
    if operation["type"] != "deleting":
        return []
    if name(operation).endswith(("-host", "-lease")):
        return [_urn(operation)]
    agent = _urn(operation).removesuffix("-membership")
    return [f"{agent}-step"] if agent != _urn(operation) else []


def _folder(root: Path, kind: str) -> Path:
    return paths.state(root) / ".pulumi" / kind / project(root)


def project(root: Path) -> str:
    return str(cast(dict[str, Any], yaml.safe_load((root / "Pulumi.yaml").read_text()))["name"])


def holders(root: Path, stack: str) -> list[int]:
    """Processes of this computer that hold the stack's lock; 0 for one that is gone.

    Raises:
        UserError: another computer holds it, so that nobody here can tell whether it still runs.
    """
    found: list[int] = []
    folder = paths.state(root) / ".pulumi/locks/organization" / project(root) / paths.short_name(stack)
    for file in folder.glob("*.json"):
        try:
            lock = json.loads(file.read_text())
            pid, host = int(lock["pid"]), str(lock["hostname"])
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError):
            found.append(0)
            continue
        if host != socket.gethostname():
            raise UserError(
                f"stack {stack} is locked by a run on {host} (pid {pid}) since {lock.get('timestamp')}; wait "
                f"for its end; if it is surely over, run: make cancel STACK={stack}"
            )
        found.append(pid if _is_pulumi(pid) else 0)
    return found


def _is_pulumi(pid: int) -> bool:
    """Whether the process lives. A pid is used again by others, so its name must be right too."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return status.startswith("Name:\tpulumi") and "\nState:\tZ" not in status


@contextmanager
def one_at_a_time(root: Path, stack: str) -> Generator[None]:
    """Holds the stack for a run of this project, after those before it: the engine's own lock comes only when
    the engine does, and one of two that look for it together would fail.

    Raises:
        UserError: another run holds it for longer than WAIT_SECONDS.
    """
    folder = paths.copies(root)
    private_folder(folder)
    with (folder / f"{paths.short_name(stack)}.run").open("a+") as file:
        _wait_for_end(stack, lambda: None if _took(file) else _written(file))
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}")
        file.flush()
        yield


def _took(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(file: IO[str]) -> str:
    file.seek(0)
    return file.read() or "?"


def wait_for_holders(root: Path, stack: str) -> bool:
    """Waits until no living run holds the lock; returns whether a dead one still does.

    Raises:
        UserError: a run is at work for longer than WAIT_SECONDS.
    """
    _wait_for_end(stack, lambda: next((str(pid) for pid in holders(root, stack) if pid), None))
    return bool(holders(root, stack))


def _wait_for_end(stack: str, run: Callable[[], str | None]) -> None:
    """`run` gives the pid of the run that is waited for."""
    told = 0.0
    until = time.monotonic() + WAIT_SECONDS
    while pid := run():
        now = time.monotonic()
        if now > until:
            raise UserError(
                f"another run (pid {pid}) has been at work on stack {stack} for {WAIT_SECONDS // 60} "
                f"minutes; wait for its end, or end it with: kill -INT {pid}"
            )
        if now - told > 30:
            told = now
            print(f"==> another run (pid {pid}) is at work on stack {stack}; waiting for its end", flush=True)
        time.sleep(0.5)
