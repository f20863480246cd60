"""Rules of machines that exist already."""

from collections.abc import Iterator, Set
from ipaddress import IPv4Address

from components.config.hosts import HostsConfig
from components.config.problems import PROJECT, Problem, show

KEY = "sshPrivateKey"


def hosts_problems(config: HostsConfig) -> Iterator[Problem]:
    yield from one_machine_per_node(config)
    yield from host_keys(config)
    yield from firewall(config)
    yield from storage(config)
    yield from of_machines_made(config)


def addresses(config: HostsConfig) -> Iterator[tuple[str, IPv4Address]]:
    """Of all machines, by their paths in the stack file."""
    if config.cluster:
        yield "cluster.master.address", config.cluster.master.address
        for index, pool in enumerate(config.cluster.pools):
            for position, address in enumerate(pool.addresses):
                yield f"cluster.pools[{index}].addresses[{position}]", address
    for index, vm in enumerate(config.gpu_vms):
        yield f"gpuVms[{index}].address", vm.address


def one_machine_per_node(config: HostsConfig) -> Iterator[Problem]:
    first: dict[IPv4Address, str] = {}
    for path, address in addresses(config):
        if address in first:
            rule, also = f"is the machine at `{first[address]}` too", (first[address],)
            yield Problem(path, str(address), rule, "a machine has one agent; give each its own", also)
        first.setdefault(address, path)


def host_keys(config: HostsConfig) -> Iterator[Problem]:
    access, known = config.access, list(addresses(config))
    if access.jump_host:
        known.append(("access.jumpHost.address", access.jump_host.address))
    for path, address in known:
        if str(address) not in access.host_keys:
            rule = "has no host key in `access.hostKeys`, so nobody could tell whether it is that machine"
            remedy = f"add what `ssh-keyscan -t ed25519 {address}` shows, compared with the machine's own"
            yield Problem(path, str(address), rule, remedy, ("access.hostKeys",))
    for address in access.host_keys.keys() - {str(address) for _, address in known}:
        rule = "is the address of no machine of the stack, nor of its jump host"
        yield Problem(f"access.hostKeys.{address}", show(access.host_keys[address]), rule, "take it out")


def firewall(config: HostsConfig) -> Iterator[Problem]:
    access = config.access
    managed = config.network.firewall == "managed"
    if managed and not access.admins and not access.jump_host:
        rule = "is required with `network.firewall: managed`, which lets in nobody else by SSH"
        remedy = "add the network that you come from, such as `admins: [203.0.113.0/28]`"
        yield Problem("access.admins", "", rule, remedy, ("network.firewall", "access.jumpHost"))
    for group in ("admins", "users"):
        if getattr(access, group) and not managed:
            rule = "has no effect: the stack leaves the machines' firewall as it is"
            remedy = "take it out, or write `network: {firewall: managed}`"
            yield Problem(f"access.{group}", "[…]", rule, remedy, ("network.firewall",))


def storage(config: HostsConfig) -> Iterator[Problem]:
    cluster = config.cluster
    if cluster and config.storage.on_destroy == "delete" and not cluster.settings.KEEPS_STATE:
        rule = "has no effect: the shared storage is your own, and is never deleted"
        remedy = "take it out, or write `retain`"
        yield Problem("storage.onDestroy", "delete", rule, remedy, ("cluster.platform",))


def of_machines_made(config: HostsConfig) -> Iterator[Problem]:
    if config.packages.apt_mirror:
        rule = "has no effect: machines that exist already have their apt sources"
        yield Problem(
            "packages.aptMirror", config.packages.apt_mirror, rule, "take it out, or change them there"
        )
    if config.tags:
        yield Problem(
            "tags", show(config.tags), "has no effect: nothing is made that has tags", "take it out"
        )


def way_in(config: object, given: Set[str]) -> Iterator[Problem]:
    """`given` are the secrets that the team gives itself."""
    command = f"`pulumi config set --secret {PROJECT}:{KEY} < FILE`"
    if isinstance(config, HostsConfig):
        if KEY not in given:
            rule = f"is required: `{config.access.user}` logs in with it on every machine"
            yield Problem(KEY, "", rule, f"set it with {command}")
    elif KEY in given:
        rule = "has no effect: the stack makes its machines itself"
        yield Problem(KEY, "(not shown)", rule, f"`pulumi config rm {PROJECT}:{KEY}`", ("cloud",))
