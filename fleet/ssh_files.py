"""The files that plain `ssh` needs to reach a stack's machines, host keys checked."""

import shutil
import subprocess
from pathlib import Path

from fleet.engine.paths import short_name
from fleet.inventory import Inventory, Node
from fleet.private import private_folder, write_private

SSH_FOLDER = Path(__file__).resolve().parent.parent / ".fleet" / "ssh"

# A unix socket's path holds 108 bytes, and ssh makes the socket under a name longer by 17 first.
SOCKET_PATH_BYTES = 108 - 1 - 17


def folder_of(stack: str) -> Path:
    return SSH_FOLDER / short_name(stack)


def write(inventory: Inventory, folder: Path | None = None) -> Path:
    """Writes config, login_key (0600) and known_hosts of a stack; returns the config file's path."""
    folder = folder or folder_of(inventory.stack)
    private_folder(folder)
    write_private(folder / "login_key", inventory.login_key.rstrip("\n") + "\n")
    write_private(folder / "known_hosts", known_hosts(inventory.nodes) + _known_jump_host(inventory))
    if inventory.jump_host:
        write_private(folder / "jump_key", inventory.jump_host.key.rstrip("\n") + "\n")
    write_private(folder / "config", config(inventory, folder))
    return folder / "config"


def remove(stack: str) -> None:
    """Ends shared connections of a stack and removes its files; nothing happens where there are none."""
    folder = folder_of(stack)
    end_shared_connections(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end_shared_connections(folder: Path) -> None:
    """A connection that outlives its machine would hang for those that share it."""
    for socket in folder.glob("*.sock"):
        subprocess.run(
            ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "any"], capture_output=True, check=False
        )
        socket.unlink(missing_ok=True)


def known_hosts(nodes: tuple[Node, ...]) -> str:
    """Host keys by node name: addresses and ports may be used again by another machine."""
    return "".join(f"{node.name} {_key_only(node.host_key)}\n" for node in nodes)


def _known_jump_host(inventory: Inventory) -> str:
    jump = inventory.jump_host
    return f"{jump.name} {_key_only(jump.host_key)}\n" if jump else ""


def jump_host(inventory: Inventory, folder: Path) -> list[str]:
    """The Host that nodes hop through, where there is one."""
    jump = inventory.jump_host
    if jump is None:
        return []
    lines = [
        f"Host {jump.name}",
        f"  HostName {jump.host}",
        f"  Port {jump.port}",
        f"  User {jump.user}",
        f"  HostKeyAlias {jump.name}",
        *checked(folder, "jump_key"),
    ]
    return ["".join(f"{line}\n" for line in lines)]


def _key_only(host_key: str) -> str:
    return " ".join(host_key.split()[:2])


def config(inventory: Inventory, folder: Path) -> str:
    """The text of an ssh config with a Host per node. Paths are absolute, so it works from anywhere."""
    hosts = [_host(node) for node in inventory.nodes]
    return "\n".join([*hosts, *jump_host(inventory, folder), _everything(inventory, folder)])


def _host(node: Node) -> str:
    lines = [
        f"Host {node.name}",
        f"  HostName {node.host}",
        f"  Port {node.port}",
        f"  User {node.user}",
        f"  HostKeyAlias {node.name}",
    ]
    if node.proxy:
        lines.append(f"  ProxyJump {node.proxy}")
    return "".join(f"{line}\n" for line in lines)


def checked(folder: Path, key: str) -> list[str]:
    """This key alone, and no host but those whose keys the folder knows."""
    quoted = str(folder).replace("%", "%%")
    return [
        f'  IdentityFile "{quoted}/{key}"',
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        f'  UserKnownHostsFile "{quoted}/known_hosts"',
        "  GlobalKnownHostsFile none",
        "  StrictHostKeyChecking yes",
        "  UpdateHostKeys no",
    ]


def _everything(inventory: Inventory, folder: Path) -> str:
    quoted = str(folder).replace("%", "%%")
    lines = [
        "Host *",
        *checked(folder, "login_key"),
        "  PasswordAuthentication no",
        "  KbdInteractiveAuthentication no",
        "  ConnectTimeout 10",
        "  ServerAliveInterval 5",
        "  ServerAliveCountMax 3",
    ]
    longest = max(len(f"{node.user}@{node.name}") for node in inventory.nodes)
    if len(f"{folder}/.sock".encode()) + longest <= SOCKET_PATH_BYTES:
        lines += [
            "  ControlMaster auto",
            f'  ControlPath "{quoted}/%r@%n.sock"',
            "  ControlPersist 60",
        ]
    return "".join(f"{line}\n" for line in lines)
