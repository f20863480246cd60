"""Machines that exist already: fresh local hosts, alike for every method, and what is counted on them."""

import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e_hosts.prepared import OPERATOR, TEAM_KEY, Prepared
from tests.local.hosts import podman

MOUNT = "/shared"
SIDE_BY_SIDE = 4
SETTLE_SECONDS = 60
LISTS = "/var/lib/apt/lists"


@dataclass
class Hosts:
    """A master and `count` workers with a folder that all share; `folder` is for what a login needs.

    `memory_gib` is the limit of each. Packages that they download are in a cache of this computer.
    """

    prepared: Prepared
    count: int
    folder: Path
    memory_gib: float

    @property
    def addresses(self) -> dict[str, str]:
        return self.prepared.addresses

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

    def make(self, lists: Path, *, lent: bool) -> None:
        """Boots them. `lists`: apt's package lists as a tar, which a machine has that was there before.

        What a lease of the product makes, and the steps rest on, is there already unless they are `lent`.
        """
        self.prepared.boot("master", memory_gib=self.memory_gib)
        if not lists.exists():
            self.prepared.inside("master", "apt-get -qq update")
            pack = ["podman", "exec", self._container("master"), "tar", "-cC", LISTS, "."]
            lists.write_bytes(subprocess.run(pack, stdout=subprocess.PIPE, check=True).stdout)
        groups = [self.workers[first::SIDE_BY_SIDE] for first in range(SIDE_BY_SIDE)]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(self._boot, groups))
            list(pool.map(lambda node: self._finish(node, lists, lent), self.nodes))
        self._write()

    def _boot(self, nodes: list[str]) -> None:
        if nodes:
            self.prepared.boot(*nodes, memory_gib=self.memory_gib)

    def _finish(self, node: str, lists: Path, lent: bool) -> None:
        put = ["podman", "exec", "-i", self._container(node), "tar", "-xC", LISTS]
        with lists.open("rb") as packed:
            subprocess.run(put, stdin=packed, check=True)
        if not lent:
            # pyinfra has one connection to the master, with a session for every worker
            many = "printf 'MaxStartups 1000\nMaxSessions 1000\n' >/etc/ssh/sshd_config.d/10-many.conf"
            self.prepared.inside(node, f"useradd -mU fleet && {many} && systemctl reload ssh")

    def _container(self, node: str) -> str:
        return self.prepared.stack.container(node)

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key.touch(0o600)
        self.key.write_text(TEAM_KEY)
        known = self.prepared.host_keys()
        self.known_hosts.write_text("".join(f"{address} {key}\n" for address, key in known.items()))
        options = {
            "User": OPERATOR,
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.known_hosts,
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        lines = [f"Host {node}\n  HostName {address}\n" for node, address in self.addresses.items()]
        common = "".join(f"  {name} {value}\n" for name, value in options.items())
        self.ssh_config.write_text("".join([*lines, f"Host *\n{common}"]))

    def logins(self) -> int:
        """Connections that the hosts' sshd let in since they were made."""

        def accepted(node: str) -> int:
            return int(
                self.prepared.inside(node, "journalctl -qocat -tsshd -tsshd-session | grep -c ^Accepted || :")
            )

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return sum(pool.map(accepted, self.nodes))

    def cpu(self) -> float:
        """CPU seconds that they used since they were made."""
        names = [self._container(node) for node in self.nodes]
        found: list[dict[str, Any]] = json.loads(podman("stats", "--no-stream", "--format", "json", *names))
        return sum(_seconds(one["cpu_time"]) for one in found)

    def remove(self) -> None:
        stack = self.prepared.stack
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(stack.remove_machine, stack.states()))
        stack.remove()


def settle() -> None:
    """Waits, a minute at most, until this computer is idle but for a tenth: a boot goes on for a while."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        idle, all_ = _ticks()
        time.sleep(3)
        idle_now, all_now = _ticks()
        if idle_now - idle > 0.9 * (all_now - all_):
            return


def _ticks() -> tuple[int, int]:
    """Of all cores since the boot: idle ones, and all."""
    ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[3], sum(ticks)


def _seconds(text: str) -> float:
    """Of podman's `1h2m3.5s` or `320.5ms`."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    parts = re.findall(r"([\d.]+)(h|ms|us|µs|ns|m|s)", text)
    return sum(float(number) * units[unit] for number, unit in parts)
