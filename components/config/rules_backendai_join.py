"""Rules of Backend.AI agents whose manager is there already."""

from collections.abc import Iterator, Set
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from components.config.base import stack_file_key
from components.config.model import Config, vms_of
from components.config.problems import HIDDEN, PROJECT, Problem, show
from components.config.rules_access import WORLD_PREFIX
from components.config.rules_backendai import agent_size, backendai_settings, scratch_folder
from components.config.rules_gpu_vms import is_private
from components.config.settings_backendai_join import API_KEYS, PASSWORD, JoinSettings

# There is one password and one keypair per stack.
_OF_THE_MANAGER = ("etcd_address", "etcd_user", "namespace", "manager_public_key", "api_endpoint")


def one_manager(config: Config) -> Iterator[Problem]:
    first: tuple[str, JoinSettings] | None = None
    for path, _, said in vms_of(config, JoinSettings):
        first = first or (path, said)
        for name in _OF_THE_MANAGER:
            if getattr(said, name) != getattr(first[1], name):
                key = f"settings.{stack_file_key(name)}"
                rule = f"is another one than that of `{first[0]}`, and a stack has one keypair and password"
                remedy = "give agents of another manager a stack of their own"
                yield Problem(f"{path}.{key}", getattr(said, name), rule, remedy, (f"{first[0]}.{key}",))


def own_control_plane(config: Config) -> Iterator[Problem]:
    for path, vm, _ in vms_of(config, JoinSettings) if backendai_settings(config) else ():
        rule = "joins a manager elsewhere, and the stack has a control plane of its own"
        remedy = f"make it a pool: `{{name: {vm.name}, count: 1, …}}`, or take `cluster` out"
        yield Problem(f"{path}.platform", vm.platform, rule, remedy, ("cluster.platform",))


def in_plain_text(config: Config) -> Iterator[Problem]:
    for path, _, said in vms_of(config, JoinSettings):
        endpoint = urlsplit(said.api_endpoint)
        if endpoint.scheme == "http" and not _stays_inside(endpoint.hostname or ""):
            rule = "would carry what it is asked in plain text over the internet"
            remedy = "write https://; http:// is for private addresses and for a tunnel on this computer"
            yield Problem(f"{path}.settings.apiEndpoint", said.api_endpoint, rule, remedy)
        host = said.etcd_address.rpartition(":")[0]
        if _is_address(host) and not is_private(host):
            rule = "would carry passwords in plain text over the internet: etcd and redis speak no TLS"
            remedy = "join by a VPN or a peering, and name its private address"
            yield Problem(f"{path}.settings.etcdAddress", said.etcd_address, rule, remedy)


def _is_address(host: str) -> bool:
    try:
        return bool(IPv4Address(host))
    except ValueError:
        return False


def _stays_inside(host: str) -> bool:
    return host == "localhost" or is_private(host) or (_is_address(host) and IPv4Address(host).is_loopback)


def manager_networks(config: Config) -> Iterator[Problem]:
    for path, _, said in vms_of(config, JoinSettings):
        for index, network in enumerate(said.manager_networks):
            where = f"{path}.settings.managerNetworks[{index}]"
            if network.prefixlen < WORLD_PREFIX:
                remedy = "name the manager's network, or its address with /32"
                yield Problem(where, str(network), "opens the agent to the world", remedy)
            elif network in said.manager_networks[:index]:
                yield Problem(where, str(network), "is there twice", "take one out")


def machines(config: Config) -> Iterator[Problem]:
    for path, vm, said in vms_of(config, JoinSettings):
        at = f"{path}.settings"
        yield from agent_size(path, vm, said, at)
        yield from scratch_folder(at, said, said.mount_path, f"{at}.mountPath")
        if said.dummy and vm.gpus:
            rule, remedy = (
                "only pretends to run sessions, and the machine offers GPUs",
                f"or write `{path}.gpus: 0`",
            )
            yield Problem(f"{at}.dummy", "true", rule, f"take it out, {remedy}", (f"{path}.gpus",))
        for index, image in enumerate(said.kernel_images):
            where = f"{at}.kernelImages[{index}]"
            if said.dummy:
                rule = "has no effect: the agent only pretends to run sessions"
                yield Problem(where, show(image), rule, "take it out", (f"{at}.dummy",))
            elif image in said.kernel_images[:index]:
                yield Problem(where, show(image), "is there twice", "take one out")


JOIN_RULES = (one_manager, own_control_plane, in_plain_text, manager_networks, machines)


def join_secret_problems(config: Config, given: Set[str]) -> Iterator[Problem]:
    """`given` are the secret keys of the stack."""
    joined = next(vms_of(config, JoinSettings), None)
    for key, what in ((PASSWORD, "its manager's etcd"), (API_KEYS, "its manager's API")):
        if joined and key not in given:
            remedy = f"set it with `pulumi config set --secret {PROJECT}:{key}`"
            yield Problem(joined[0], joined[1].name, f"needs `{PROJECT}:{key}` for {what}", remedy)
        elif key in given and not joined:
            rule = "has no effect without `gpuVms` of Backend.AI"
            yield Problem(key, HIDDEN, rule, f"`pulumi config rm {PROJECT}:{key}`", ("gpuVms",))
