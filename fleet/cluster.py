"""The way that people use a cluster: logged in on the master as its user, with the client key."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fleet import stack
from fleet.errors import UserError
from fleet.inventory import ClientConfig, Inventory, Node
from fleet.private import write_private
from fleet.ssh_files import checked, folder_of, jump_host
from fleet.ssh_files import write as write_ssh_files

ON_CLUSTER = Path(__file__).parent / "on_cluster"

# A dot cannot be in a node's name.
ALIAS = "master.user"


@dataclass(frozen=True)
class Login:
    """How people log in on the master."""

    master: Node
    user: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Cluster:
    """A cluster that can be used from here."""

    inventory: Inventory
    login: Login
    config: Path

    def argv(self, command: str) -> list[str]:
        """A login shell's line on the master: only there are Ray's tools and token in the environment."""
        return ["ssh", "-F", str(self.config), ALIAS, f"bash -lc {shlex.quote(command)}"]

    def in_python(self, *arguments: str) -> list[str]:
        """The argv that runs a script given on standard input in the Python that Ray is installed in."""
        python = '"$(dirname "$(readlink -f "$(command -v ray)")")/python3"'
        return self.argv(f"exec {python} - {shlex.join(arguments)}")

    def output_of(self, command: Sequence[str], stdin: str = "") -> str:
        """What a command printed; an error if it failed."""
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise UserError(f"the master of {self.inventory.stack} did not answer as it should: {last}", 1)
        return done.stdout


def login_of(inventory: Inventory, client: ClientConfig) -> Login:
    if inventory.master is None:
        raise UserError(f"stack {inventory.stack} has no cluster to run anything on")
    return Login(inventory.master, client.user, client.private_key)


def connect(name: str) -> Cluster:
    """Writes the ssh files of the stack, with a Host for its users."""
    inventory, outputs = stack.read(name)
    login = login_of(inventory, ClientConfig.from_outputs(name, outputs))
    folder = folder_of(name)
    write_ssh_files(inventory)
    write_private(folder / "client_key", login.key.rstrip("\n") + "\n")
    hop = inventory.jump_host.name if inventory.jump_host else None
    text = [user_config(login, ALIAS, folder, hop=hop), *jump_host(inventory, folder)]
    write_private(folder / "user_config", "".join(text))
    return Cluster(inventory, login, folder / "user_config")


def user_config(
    login: Login, alias: str, folder: Path, *, key: str = "client_key", hop: str | None = None
) -> str:
    """An ssh config with one Host: the master, as its user, host key checked."""
    lines = [
        f"Host {alias}",
        f"  HostName {login.master.host}",
        f"  Port {login.master.port}",
        f"  User {login.user}",
        f"  HostKeyAlias {login.master.name}",
        *checked(folder, key),
        *([f"  ProxyJump {hop}"] if hop else []),
        "  BatchMode yes",
        "  ConnectTimeout 10",
        "  ServerAliveInterval 15",
        "  ServerAliveCountMax 4",
    ]
    return "".join(f"{line}\n" for line in lines)
