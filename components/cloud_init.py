"""User data of a machine: `userdata/node.yaml` filled in. Pure.

The host key is the only secret in it. Who can read user data on each cloud is said in docs/security.md.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.connection import LOGIN_USER

SKELETON = Path(__file__).parent.parent / "userdata" / "node.yaml"


@cache
def _skeleton() -> dict[str, Any]:
    return yaml.safe_load(SKELETON.read_text())


def document(
    hostname: str,
    host_private_key: str,
    host_public_key: str,
    authorized_keys: Sequence[str],
    mounts: Sequence[Sequence[str]] = (),
) -> str:
    """The `#cloud-config` text: hostname, pinned host key, the one login user, mounts as in fstab."""
    filled = {
        **_skeleton(),
        "hostname": hostname,
        "ssh_keys": {"ed25519_private": host_private_key, "ed25519_public": host_public_key},
        "users": [
            {
                "name": LOGIN_USER,
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": list(authorized_keys),
            }
        ],
        "mounts": [list(mount) for mount in mounts],
    }
    return "#cloud-config\n" + yaml.dump(filled, Dumper=yaml.CSafeDumper, sort_keys=False, width=4096)
