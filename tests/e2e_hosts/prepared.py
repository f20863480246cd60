"""Machines that somebody prepared by hand: containers that boot with a login of their own."""

from dataclasses import dataclass, field

import yaml

from components import keys
from tests.local import hosts
from tests.local.hosts import Stack

SEED = "4057" * 16
OPERATOR = "ops"
TEAM = keys.derive(SEED, "team")
TEAM_KEY = keys.private_text(TEAM)


def host_key(name: str) -> str:
    return keys.public_line(keys.derive(SEED, f"host/{name}"))


def user_data(name: str) -> str:
    """As somebody in the team installed it: a user with sudo, and nothing of ours."""
    secret = keys.derive(SEED, f"host/{name}")
    operator = {
        "name": OPERATOR,
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "ssh_authorized_keys": [keys.public_line(TEAM)],
    }
    document = {
        "hostname": name,
        "ssh_keys": {
            "ed25519_private": keys.private_text(secret),
            "ed25519_public": keys.public_line(secret),
        },
        "users": [operator],
    }
    return "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)


@dataclass
class Prepared:
    """Addresses by name. Their network lets everybody through, as in an office."""

    stack: Stack
    addresses: dict[str, str] = field(default_factory=dict)

    def boot(self, *names: str, role: str = "worker", memory_gib: float = 2.5) -> None:
        """Machines of the role `master` are those that the others are reached through."""
        self.stack.network()
        self.stack.storage()
        self.stack.firewall("master", ("operator", 22, 22))
        self.open_to_operator()
        for name in names:
            what = ["--node", name, "--team", "tests", "--role", role, "--mount-path", "/shared"]
            size = ["--cpus", "1", "--memory-gib", f"{memory_gib:g}", "--shm-gib", "0.5"]
            made = hosts.made("machine", "create", *self.stack.which, *what, *size, data=user_data(name))
            self.addresses[name] = made["privateIp"]

    def open_to_operator(self) -> None:
        self.stack.firewall("worker", *((source, 1, 65535) for source in ("operator", "master", "worker")))

    def close_to_operator(self) -> None:
        self.stack.firewall("worker", *((source, 1, 65535) for source in ("master", "worker")))

    def host_keys(self) -> dict[str, str]:
        return {address: host_key(name) for name, address in self.addresses.items()}

    def inside(self, name: str, line: str) -> str:
        return self.stack.inside(name, "bash", "-c", line)

    def operator(self) -> str:
        """Where this computer's dials come from, as the machines see it."""
        return self.inside(next(iter(self.addresses)), "ip -4 route show default | awk '{print $3}'").strip()

    def answering(self, name: str, other: str) -> set[int]:
        """Ports of another machine that answer when they are asked from a machine."""
        return self.stack.answering(name, self.addresses[other])
