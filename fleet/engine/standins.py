"""Stacks whose world outside is a stand-in on this computer: what runs beside them, and what they are told.

They are stacks on local hosts, whose files name the stand-ins, and simulated stacks: the CLI's copy of their
file names the stand-ins in place of what the file has.
"""

import importlib
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import yaml

from fleet.engine import paths, sim, stacks


class _Kind(NamedTuple):
    """Of a platform. The file of its local stack has the address, so the network of that is known before."""

    what: str
    module: str
    local: str
    subnet: str


_KINDS = {
    "supervisely": _Kind(
        "a Supervisely server and a registry",
        "tests.supervisely.standins",
        "supervisely-local",
        "10.87.87.0/24",
    ),
    "atlas": _Kind("the files and images of Atlas", "tests.atlas.standins", "atlas-local", "10.87.88.0/24"),
    "backendai": _Kind(
        "a registry with a kernel image", "tests.backendai.standins", "backendai-local", "10.87.89.0/24"
    ),
}
PROBE_SECONDS = 5


class _Loader(yaml.SafeLoader):
    """Times are text, as Pulumi reads them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def secrets(stack: str) -> dict[str, str]:
    """Secret keys that the stack's file lacks, because they open a stand-in only."""
    return {key: value for platform in _of(stack) for key, value in _module(platform).SECRETS.items()}


def start(stack: str) -> None:
    for platform, found in _of(stack).items():
        print(f"==> stand-ins for {_KINDS[platform].what}, on this computer", flush=True)
        found.start([agent["settings"] for agent in _agents(_config(stack), platform)])


def remove(stack: str) -> None:
    for found in _of(stack).values():
        found.remove()


def rewritten(stack: str, text: str) -> str:
    """What the CLI's copy of a stack file says: of a simulated stack with its stand-ins, if they are there.

    Says what it puts in place of what. Secrets of the real stack are left out: the state of simulated stacks
    has another passphrase.
    """
    if not sim.stands_in_for(_config(stack).get("cloud")):
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
    for platform, found in _of(stack).items():
        if found.is_there():
            _name(config, platform, found)
    return text if yaml.safe_dump(document) == before else yaml.safe_dump(document, sort_keys=False)


def _name(config: dict[str, Any], platform: str, found: Any) -> None:
    """Puts the stand-ins into a configuration."""
    agents = list(_agents({key.removeprefix("agent-fleet:"): config[key] for key in config}, platform))
    replaced = {name for agent in agents for name in found.replaced(agent["settings"])}
    print(f"==> SIM=1: {found.url} stands in for {' and '.join(sorted(replaced))}", flush=True)
    for agent in agents:
        agent["settings"] = found.named(agent["settings"])
    packages: dict[str, Any] = config.get(_key(config, "packages")) or {}
    known: list[str] = packages.get("insecureRegistries") or []
    insecure = [*known, found.registry]
    config[_key(config, "packages")] = {**_without_dead_mirror(packages), "insecureRegistries": insecure}


def _key(config: dict[str, Any], name: str) -> str:
    return next((key for key in config if key.removeprefix("agent-fleet:") == name), f"agent-fleet:{name}")


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


def _of(stack: str) -> dict[str, Any]:
    """The stack's stand-ins by platform, running or not."""
    name, config = paths.short_name(stack), _config(stack)
    if not sim.stands_in_for(config.get("cloud")):
        return {
            platform: _module(platform).Standins(name, kind.subnet)
            for platform, kind in _KINDS.items()
            if kind.local == name
        }
    return {
        platform: _module(platform).Standins(name)
        for platform in _KINDS
        if any(
            list(_module(platform).Standins.replaced(agent["settings"]))
            for agent in _agents(config, platform)
        )
    }


def _agents(config: Mapping[str, Any], platform: str) -> Iterator[dict[str, Any]]:
    """A configuration's cluster and GPU VMs of a platform."""
    vms: object = config.get("gpuVms")
    for agent in (config.get("cluster"), *(cast(list[object], vms) if isinstance(vms, list) else ())):
        if isinstance(agent, dict):
            found = cast(dict[str, Any], agent)
            if found.get("platform") == platform and isinstance(found.get("settings"), dict):
                yield found


def _config(stack: str) -> Mapping[str, Any]:
    return stacks.config_if_any(paths.ROOT, stack)


def _module(platform: str) -> Any:
    """Only where it is needed: it imports what makes local hosts."""
    return importlib.import_module(_KINDS[platform].module)
