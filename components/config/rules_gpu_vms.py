"""Rules of GPU VMs and of Supervisely."""

import re
from collections.abc import Iterator, Mapping, Set
from ipaddress import IPv4Address, IPv4Network
from urllib.parse import urlsplit

from components.config import supervisely_tokens
from components.config.model import Config, GpuVm, pools_of, vms_of
from components.config.problems import PROJECT, Problem, show
from components.config.rules_access import PRIVATE
from components.config.settings_backendai_join import JoinSettings
from components.config.settings_supervisely import AgentSettings
from components.config.supervisely_tokens import AGENTS, API

# The agent's own network between it and the server (docs of sly-net-client).
AGENTS_NETWORK = IPv4Network("10.8.0.0/16")
# What dockerd takes for its containers first; rules_local.py refuses it for every local host.
DOCKERS_NETWORK = IPv4Network("172.17.0.0/16")
ROLES = ("master", "worker", "gpuvm")
PASSWORD = "superviselyRegistryPassword"  # noqa: S105 - the key's name


def _vms(config: Config) -> Iterator[tuple[str, GpuVm]]:
    for index, vm in enumerate(config.gpu_vms):
        yield f"gpuVms[{index}]", vm


def something(config: Config) -> Iterator[Problem]:
    if not config.cluster and not config.gpu_vms:
        rule = "is required where there are no `gpuVms`: the stack has no machines"
        yield Problem("cluster", "", rule, "add one of them; Pulumi.dev.yaml shows a cluster", ("gpuVms",))


def storage(config: Config) -> Iterator[Problem]:
    if not config.cluster and "storage" in config.model_fields_set:
        rule = "has no effect without `cluster`: GPU VMs share nothing"
        yield Problem("storage", show({}), rule, "take it out", ("cluster",))


def names(config: Config) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for path, vm in _vms(config):
        where = f"{path}.name"
        pool = next((pool for pool in pools_of(config) if re.fullmatch(rf"{pool.name}-\d+", vm.name)), None)
        if vm.name in ROLES:
            yield Problem(where, vm.name, "is the name of a role", "give it another name")
        elif pool:
            rule = f"is a name of a worker of the pool `{pool.name}`"
            yield Problem(where, vm.name, rule, "give it another name", ("cluster.pools",))
        elif vm.name in first:
            rule = f"is the name of `{first[vm.name]}` too"
            yield Problem(where, vm.name, rule, "give each its own", (first[vm.name],))
        first.setdefault(vm.name, where)


def server(config: Config) -> Iterator[Problem]:
    for path, _, said in vms_of(config, AgentSettings):
        address, where = said.server_address, f"{path}.settings.serverAddress"
        if address.startswith("http://") and not is_private(urlsplit(address).hostname or ""):
            rule = "would carry tokens in plain text over the internet"
            yield Problem(where, address, rule, "write https://; http:// is for private addresses only")
        if urlsplit(address).query or urlsplit(address).fragment:
            yield Problem(where, address, "is more than an address", "write it like https://host")


def is_private(host: str) -> bool:
    """Of an address; a name may be anything."""
    try:
        return any(IPv4Address(host) in network for network in PRIVATE)
    except ValueError:
        return False


def registry(config: Config) -> Iterator[Problem]:
    for path, _, said in vms_of(config, AgentSettings):
        if said.registry_login and not said.registry:
            rule = "needs a `registry` to log in to"
            yield Problem(
                f"{path}.settings.registryLogin", said.registry_login, rule, "add it, or take this out"
            )
        if said.registry and not said.registry_login:
            rule = "needs a `registryLogin`: a registry that asks for none is not named here"
            yield Problem(f"{path}.settings.registry", said.registry, rule, "add it, or take this out")


def proxy(config: Config) -> Iterator[Problem]:
    for path, _, said in vms_of(config, AgentSettings):
        if said.no_proxy and not said.proxy:
            rule = "has no effect without `proxy`"
            yield Problem(f"{path}.settings.noProxy", show(said.no_proxy), rule, "take it out")


def agents_network(config: Config) -> Iterator[Problem]:
    cidr = config.network.known_cidr
    if cidr and any(vms_of(config, AgentSettings)) and cidr.overlaps(AGENTS_NETWORK):
        rule = f"overlaps {AGENTS_NETWORK}, the network between Supervisely's agents and their server"
        yield Problem("network.cidr", str(cidr), rule, "take another, such as 10.89.16.0/20", ("gpuVms",))
    if cidr and config.gpu_vms and config.cloud != "local" and cidr.overlaps(DOCKERS_NETWORK):
        rule = f"overlaps {DOCKERS_NETWORK}, the network that Docker gives to its own containers"
        yield Problem("network.cidr", str(cidr), rule, "take another, such as 10.89.16.0/20", ("gpuVms",))


