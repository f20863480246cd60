"""NVIDIA's stack on a machine whose agent has GPUs; `userdata/gpu.sh` installs it."""

from typing import Any

from components.fleet import Fleet
from components.scripts import Setting

# Fingerprint of the key that signs NVIDIA's repository, wherever it is mirrored.
KEY = "C95B321B61E88C1809C4F759DDCAE044F796ECB0"
# Of Docker's daemon.json.
RUNTIMES: dict[str, Any] = {"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}}}


def settings(fleet: Fleet) -> dict[str, Setting]:
    """Where the stack comes from."""
    packages = fleet.config.packages
    return {
        "APT_MIRROR": packages.apt_mirror or "",
        "NVIDIA_REPOSITORY": packages.nvidia_repository.rstrip("/"),
        "NVIDIA_KEY": KEY,
    }
