"""One machine: a container with systemd, booted with its user data as a cloud boots an instance."""

import contextlib
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.local_hosts import addresses, firewall, image, kernel, network, podman, seed, state
from tools.local_hosts.errors import HostError

CACHE = "/var/cache/agent-fleet"
BOOT_SECONDS = 180
ADDRESSES_TRIED = 4

# systemd as PID 1 needs these where cgroups are hybrid; harmless elsewhere.
SYSTEMD = ("--systemd=always", "--privileged", "--env=SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")

# User data of others than ours may make cloud-init restart sshd as it ends, and a dial through a jump host is
# not tried again when it is cut off.
_BOOTED = """
n=0
until [ -e /var/lib/cloud/instance/boot-finished ] && systemctl is-active --quiet ssh; do
    n=$((n + 1))
    if [ $n -gt 900 ] || systemctl is-failed --quiet ssh nftables; then
        systemctl status --no-pager --lines=4 nftables ssh
        exit 1
    fi
    sleep 0.1
done
"""


@dataclass(frozen=True)
class Spec:
    """What a machine is: `public` machines get a loopback port that leads to their sshd.

    `cpus` in cores; `memory_gib` in GiB, of which `shm_gib` may be shared memory (half, unless given). With a
    `mount_path` the stack's shared volume is there, with a `state_path` that of the master's databases.
    """

    stack: str
    team: str
    node: str
    role: str
    cpus: float
    memory_gib: float
    shm_gib: float | None
    mount_path: str | None
    public: bool
    state_path: str | None = None

    @property
    def name(self) -> str:
        return state.container_name(self.stack, self.node)

    @property
    def where(self) -> str:
        return f"stack {self.stack}, node {self.node}"


def _mebibytes(gib: float) -> str:
    return f"{round(gib * 1024)}m"


def arguments(spec: Spec, image_name: str, net: network.Network, address: str, port: int | None) -> list[str]:
    """The argv of `podman create`. Nothing in it is secret."""
    labels = state.labels(spec.stack, team=spec.team, node=spec.node, role=spec.role, address=address)
    labels["spec"] = fingerprint(spec)
    if port is not None:
        labels["sshPort"] = str(port)
    memory = _mebibytes(spec.memory_gib)
    volumes = {
        state.volume_name(spec.stack): spec.mount_path,
        state.volume_name(spec.stack, state.STATE): spec.state_path,
    }
    rules = firewall.folder(spec.stack, spec.role)
    return [
        "create",
        "--quiet",
        f"--name={spec.name}",
        f"--hostname={spec.node}",
        *SYSTEMD,
        *podman.limits(),
        "--pids-limit=-1",
        # a reboot from inside brings it back; after `podman stop` or `podman kill` it stays down
        "--restart=on-failure",
        f"--cpus={spec.cpus:g}",
        f"--memory={memory}",
        # as much as --memory: none of it is swap
        f"--memory-swap={memory}",
        f"--shm-size={_mebibytes(spec.shm_gib or spec.memory_gib / 2)}",
        f"--network={net.name}",
        f"--ip={address}",
        *([f"--publish={network.LOOPBACK}:{port}:22"] if port is not None else []),
        f"--volume={rules}:{firewall.MOUNTED_AT}:ro",
        f"--volume={state.cache_folder()}:{CACHE}",
        *(f"--volume={name}:{path}" for name, path in volumes.items() if path),
        *podman.label_options(labels),
        image_name,
    ]


def fingerprint(spec: Spec) -> str:
    """Tells a machine that was asked for again from one that was asked for differently."""
    return hashlib.sha256(repr(spec).encode()).hexdigest()[:16]


def find(stack: str, node: str) -> Mapping[str, Any] | None:
    found = podman.containers(state.labels(stack, node=node))
    return found[0] if found else None


def output(found: Mapping[str, Any]) -> dict[str, object]:
    """What the program learns of a machine. `host` and `port` are where the operator finds its sshd."""
    labels = found["Labels"]
    address = labels["address"]
    port = labels.get("sshPort")
    return {
        "id": found["Id"][:12],
        "privateIp": address,
        "publicIp": network.LOOPBACK if port else "",
        "sshHost": network.LOOPBACK if port else address,
        "sshPort": int(port) if port else 22,
    }


def create(spec: Spec, user_data: str, apt_mirror: str | None = None) -> dict[str, object]:
    """Boots the machine; returns when its sshd listens, with its role's firewall in force.

    A machine of the same spec that is there already, from a run that was cut off, is kept and started.
    """
    state.checked_node(spec.node)
    net = network.get(spec.stack)
    if not (firewall.folder(spec.stack, spec.role) / "rules.nft").exists():
        raise HostError(
            f"{spec.where}: the firewall of role {spec.role} is missing, and no host runs without one: run "
            f"`pulumi up --stack {spec.stack} --replace '**::security-groups-{spec.role}'`"
        )
    found = find(spec.stack, spec.node)
    if found is not None and not _reusable(found, spec):
        podman.remove("container", str(found["Names"][0]))
        found = None
    for kept in range(ADDRESSES_TRIED):
        if found is None:
            image_name = image.ensure(apt_mirror)
            _place(spec, image_name, net, user_data, kept)
        try:
            start(spec.stack, spec.node)
            break
        except HostError as error:
            # nobody would know of it: a machine that fails at its making is in no state
            remove(spec.stack, spec.node)
            found = None
            if podman.KEPT not in str(error) or kept == ADDRESSES_TRIED - 1:
                raise
            state.say(f"{spec.where}: {podman.KEPT}: taking another one")
    return describe(spec.stack, spec.node)


