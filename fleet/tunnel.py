"""`tunnel`: a cluster's web pages, which listen on the master alone, on this computer."""

import socket
import subprocess
from collections.abc import Mapping
from urllib.parse import urlsplit

from fleet import ssh, ssh_files, stack
from fleet.errors import UserError

LOOPBACK = "127.0.0.1"
INTERRUPTED = 130


def tunnel(name: str, port: int | None) -> int:
    """Opens the pages in the output `urls` and stays until Ctrl-C."""
    inventory, outputs = stack.read(name)
    master = inventory.master
    pages: Mapping[str, str] = outputs.get("urls") or {}
    if master is None or not pages:
        raise UserError(f"stack {name} has no web page to show")
    local = local_ports(pages, port)
    for page, here in local.items():
        _refuse_if_taken(page, here)
    config = ssh_files.write(inventory)
    options = ["-N", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes"]
    for page, url in pages.items():
        options += ["-L", f"{LOOPBACK}:{local[page]}:{LOOPBACK}:{_port(url)}"]
    for page, here in local.items():
        parts = urlsplit(pages[page])
        print(f"{page}: {parts.scheme}://{LOOPBACK}:{here}{parts.path}")
    if "files" in (outputs.get("clientConfig") or {}):
        print("A page may ask who you are: people have accounts, whose first passwords are in `clientConfig`")
    else:
        command = token_command(inventory.platform_of(master.name), name)
        print(f"A page may ask for the token; it is what this prints: {command}")
    print("Open until Ctrl-C.", flush=True)
    try:
        code = subprocess.run(ssh.argv(config, master.name, options=options), check=False).returncode
    except KeyboardInterrupt:
        return INTERRUPTED
    raise UserError(f"the tunnel ended by itself (exit code {code}); run: python -m fleet status {name}", 1)


def local_ports(pages: Mapping[str, str], port: int | None) -> dict[str, int]:
    """The pages' own ports, or `port` and those after it."""
    if port is None:
        return {page: _port(url) for page, url in pages.items()}
    return {page: port + offset for offset, page in enumerate(pages)}


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"https": 443}.get(parts.scheme, 80)


def _refuse_if_taken(page: str, port: int) -> None:
    with socket.socket() as probe:
        # As ssh does it: a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
            raise UserError(
                f"{page}: port {port} of this computer cannot be used ({reason}); choose another: --port PORT"
            ) from None


def token_command(platform: str, name: str) -> str:
    return f"python -m fleet ssh {name} master -- sudo cat /etc/{platform}/token"
