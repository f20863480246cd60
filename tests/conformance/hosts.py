"""A real sshd on the loopback address, with throw-away keys."""

import os
import pwd
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSHD = "/usr/sbin/sshd"


@dataclass
class SshHost:
    """One sshd; `connection()` is what reaches it, `nowhere()` the same with a port that refuses."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def connection(self, **changes: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "private_key": (self.folder / "user").read_text(),
            "host_key": (self.folder / "host.pub").read_text(),
            "dial_error_limit": 1,
            **changes,
        }

    def nowhere(self, **changes: Any) -> dict[str, Any]:
        return self.connection(port=1, **changes)

    def connections_seen(self) -> int:
        return (self.folder / "log").read_text().count("Connection from")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def make_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def start(folder: Path, accepted_variables: str) -> SshHost:
    """Start an sshd that lets in the key folder/user and takes these variables from clients."""
    folder.mkdir(parents=True)
    make_key(folder / "host")
    make_key(folder / "user")
    port = free_port()
    (folder / "sshd_config").write_text(
        f"""Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM no
PidFile none
MaxStartups 100
LogLevel VERBOSE
AcceptEnv {accepted_variables}
# not what the .bashrc of whoever runs the tests does and says
SetEnv HOME={folder}
"""
    )
    if os.geteuid() == 0:
        # Where Debian's sshd locks itself in before a login; its package makes it at boot.
        Path("/run/sshd").mkdir(exist_ok=True)
    command = [SSHD, "-D", "-E", folder / "log", "-f", folder / "sshd_config"]
    process = subprocess.Popen(command, start_new_session=True)
    deadline = time.monotonic() + 20
    while not _listens(port):
        assert process.poll() is None, f"sshd ended: {(folder / 'log').read_text()}"
        assert time.monotonic() < deadline, "sshd does not listen"
        time.sleep(0.05)
    return SshHost(folder, port, process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
