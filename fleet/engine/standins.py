"""Stacks whose controller is a stand-in on this computer: what runs beside them, and what they are told.

They are the stack supervisely-local, whose file names the stand-ins, and simulated stacks with GPU VMs: the
CLI's copy of their file names the stand-ins in place of the server and the registry that the file has.
"""

import importlib
import urllib.request
from collections.abc import Iterator
from typing import Any, cast

import yaml

from fleet.engine import paths, sim, stacks

# Its file has the address, so the network of its stand-ins is known before they are there.
LOCAL, SUBNET = "supervisely-local", "10.87.87.0/24"
PROBE_SECONDS = 5
# What a stand-in for a server has not.
_NOT_THERE = ("caCertificate", "proxy", "noProxy", "registry", "registryLogin")


def secrets(stack: str) -> dict[str, str]:
    """Secret keys that the stack's file lacks, because they open a stand-in only."""
    return {"superviselyApiTokens": _module().API_TOKEN} if _of(stack) else {}


def start(stack: str) -> None:
    found = _of(stack)
    if found:
        print("==> stand-ins for a Supervisely server and a registry, on this computer", flush=True)
        found.start(teams=_teams(stack))


def remove(stack: str) -> None:
    found = _of(stack)
    if found:
        found.remove()


def rewritten(stack: str, text: str) -> str:
    """A stack file's text with the stand-ins in it, if they are there; says what it puts in place of what."""
    found = _of(stack)
    if found is None or not sim.on() or not found.is_there():
        return text
    document: dict[str, Any] = yaml.safe_load(text)
    config: dict[str, Any] = document["config"]
    key = next(key for key in config if key.removeprefix("agent-fleet:") == "gpuVms")
    servers: set[str] = set()
    for vm in config[key]:
        servers.add(str(vm["settings"].get("serverAddress")))
        vm["settings"] = _settings(vm["settings"], found)
    print(f"==> SIM=1: {found.url} stands in for {' and '.join(sorted(servers))}", flush=True)
    name = next(
        (key for key in config if key.removeprefix("agent-fleet:") == "packages"), "agent-fleet:packages"
    )
    packages: dict[str, Any] = config.get(name) or {}
    known: list[str] = packages.get("insecureRegistries") or []
    config[name] = {**_without_dead_mirror(packages), "insecureRegistries": [*known, found.registry]}
    return yaml.safe_dump(document, sort_keys=False)


def _settings(said: dict[str, Any], found: Any) -> dict[str, Any]:
    versions = _module().VERSIONS
    version = said.get("agentVersion")
    return {
        **{key: value for key, value in said.items() if key not in _NOT_THERE},
        "serverAddress": found.url,
        "image": f"{found.registry}/{_module().REPOSITORY}",
        "agentVersion": version if version in versions else versions[0],
    }


def _without_dead_mirror(packages: dict[str, Any]) -> dict[str, Any]:
    mirror = packages.get("aptMirror")
    if not mirror or _answers(f"{mirror.rstrip('/')}/dists/stable/Release"):
        return packages
    print(f"==> SIM=1: {mirror} cannot be reached from here; machines use Debian's own mirror", flush=True)
    return {key: value for key, value in packages.items() if key != "aptMirror"}


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=PROBE_SECONDS).close()  # noqa: S310 - of the stack's own file
    except (OSError, ValueError):
        return False
    return True


def _of(stack: str) -> Any | None:
    """The stack's stand-ins, running or not; None for a stack that has none."""
    if paths.short_name(stack) == LOCAL:
        return _module().Standins(LOCAL, SUBNET)
    return _module().Standins(paths.short_name(stack)) if sim.on() and any(_gpu_vms(stack)) else None


def _gpu_vms(stack: str) -> Iterator[dict[str, Any]]:
    """Of a stack on a cloud."""
    config = stacks.config_if_any(paths.ROOT, stack)
    vms: object = config.get("gpuVms")
    if config.get("cloud") != "local" and isinstance(vms, list):
        for vm in cast(list[object], vms):
            if isinstance(vm, dict) and isinstance(cast(dict[str, Any], vm).get("settings"), dict):
                yield vm


def _teams(stack: str) -> list[int]:
    found = {vm["settings"].get("teamId") for vm in _gpu_vms(stack)}
    return sorted(team for team in found if isinstance(team, int))


def _module() -> Any:
    """Only where it is needed: it imports what makes local hosts."""
    return importlib.import_module("tests.supervisely.standins")