def packages(config: Config) -> Iterator[Problem]:
    said, vms = config.packages.model_fields_set, config.gpu_vms
    if "index_url" in said and not config.cluster and not any(vms_of(config, JoinSettings)):
        rule = "has no effect without `cluster`: GPU VMs get no Python packages"
        value = show(config.packages.index_url)
        yield Problem("packages.indexUrl", value, rule, "take it out", ("cluster",))
    with_docker = config.cluster is not None and config.cluster.platform in ("backendai", "atlas")
    machines = [*vms, *(pools_of(config) if with_docker else ())]
    keys = {
        "registry_mirrors": "registryMirrors",
        "insecure_registries": "insecureRegistries",
        "nvidia_repository": "nvidiaRepository",
    }
    for name, key in keys.items():
        wanted = any(each.gpus for each in machines) if name == "nvidia_repository" else machines
        if name in said and not wanted:
            why = ": no machine asks for a GPU" if machines else " without `gpuVms`"
            value = show(getattr(config.packages, name))
            yield Problem(f"packages.{key}", value, f"has no effect{why}", "take it out", ("gpuVms",))


GPU_VM_RULES = (something, storage, names, server, registry, proxy, agents_network, packages)


def token_problems(config: Config, given: Set[str], values: Mapping[str, str]) -> Iterator[Problem]:
    """`given` are the secret keys of the stack, `values` those that can be read."""
    vms = list(vms_of(config, AgentSettings))
    servers = {supervisely_tokens.host_of(said.server_address) for *_, said in vms}
    agents = supervisely_tokens.pairs(values.get(AGENTS, ""))
    api = supervisely_tokens.pairs(values.get(API, ""))
    for path, vm, said in vms:
        by_hand = vm.name in agents or (AGENTS in given and AGENTS not in values)
        by_api = API in given and (API not in values or supervisely_tokens.api_token(api, said) is not None)
        yield from _token_of(path, vm, said, by_hand=by_hand, by_api=by_api)
        if said.registry_login and PASSWORD not in given:
            rule = f"needs `{PROJECT}:{PASSWORD}`"
            remedy = f"set it with `pulumi config set --secret {PROJECT}:{PASSWORD}`"
            yield Problem(f"{path}.settings.registryLogin", said.registry_login, rule, remedy)
    for name in sorted(agents.keys() - {vm.name for _, vm, _ in vms}):
        rule = f"names no GPU VM of the stack: {name or '(a token alone)'}"
        yield Problem(AGENTS, "(not shown)", rule, "write `<GPU VM>=<token>`, several with spaces between")
    for name in sorted(api.keys() - servers - {""}):
        rule = f"names no server of a GPU VM: {name}"
        yield Problem(API, "(not shown)", rule, "write the host as in `serverAddress`, or take it out")
    if "" in api and len(servers) > 1:
        rule = f"has a token without a host, and there are {len(servers)} servers"
        yield Problem(API, "(not shown)", rule, "write `<host>=<token>`, several with spaces between")
    for key in (API, AGENTS, PASSWORD):
        if key in given and not vms:
            which = " of Supervisely" if config.gpu_vms else ""
            yield Problem(key, "(not shown)", f"has no effect without `gpuVms`{which}", "take it out")


def _token_of(path: str, vm: GpuVm, said: AgentSettings, *, by_hand: bool, by_api: bool) -> Iterator[Problem]:
    if not by_hand and not by_api:
        rule = "has no token: neither an API token for its server, with which one is made, nor its own"
        remedy = f"set it with `pulumi config set --secret {PROJECT}:{API}`, or `{PROJECT}:{AGENTS}`"
        yield Problem(path, vm.name, rule, remedy)
    elif by_api and not by_hand and said.team_id is None:
        rule = "is required with an API token: the agent is made in it"
        yield Problem(f"{path}.settings.teamId", "", rule, "add it, such as `teamId: 7`")
    if said.identity == "renewed" and not said.decommission and not by_hand:
        rule = "needs a `decommission` call: every machine made anew would leave an agent at the server"
        yield Problem(f"{path}.settings.identity", "renewed", rule, "add it, or take this out")
    if not by_hand:
        return
    useless = {"identity": "renewed" if said.identity == "renewed" else "", "decommission": ""}
    if said.decommission:
        useless["decommission"] = show({})
    for key, value in useless.items():
        if value:
            rule = f"has no effect: the agent was made by hand, and its token is in `{AGENTS}`"
            yield Problem(f"{path}.settings.{key}", value, rule, "take it out")
