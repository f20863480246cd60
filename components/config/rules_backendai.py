"""Combinations that Backend.AI would take in silence, or fail at on the machine."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from components.config.local import LocalSize
from components.config.model import Config, cluster_of, pools_of
from components.config.problems import Problem, show
from components.config.rules_access import PRIVATE
from components.config.settings_backendai import AgentOptions, BackendaiSettings
from components.config.sizes import Sized

# What the control plane with its databases, and an agent with Docker, were seen to need before any session.
MASTER_GIB, AGENT_GIB = 2, 1
_AT = "cluster.settings"
# Folders of the system and of the agent's own parts.
_TAKEN = r"/(bin|boot|dev|etc|home|lib|lib32|lib64|proc|root|run|sbin|sys|usr|opt|tmp|var)(/(lib|cache|log))?"


def backendai_settings(config: Config) -> BackendaiSettings | None:
    """None in a stack without Backend.AI."""
    settings = config.cluster.settings if config.cluster else None
    return settings if isinstance(settings, BackendaiSettings) else None


def dummy_pools(config: Config) -> Iterator[Problem]:
    settings = backendai_settings(config)
    pools = {pool.name: index for index, pool in enumerate(pools_of(config))}
    for index, name in enumerate(settings.dummy_pools if settings else ()):
        path = f"{_AT}.dummyPools[{index}]"
        if name not in pools:
            known = ", ".join(f"`{pool}`" for pool in pools)
            yield Problem(path, name, "is no pool of the stack", f"known are {known}", ("cluster.pools",))
        elif settings and name in settings.dummy_pools[:index]:
            yield Problem(path, name, "is there twice", "take one out")
        elif pools_of(config)[pools[name]].gpus:
            also = f"cluster.pools[{pools[name]}].gpus"
            rule = "only pretends to run sessions, and the pool offers GPUs"
            yield Problem(path, name, rule, f"take it out, or write `{also}: 0`", (also,))


def fixed_pools(config: Config) -> Iterator[Problem]:
    for index, pool in enumerate(pools_of(config) if backendai_settings(config) else ()):
        if pool.scaling:
            rule = "asks for a scaler, and Backend.AI has none that starts machines"
            yield Problem(f"cluster.pools[{index}].elastic", "{…}", rule, "write `count` in its place")


def sizes(config: Config) -> Iterator[Problem]:
    settings = backendai_settings(config)
    if not settings:
        return
    master = cluster_of(config).master
    if isinstance(master, LocalSize) and master.memory_gib < MASTER_GIB:
        rule = f"is too little for the master of a Backend.AI cluster, which needs {MASTER_GIB} GiB"
        remedy = f"write `memoryGiB: {MASTER_GIB}` or more"
        yield Problem("cluster.master.memoryGiB", show(master.memory_gib), rule, remedy)
    for index, pool in enumerate(pools_of(config)):
        yield from agent_size(f"cluster.pools[{index}]", pool, settings, _AT)


def agent_size(path: str, size: Sized, settings: AgentOptions, at: str) -> Iterator[Problem]:
    """Of a machine with an agent whose settings are at `at`; what instance types have is asked later."""
    if not isinstance(size, LocalSize):
        return
    if size.memory_gib < AGENT_GIB:
        rule = f"is too little for an agent of a Backend.AI cluster, which needs {AGENT_GIB} GiB"
        yield Problem(f"{path}.memoryGiB", show(size.memory_gib), rule, f"write `memoryGiB: {AGENT_GIB}`")
    elif size.memory_gib <= settings.reserved_memory_gib:
        rule = f"leaves no memory for sessions: `reservedMemoryGiB` is {show(settings.reserved_memory_gib)}"
        also = (f"{at}.reservedMemoryGiB",)
        yield Problem(f"{path}.memoryGiB", show(size.memory_gib), rule, "give more, or reserve less", also)
    if not size.cpus.is_integer():
        rule = "must be a whole number: an agent offers whole CPUs"
        remedy = f"write `cpus: {max(1, round(size.cpus))}`"
        yield Problem(f"{path}.cpus", show(size.cpus), rule, remedy)
    elif size.cpus <= settings.reserved_cpus:
        rule = f"leaves no CPU for sessions: `reservedCpus` is {settings.reserved_cpus}"
        also = (f"{at}.reservedCpus",)
        yield Problem(f"{path}.cpus", show(size.cpus), rule, "give more, or reserve less", also)


def users(config: Config) -> Iterator[Problem]:
    settings = backendai_settings(config)
    taken = {settings.admin_email.lower(): f"{_AT}.adminEmail"} if settings else {}
    for index, user in enumerate(settings.users if settings else ()):
        path, email = f"{_AT}.users[{index}].email", user.email.lower()
        if email in taken:
            yield Problem(path, user.email, f"is that of {taken[email]} too", "take one out", (taken[email],))
        taken.setdefault(email, path)


def images(config: Config) -> Iterator[Problem]:
    """The manager gives a session no image whose registry and project it does not know."""
    settings = backendai_settings(config)
    if not settings:
        return
    names = [f"{registry.name}/{registry.project}" for registry in settings.registries]
    for index, name in enumerate(names):
        if name in names[:index]:
            path = f"{_AT}.registries[{index}].name"
            yield Problem(
                path, settings.registries[index].name, "is there twice with its project", "take one out"
            )
    for index, image in enumerate(settings.kernel_images):
        path = f"{_AT}.kernelImages[{index}]"
        if not any(image.startswith(f"{name}/") for name in names):
            rule = "is in no project of `registries`: no session could use it"
            yield Problem(
                path, show(image), rule, "add its registry with the project", (f"{_AT}.registries",)
            )
        elif image in settings.kernel_images[:index]:
            yield Problem(path, show(image), "is there twice", "take one out")


def scratch_root(config: Config) -> Iterator[Problem]:
    settings = backendai_settings(config)
    if settings:
        yield from scratch_folder(_AT, settings, config.storage.mount_path, "storage.mountPath")


def scratch_folder(
    at: str, settings: AgentOptions, shared: PurePosixPath | None, said_at: str
) -> Iterator[Problem]:
    """Of an agent whose settings are at `at`; `shared` is what other machines see as well."""
    path = str(settings.scratch_root)
    if re.fullmatch(_TAKEN, path):
        remedy = "use a folder of its own, such as `/data/scratches`"
        yield Problem(f"{at}.scratchRoot", path, "belongs to the system", remedy)
    elif shared and f"{path}/".startswith(f"{shared}/"):
        rule = "lies in the shared storage, where agents would meet each other's sessions"
        remedy = "use a folder of the machine, such as `/data/scratches`"
        yield Problem(f"{at}.scratchRoot", path, rule, remedy, (said_at,))


def agent_networks(config: Config) -> Iterator[Problem]:
    settings = backendai_settings(config)
    networks = settings.agent_networks if settings else ()
    for index, network in enumerate(networks):
        path = f"{_AT}.agentNetworks[{index}]"
        if not any(network.subnet_of(private) for private in PRIVATE):
            rule = "is not a private network: etcd and redis speak plain text"
            yield Problem(path, str(network), rule, "join by a VPN or a peering, and name its private range")
        elif network in networks[:index]:
            yield Problem(path, str(network), "is there twice", "take one out")


BACKENDAI_RULES = (dummy_pools, fixed_pools, sizes, users, images, scratch_root, agent_networks)
