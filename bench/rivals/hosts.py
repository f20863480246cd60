"""Machines that exist already: fresh local hosts, alike for every method, and what is counted on them."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components import keys
from tests.local.hosts import HOST, LOGIN, Stack, podman

PORTS = [(1, 65535)]
MOUNT = "/shared"
USER = "fleet"
SIDE_BY_SIDE = 4


@dataclass
class Hosts:
    """A master and `count` workers with a folder that all share; sshd lets in the key in `folder`."""

    name: str
    count: int
    folder: Path
    size: tuple[str, ...]
    master_size: tuple[str, ...]
    addresses: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def stack(self) -> Stack:
        return Stack(self.name)

    @property
    def workers(self) -> list[str]:
        return [f"workers-{number}" for number in range(1, self.count + 1)]

    @property
    def nodes(self) -> list[str]:
        return ["master", *self.workers]

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def make(self) -> None:
        """Boots them, with package lists as a machine has that was there before."""
        network = self.stack.network()
        self.stack.storage()
        within = [network["cidr"], "operator"]
        for role in ("master", "worker"):
            self.stack.firewall(role, *((source, *ports) for source in within for ports in PORTS))
        self._boot("master")
        self.stack.inside("master", "apt-get", "-qq", "update")
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(self._boot, self.workers))
            list(pool.map(self._give_lists, self.workers))
        self._write()

    def _boot(self, node: str) -> None:
        role, size = ("master", self.master_size) if node == "master" else ("worker", self.size)
        self.addresses[node] = self.stack.machine(node, role, *size)["privateIp"]

    def _give_lists(self, node: str) -> None:
        pack = ["podman", "exec", self.stack.container("master"), "tar", "-cC", "/var/lib/apt", "lists"]
        put = ["podman", "exec", "-i", self.stack.container(node), "tar", "-xC", "/var/lib/apt"]
        with subprocess.Popen(pack, stdout=subprocess.PIPE) as process:
            subprocess.run(put, stdin=process.stdout, check=True)

    def _write(self) -> None:
        """What every method logs in with."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key.touch(0o600)
        self.key.write_text(keys.private_text(LOGIN))
        host_key = keys.public_line(HOST)
        self.known_hosts.write_text("".join(f"{ip} {host_key}\n" for ip in self.addresses.values()))
        options = {
            "User": USER,
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.known_hosts,
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        lines = [f"Host {node}\n  HostName {ip}\n" for node, ip in self.addresses.items()]
        common = "".join(f"  {name} {value}\n" for name, value in options.items())
        self.ssh_config.write_text("".join([*lines, f"Host *\n{common}"]))

    def logins(self) -> int:
        """Connections that the hosts' sshd let in since they were made."""

        def accepted(node: str) -> int:
            said = self.stack.inside(node, "journalctl", "-qocat", "-tsshd", "-tsshd-session")
            return sum(line.startswith("Accepted ") for line in said.splitlines())

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return sum(pool.map(accepted, self.nodes))

    def cpu(self) -> float:
        """CPU seconds that they used since they were made."""
        names = [self.stack.container(node) for node in self.nodes]
        found: list[dict[str, Any]] = json.loads(podman("stats", "--no-stream", "--format", "json", *names))
        return sum(_seconds(one["cpu_time"]) for one in found)

    def remove(self) -> None:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(self.stack.remove_machine, self.stack.states()))
        self.stack.remove()


def _seconds(text: str) -> float:
    """Of podman's 1m2.5s, 320.5ms."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    total, number, unit = 0.0, "", ""
    for character in [*text, "0"]:
        if character.isdigit() or character == ".":
            if unit:
                total += float(number) * units[unit]
                number, unit = "", ""
            number += character
        else:
            unit += character
    return total
