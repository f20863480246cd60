"""User data of a machine: `userdata/node.yaml` filled in. Pure.

The host key is the only secret in it, and only of a machine with a name. Who can read user data on each
cloud is said in docs/security.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.scripts import LOGIN_USER

SKELETON = Path(__file__).parent.parent / "userdata" / "node.yaml"
# The image's own timers hold the lock at first boot, and a connection may get lost.
PATIENCE = {
    "path": "/etc/apt/apt.conf.d/80-agent-fleet",
    "content": 'DPkg::Lock::Timeout "600";\nAcquire::Retries "5";\n',
}


@dataclass(frozen=True)
class Setup:
    """What a machine installs, writes and runs at first boot for one purpose: nothing where it comes along.

    `files` by path; `commands` run when packages are installed, and must not wait for the shared storage.
    `early` run at every boot, before sshd listens.
    """

    packages: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    commands: tuple[tuple[str, ...], ...] = ()
    early: tuple[tuple[str, ...], ...] = ()


WITHOUT = Setup()


def together(*setups: Setup) -> Setup:
    """One after the other."""
    return Setup(
        packages=tuple(package for setup in setups for package in setup.packages),
        files={path: content for setup in setups for path, content in setup.files.items()},
        commands=tuple(command for setup in setups for command in setup.commands),
        early=tuple(command for setup in setups for command in setup.early),
    )


@cache
def _skeleton() -> dict[str, Any]:
    return yaml.safe_load(SKELETON.read_text())


def document(
    hostname: str,
    host_private_key: str,
    host_public_key: str,
    authorized_keys: Sequence[str],
    setup: Setup = WITHOUT,
    apt_mirror: str | None = None,
) -> str:
    """The `#cloud-config` text: hostname, pinned host key, the one login user, the shared storage."""
    keys = {"ed25519_private": host_private_key, "ed25519_public": host_public_key}
    return _text({"hostname": hostname, "ssh_keys": keys}, authorized_keys, setup, apt_mirror)


def nameless(
    authorized_keys: Sequence[str],
    setup: Setup = WITHOUT,
    apt_mirror: str | None = None,
    files: Sequence[Mapping[str, str]] = (),
    commands: Sequence[Sequence[str]] = (),
) -> str:
    """As `document`, of a machine that makes a host key of its own and is visited by no step.

    `files` and `commands` are what it does at first boot besides. No secret belongs here.
    """
    return _text({}, authorized_keys, setup, apt_mirror, files, commands)


def _text(
    identity: Mapping[str, Any],
    authorized_keys: Sequence[str],
    setup: Setup,
    apt_mirror: str | None,
    files: Sequence[Mapping[str, str]] = (),
    commands: Sequence[Sequence[str]] = (),
) -> str:
    skeleton = _skeleton()
    user = {
        "name": LOGIN_USER,
        "shell": "/bin/bash",
        "lock_passwd": True,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "ssh_authorized_keys": list(authorized_keys),
    }
    written = [
        *skeleton["write_files"],
        *([PATIENCE] if setup.packages else []),
        *({"path": path, "content": content} for path, content in setup.files.items()),
        *(dict(file) for file in files),
    ]
    run = [list(command) for command in (*setup.commands, *commands)]
    filled = {
        **identity,
        **skeleton,
        "users": [user],
        "write_files": written,
        **(_packages(setup.packages, apt_mirror) if setup.packages else {}),
        **({"runcmd": run} if run else {}),
        **({"bootcmd": [list(command) for command in setup.early]} if setup.early else {}),
    }
    return "#cloud-config\n" + yaml.dump(filled, Dumper=yaml.CSafeDumper, sort_keys=False, width=4096)


def _packages(names: Sequence[str], mirror: str | None) -> dict[str, Any]:
    """Debian's mirrors carry the security archive beside the main one. No mirror: as the image has it."""
    found: dict[str, Any] = {"package_update": True, "packages": list(names)}
    if mirror:
        base = mirror.rstrip("/")
        found["apt"] = {
            "primary": [{"arches": ["default"], "uri": base}],
            "security": [{"arches": ["default"], "uri": f"{base}-security"}],
        }
    return found
