"""What the tests of real hosts share: the driver as Pulumi runs it, SSH with a pinned key, a port scanner."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components import cloud_init, keys

PROJECT = Path(__file__).parents[2]
SEED = "10ca1" * 12 + "10ca"
LOGIN = keys.derive(SEED, "login")
HOST = keys.derive(SEED, "host")
SIZE = ("--cpus", "1", "--memory-gib", "0.75")

# Sends a SYN to every port and prints which answered: a firewall that drops says nothing, a port without a
# listener refuses. All come from port 1, and port 1 is not asked, so that of two scans in opposite directions
# none looks like the other's replies to connection tracking.
SCANNER = """
import json, socket, struct, sys, time
target = sys.argv[1]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
raw.connect((target, 0))
ends = socket.inet_aton(raw.getsockname()[0]) + socket.inet_aton(target)
answered = set()

def syn(port, checksum=0):
    return struct.pack("!HHIIBBHHH", 1, port, 7, 0, 5 << 4, 2, 1024, checksum, 0)

def send(port):
    total = sum(struct.unpack("!16H", ends + struct.pack("!HH", 6, 20) + syn(port)))
    total = (total & 0xFFFF) + (total >> 16)
    raw.send(syn(port, ~(total + (total >> 16)) & 0xFFFF))

def listen(seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            packet = raw.recv(1500)
        except TimeoutError:
            return
        sender, receiver = struct.unpack("!HH", packet[20:24])
        if receiver == 1:
            answered.add(sender)

for port in range(2, 65536):
    send(port)
    if port % 500 == 0:
        listen(0.005)
listen(1)
print(json.dumps(sorted(answered)))
"""


def driver(
    *arguments: str, data: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.local_hosts", *arguments],
        cwd=PROJECT,
        input=data,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def made(*arguments: str, data: str = "") -> dict[str, Any]:
    """What the driver answered; an error of it is an error of the test."""
    done = driver(*arguments, data=data)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*arguments: str, data: str = "", environment: Mapping[str, str] | None = None) -> str:
    """What the driver said when it could not."""
    done = driver(*arguments, data=data, environment=environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def user_data(node: str) -> str:
    return cloud_init.document(
        node, keys.private_text(HOST), keys.public_line(HOST), [keys.public_line(LOGIN)]
    )


@dataclass(frozen=True)
class Stack:
    """A stack's name, and its parts by the driver's verbs."""

    name: str

    @property
    def which(self) -> tuple[str, str]:
        return ("--stack", self.name)

    def network(self, *options: str) -> dict[str, Any]:
        return made("network", "create", *self.which, "--team", "tests", *options)

    def storage(self) -> dict[str, Any]:
        return made("storage", "create", *self.which, "--team", "tests")

    def firewall(self, role: str, *rules: tuple[str, int, int]) -> None:
        document = [{"source": source, "first": first, "last": last} for source, first, last in rules]
        made("firewall", "write", *self.which, "--role", role, data=json.dumps(document))

    def machine_arguments(self, node: str, role: str, *options: str) -> list[str]:
        public = ["--public"] if role == "master" else []
        mount = ["--mount-path", "/shared"]
        what = [*self.which, "--node", node, "--team", "tests", "--role", role, *SIZE, *mount, *public]
        return ["machine", "create", *what, *options]

    def machine(self, node: str, role: str, *options: str) -> dict[str, Any]:
        return made(*self.machine_arguments(node, role, *options), data=user_data(node))

    def remove_machine(self, node: str) -> None:
        made("machine", "remove", *self.which, "--node", node)

    def states(self) -> dict[str, str]:
        return {node: host["state"] for node, host in made("list", *self.which).items()}

    def leftovers(self) -> list[str]:
        return made("leftovers", *self.which)["leftovers"]

    def remove(self) -> None:
        for node in made("list", *self.which):
            self.remove_machine(node)
        for kept in ("shared", "state"):
            made("storage", "remove", *self.which, "--of", kept)
        for role in ("master", "worker", "gpuVm"):
            made("firewall", "remove", *self.which, "--role", role)
        made("network", "remove", *self.which)

    def container(self, node: str) -> str:
        return f"agent-fleet-{self.name}.{node}"

    def inside(self, node: str, *command: str, data: str = "") -> str:
        return podman("exec", "--interactive", self.container(node), *command, data=data)

    def answering(self, node: str, address: str) -> set[int]:
        """The ports of `address` that answer when they are asked from `node`."""
        return set(json.loads(self.inside(node, "python3", "-", address, data=SCANNER)))


def podman(*arguments: str, data: str = "") -> str:
    return subprocess.run(
        ["podman", *arguments], input=data, capture_output=True, text=True, timeout=300, check=True
    ).stdout


def ssh(folder: Path, made_host: Mapping[str, Any], command: str) -> str:
    """Output of a command by OpenSSH with the host key pinned."""
    key, known = folder / "key", folder / "known_hosts"
    key.touch(0o600)
    key.write_text(keys.private_text(LOGIN))
    known.write_text(f"[{made_host['sshHost']}]:{made_host['sshPort']} {keys.public_line(HOST)}\n")
    options = [
        f"UserKnownHostsFile={known}",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "ConnectionAttempts=5",
    ]
    where = ["-i", str(key), "-p", str(made_host["sshPort"]), f"fleet@{made_host['sshHost']}"]
    return subprocess.run(
        ["ssh", *(f"-o{option}" for option in options), *where, command],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
