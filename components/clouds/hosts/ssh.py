"""How a machine that exists already is logged in to, by the system's `ssh`. No Pulumi."""

import shlex
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MACHINE, JUMP = "machine", "jump"
SSH_FAILED = 255
# What ssh says where nothing is wrong with the login, and the next try may do better: a jump host, for one,
# takes a few new connections at a time (MaxStartups).
_LOST = ("Connection", "kex_exchange_identification", "No route to host", "unreachable", "timed out", "pipe")


@dataclass(frozen=True)
class Login:
    """A machine, who logs in there, and the key that it must show. Without `key` the operator uses an own."""

    address: str
    user: str
    host_key: str
    key: str | None = field(default=None, repr=False)
    jump: "Login | None" = None


@dataclass(frozen=True)
class Done:
    """What a command printed; `said` is its standard error, which a script's progress has gone to as well."""

    code: int
    out: str
    said: str

    @property
    def last(self) -> str:
        """Its last words."""
        return next((line for line in reversed(self.said.splitlines()) if line.strip()), "ssh said nothing")

    @property
    def is_lost(self) -> bool:
        """Whether no connection came about, or one broke, and another try may do better."""
        return self.code == SSH_FAILED and any(sign in self.last for sign in _LOST)


def login_of(document: Mapping[str, Any]) -> Login:
    """From what the program gives to `lease` (machine.py)."""
    jump: Mapping[str, Any] | None = document["jump"]
    key = str(document["key"])
    hop = Login(jump["address"], jump["user"], jump["hostKey"], key) if jump else None
    return Login(document["address"], document["user"], document["hostKey"], key, hop)


def run(login: Login, command: Sequence[str], data: str = "", seconds: float | None = None) -> Done:
    """Runs a command with `data` on its standard input, for at most so many seconds."""
    with _config(login) as config:
        argv = ["ssh", "-F", str(config), MACHINE, shlex.join(command)]
        try:
            done = subprocess.run(
                argv,
                input=data,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Done(SSH_FAILED, "", f"timed out after {seconds:g} s")
        return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def _config(login: Login) -> Generator[Path]:
    """An ssh config and its keys, which nobody else reads and which go afterwards."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        folder = Path(name)
        known = [
            f"{MACHINE} {login.host_key}\n",
            *([f"{JUMP} {login.jump.host_key}\n"] if login.jump else []),
        ]
        (folder / "known_hosts").write_text("".join(known))
        lines = _host(folder, MACHINE, login)
        if login.jump:
            lines += [f"  ProxyJump {JUMP}", *_host(folder, JUMP, login.jump)]
        (folder / "config").write_text("".join(f"{line}\n" for line in [*lines, *_everything(folder)]))
        yield folder / "config"


def _host(folder: Path, alias: str, login: Login) -> list[str]:
    lines = [
        f"Host {alias}",
        f"  HostName {login.address}",
        f"  User {login.user}",
        f"  HostKeyAlias {alias}",
    ]
    if login.key is None:
        return lines
    key = folder / f"{alias}.key"
    key.touch(0o600)
    key.write_text(login.key.rstrip("\n") + "\n")
    return [*lines, f"  IdentityFile {key}", "  IdentitiesOnly yes", "  IdentityAgent none"]


def _everything(folder: Path) -> list[str]:
    return [
        "Host *",
        f"  UserKnownHostsFile {folder}/known_hosts",
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
        "  BatchMode yes",
        "  ConnectTimeout 10",
        "  ServerAliveInterval 5",
        "  ServerAliveCountMax 6",
        "  ControlPath none",
        "  LogLevel ERROR",
    ]
