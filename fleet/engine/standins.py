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


class _Loader(yaml.SafeLoader):
    """Times are text, as Pulumi reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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
    """What the CLI's copy of a stack file says: of a simulated stack with its stand-ins, if they are there.

    Says what it puts in place of what. Secrets of the real stack are left out: the state of simulated stacks
    has another passphrase.
    """
    if not sim.on() or stacks.config_if_any(paths.ROOT, stack).get("cloud") == "local":
        return text
    document: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    config: dict[str, Any] = document["config"]
    before = yaml.safe_dump(document)
    hidden = [key for key, value in config.items() if isinstance(value, dict) and "secure" in value]
    for key in hidden:
        del config[key]
    if hidden:
        print(f"==> SIM=1: {', '.join(hidden)} of the real stack are left out", flush=True)
    for key in ("encryptionsalt", "encryptedkey", "secretsprovider"):
        document.pop(key, None)
    found = _of(stack)
    if found is not None and found.is_there():
        _name(config, found)
    return text if yaml.safe_dump(document) == before else yaml.safe_dump(document, sort_keys=False)


def _name(config: dict[str, Any], found: Any) -> None:
    """Puts the stand-ins into a configuration."""
    vms: list[dict[str, Any]] = config[_key(config, "gpuVms")]
    servers = sorted({str(vm["settings"].get("serverAddress")) for vm in vms})
    print(f"==> SIM=1: {found.url} stands in for {' and '.join(servers)}", flush=True)
    for vm in vms:
        vm["settings"] = _settings(vm["settings"], found)
    packages: dict[str, Any] = config.get(_key(config, "packages")) or {}
    known: list[str] = packages.get("insecureRegistries") or []
    insecure = [*known, found.registry]
    config[_key(config, "packages")] = {**_without_dead_mirror(packages), "insecureRegistries": insecure}


def _key(config: dict[str, Any], name: str) -> str:
    return next((key for key in config if key.removeprefix("agent-fleet:") == name), f"agent-fleet:{name}")


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
