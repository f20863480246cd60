"""Docker's daemon.json on a machine whose agent runs work in containers."""

from typing import Any

from components.fleet import Fleet
from components.platforms import gpu


def daemon(fleet: Fleet, gpus: int) -> dict[str, Any]:
    """Where a host has the old kind of cgroups, containers need one of their own."""
    packages = fleet.config.packages
    return {
        "default-cgroupns-mode": "private",
        "registry-mirrors": list(packages.registry_mirrors),
        "insecure-registries": list(packages.insecure_registries),
        **(gpu.RUNTIMES if gpus else {}),
    }
