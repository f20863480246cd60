"""Two real sshd on loopback that answer as a stack's master and worker would."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Host:
    """A running sshd. `answers` holds a file per verb with what the machine's script says."""

    name: str
    port: int
    host_key: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    def says(self, verb: str, text: str) -> None:
        (self.folder / verb).write_text(text)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def key_pair(path: Path) -> tuple[str, str]:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path.read_text(), path.with_suffix(".pub").read_text().strip()


def start(name: str, folder: Path, authorized: str) -> Host:
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    _, public = key_pair(folder / "host_key")
    (folder / "authorized_keys").write_text(authorized + "\n")
    # What `sudo -n bash .../ray.sh VERB` would print; anything else is run as it is.
    (folder / "answer").write_text(
        f"#!/bin/bash\nset -- $SSH_ORIGINAL_COMMAND\nverb=${{!#}}\n"
        f'[[ $SSH_ORIGINAL_COMMAND == sudo* ]] || exec bash -c "$SSH_ORIGINAL_COMMAND"\n'
        f'cat "{folder}/$verb" || {{ echo "no script here" >&2; exit 3; }}\n'
    )
    (folder / "answer").chmod(0o755)
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPermitRootLogin yes\n"
        f"PasswordAuthentication no\nForceCommand {folder}/answer\n"
    )
    assert SSHD, "these tests need OpenSSH's sshd: apt-get install openssh-server"
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    wait_for(port)
    return Host(name, port, public, folder, process)


def wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


def node(host: Host, role: str, proxy: str | None) -> dict[str, object]:
    return {
        "name": host.name,
        "role": role,
        "pool": None,
        "privateIp": f"127.0.0.{2 if role == 'master' else 3}",
        "host": "127.0.0.1",
        "port": host.port,
        "user": getpass.getuser(),
        "hostKey": host.host_key,
        "proxy": proxy,
    }