def _reusable(found: Mapping[str, Any], spec: Spec) -> bool:
    """A container that never started may lack its seed."""
    return found["Labels"].get("spec") == fingerprint(spec) and found["State"] not in (
        "created",
        "configured",
    )


def _place(spec: Spec, image_name: str, net: network.Network, user_data: str, kept: int) -> None:
    """Takes an address and a port, makes the container and puts the host's files into it.

    Passes over `kept` addresses that podman does not give.
    """
    state.cache_folder().mkdir(parents=True, exist_ok=True)
    with state.lock("network"):
        used = [host["Labels"].get("address", "") for host in podman.containers(state.labels(spec.stack))]
        for _ in range(kept):
            used.append(str(addresses.free_address(net.cidr, spec.role, used)))
        address = str(addresses.free_address(net.cidr, spec.role, used))
        port = None
        if spec.public:
            port = net.ssh_port if spec.role == "master" else network.free_port()
        try:
            podman.run(*arguments(spec, image_name, net, address, port))
        except podman.PodmanError as error:
            raise HostError(f"{spec.where}: the host cannot be made: {error.reason}") from error
    content = seed.files(spec.node, str(uuid.uuid4()), user_data, image.operator_certificates())
    try:
        put(spec.name, seed.archive(content))
    except podman.PodmanError as error:
        podman.remove("container", spec.name)
        raise HostError(f"{spec.where}: the host cannot get its files: {error.reason}") from error


def put(name: str, archive: bytes) -> None:
    """Unpacks a tar stream into a container.

    On a busy computer podman 4.3 sometimes ends a copy with `broken pipe`; the next one works.
    """
    for left in (2, 1, 0):
        try:
            podman.run("cp", "-", f"{name}:/", data=archive)
            return
        except podman.PodmanError:
            if not left:
                raise


def start(stack: str, node: str) -> None:
    """Starts a host that does not run, and waits for its sshd."""
    found = find(stack, node)
    where = f"stack {stack}, node {node}"
    if found is None:
        raise HostError(f"{where}: there is no such host: `python3 -m fleet replace` makes it anew")
    name = str(found["Names"][0])
    kernel.make_room()
    try:
        podman.run("start", name)
    except podman.PodmanError as error:
        raise HostError(f"{where}: the host does not start: {_start_problem(found, error.reason)}") from error
    try:
        podman.run("exec", name, "sh", "-c", _BOOTED, seconds=BOOT_SECONDS)
    except podman.PodmanError as error:
        raise HostError(
            f"{where}: the host started but its sshd does not come up; the last it said:\n"
            f"{last_words(name, error.output)}\nmend that, then run the same again"
        ) from error


def _start_problem(found: Mapping[str, Any], reason: str) -> str:
    port = found["Labels"].get("sshPort")
    if port and ("address already in use" in reason or not network.port_is_free(int(port))):
        return (
            f"its SSH port {network.LOOPBACK}:{port} is taken by {network.owner_of_port(int(port))}: "
            "end that program and run the same again"
        )
    return reason


def last_words(name: str, said: str) -> str:
    """The end of what the host wrote to its console and of what its failed units say, indented."""
    lines = said.splitlines()
    with contextlib.suppress(podman.PodmanError):
        lines = [*podman.run("logs", "--tail=8", name).splitlines(), *lines]
    return "\n".join(f"    {line}" for line in lines[-16:]) or "    (nothing)"


def describe(stack: str, node: str) -> dict[str, object]:
    found = find(stack, node)
    if found is None:
        raise HostError(
            f"stack {stack}, node {node}: its container {state.container_name(stack, node)} is gone: "
            f"`python3 -m fleet replace {stack} {node}` makes it anew"
        )
    return output(found)


def remove(stack: str, node: str) -> None:
    """Removes the machine, running, stopped, killed or gone already."""
    found = find(stack, node)
    name = str(found["Names"][0]) if found else state.container_name(stack, node)
    try:
        podman.remove("container", name)
    except podman.PodmanError as error:
        raise HostError(
            f"stack {stack}, node {node}: the host cannot be removed: {error.reason}: "
            f"`podman rm --force {name}` by hand, then run the same again"
        ) from error


def all_of(stack: str) -> Sequence[Mapping[str, Any]]:
    return sorted(podman.containers(state.labels(stack)), key=lambda host: str(host["Labels"].get("node")))
