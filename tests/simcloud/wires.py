"""A VPC as a podman network, with the one host in it that answers for the cloud."""

import json
import shutil
import subprocess
import time
from ipaddress import IPv4Network
from pathlib import Path

from tests.simcloud import addresses, names
from tests.simcloud.errors import RefusedError
from tests.simcloud.store import Store
from tools.local_hosts import image, podman, state

INSIDE = Path(__file__).parent / "inside"


def create(store: Store, vpc: str, cidr: str, metadata: str) -> None:
    """Makes the network, and the host that answers for the cloud in it. Raises RefusedError."""
    block = IPv4Network(cidr)
    try:
        podman.run(
            "network",
            "create",
            "--disable-dns",
            f"--subnet={block}",
            f"--gateway={addresses.gateway(block)}",
            "--opt=isolate=true",
            *podman.label_options(names.labels(store.stack, vpc=vpc)),
            names.network(store.stack, vpc),
        )
    except podman.PodmanError as error:
        raise RefusedError(
            "SimulatedNetwork",
            f"a simulated VPC is a network of this computer, and {block} cannot be one: {error.reason}; "
            "give the stack another network.cidr",
        ) from error
    _start(store, vpc, block, metadata)


def _start(store: Store, vpc: str, block: IPv4Network, metadata: str) -> None:
    shared = folder(store, vpc)
    (shared / "certificates").mkdir(parents=True, exist_ok=True)
    address = str(addresses.served(block))
    name = answering(store, vpc)
    podman.run(
        "run",
        "--detach",
        "--quiet",
        f"--name={name}",
        *podman.limits(),
        "--cap-add=NET_ADMIN",
        "--restart=on-failure",
        "--memory=256m",
        f"--network={names.network(store.stack, vpc)}",
        f"--ip={address}",
        f"--volume={shared}:/sim:ro",
        f"--volume={INSIDE}:/inside:ro",
        *podman.label_options(names.labels(store.stack, vpc=vpc, answers="cloud")),
        "--entrypoint=python3",
        image.ensure(),
        "-B",
        "/inside/server.py",
        address,
        metadata,
    )


def answering(store: Store, vpc: str) -> str:
    return names.container(store.stack, f"answers-{vpc}")


def folder(store: Store, vpc: str) -> Path:
    """What the answering host sees as /sim."""
    return store.folder / "served" / vpc


def wait_for(store: Store, vpc: str, address: str, serial: int, seconds: float = 20) -> None:
    """Until the answering host has put a state into force."""
    end = time.monotonic() + seconds
    said = ""
    while time.monotonic() < end:
        asked = subprocess.run(
            ["curl", "--silent", "--noproxy", "*", "--max-time", "2", f"http://{address}/applied"],
            capture_output=True,
            text=True,
            check=False,
        )
        said = asked.stdout
        if said.isdigit() and int(said) >= serial:
            return
        time.sleep(0.05)
    raise RefusedError(
        "SimulatedNetwork", f"{answering(store, vpc)} does not answer ({said or 'nothing said'})"
    )


def let_loopback_through(store: Store, vpc: str) -> None:
    """The computer's own loopback addresses lead into the network."""
    found = json.loads(podman.run("network", "inspect", names.network(store.stack, vpc)))
    setting = f"net.ipv4.conf.{found[0]['network_interface']}.route_localnet=1"
    subprocess.run([*podman.as_root("sysctl"), "-qw", setting], check=True, capture_output=True)


def remove(store: Store, vpc: str) -> None:
    """Removes the network with everything in it, also hosts that nobody knows of."""
    for host in podman.containers(names.labels(store.stack, vpc=vpc)):
        if "answers" not in host["Labels"]:
            state.say(f"removing {host['Names'][0]}, which a run that was cut off has left")
        podman.remove("container", str(host["Names"][0]))
    podman.remove("network", names.network(store.stack, vpc))
    shutil.rmtree(folder(store, vpc), ignore_errors=True)
