"""A stack's own network, and the loopback ports by which the operator's computer reaches hosts."""

import json
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from tools.local_hosts import addresses, podman, state
from tools.local_hosts.errors import HostError

LOOPBACK = "127.0.0.1"
# Below the range that kernels take outgoing ports from, above what services use.
PORTS = range(22100, 23000)


class TakenError(HostError):
    """Podman refuses a range that something else has."""


@dataclass(frozen=True)
class Network:
    """`ssh_port` on loopback leads to the master's sshd; like an elastic address it outlives the master."""

    name: str
    cidr: IPv4Network
    ssh_port: int

    @property
    def output(self) -> dict[str, object]:
        return {
            "id": f"{self.name} {self.cidr}",
            "cidr": str(self.cidr),
            "gateway": str(addresses.gateway(self.cidr)),
            "sshHost": LOOPBACK,
            "sshPort": self.ssh_port,
        }


def _all() -> list[dict[str, Any]]:
    return podman.records("network", "ls")


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return found.get("labels", {})


def _cidr(found: dict[str, Any]) -> IPv4Network:
    return IPv4Network(found["subnets"][0]["subnet"])


def find(stack: str) -> Network | None:
    """The stack's network, if it is there. Raises HostError if another copy of the project made it."""
    name = state.network_name(stack)
    for found in _all():
        if found["name"] != name:
            continue
        labels = _labels(found)
        folder = labels.get("folder")
        if folder != str(state.FOLDER):
            raise HostError(
                f"stack {stack}: the network {name} belongs to {folder or 'something else'}: "
                f"take that stack down there, or use another stack name here"
            )
        return Network(name, _cidr(found), int(labels["sshPort"]))
    return None


def get(stack: str) -> Network:
    found = find(stack)
    if found is None:
        raise HostError(
            f"stack {stack}: its network {state.network_name(stack)} is gone: run "
            f"`pulumi up --stack {stack} --replace '**::network-podman'`, or take the stack down and up again"
        )
    return found


def _taken() -> list[IPv4Network]:
    """What podman's networks and the computer's routes use."""
    known = [
        _cidr(found) for found in _all() if found.get("subnets") and ":" not in found["subnets"][0]["subnet"]
    ]
    routes = subprocess.run(["ip", "-4", "-json", "route"], capture_output=True, check=False)
    for route in json.loads(routes.stdout or b"[]"):
        if route.get("dst", "default") != "default":
            known.append(IPv4Network(route["dst"], strict=False))
    return known


def create(stack: str, team: str, cidr: str | None) -> Network:
    """Makes the network, or finds it. Raises HostError on a clash."""
    with state.lock("network"):
        found = find(stack)
        if found is not None:
            if cidr is not None and IPv4Network(cidr) != found.cidr:
                raise HostError(
                    f"stack {stack}: its network is {found.cidr} and cannot become {cidr} in place: "
                    "take the stack down first"
                )
            return found
        if cidr is not None:
            return _made(stack, team, addresses.checked_network(cidr, _taken()))
        refused: list[IPv4Network] = []
        while True:
            chosen = addresses.free_network([*_taken(), *refused])
            try:
                return _made(stack, team, chosen)
            except TakenError:
                # by a network that something else has made in between: podman gives out the same range
                refused.append(chosen)


def _made(stack: str, team: str, cidr: IPv4Network) -> Network:
    network = Network(state.network_name(stack), cidr, free_port())
    labels = state.labels(stack, team=team, folder=str(state.FOLDER), sshPort=str(network.ssh_port))
    try:
        podman.run(
            "network",
            "create",
            "--disable-dns",
            f"--subnet={cidr}",
            f"--gateway={addresses.gateway(cidr)}",
            # no way from one stack's hosts to another's
            "--opt=isolate=true",
            *podman.label_options(labels),
            network.name,
        )
    except podman.PodmanError as error:
        kind = TakenError if "already used" in error.reason else HostError
        raise kind(f"stack {stack}: its network {cidr} cannot be made: {error.reason}") from error
    return network


def remove(stack: str) -> None:
    """Removes the network, the stack's folder and hosts that no state knows; fine if they are gone already.

    A stack's hosts go before its network: one that is still there was made by a run that was cut off.
    """
    find(stack)
    name = state.network_name(stack)
    for host in podman.containers(state.labels(stack)):
        state.say(f"removing {host['Names'][0]}, which a run that was cut off has left")
        podman.remove("container", str(host["Names"][0]))
    try:
        podman.remove("network", name)
    except podman.PodmanError as error:
        raise HostError(
            f"stack {stack}: its network {name} cannot be removed: {error.reason}: "
            f"`podman ps --all --filter network={name}` shows what still uses it"
        ) from error
    state.remove_folder(stack)


def promised_ports() -> set[int]:
    """Ports that some stack counts on, whether its hosts run now or not."""
    labels = [_labels(found) for found in _all()]
    labels += [dict(host["Labels"]) for host in podman.containers({"project": state.PROJECT})]
    return {int(each["sshPort"]) for each in labels if "sshPort" in each}


def free_port() -> int:
    """A loopback port that nobody has and no stack counts on. Call it under the lock `network`."""
    return _first_free(PORTS, promised_ports())


def _first_free(candidates: Iterable[int], promised: set[int]) -> int:
    for port in candidates:
        if port not in promised and port_is_free(port):
            return port
    raise HostError(
        f"no loopback port from {PORTS.start} to {PORTS.stop - 1} is free for SSH: "
        "`ss -ltnp` shows who has them"
    )


def port_is_free(port: int) -> bool:
    """Nobody listens, and nothing swallows what comes: rules of hosts that are gone may lead it away."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def owner_of_port(port: int) -> str:
    """Who listens there, as `ss` tells it: `"sshd" pid 812`, or that it cannot be told."""
    found = subprocess.run(
        ["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=False
    ).stdout
    _, users, rest = found.partition('users:(("')
    if not users:
        return "a program that `ss -ltnp` does not name"
    program, _, tail = rest.partition('",pid=')
    return f"{program} (process {tail.split(',')[0]})"
