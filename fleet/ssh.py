"""Commands on a stack's machines through the system's `ssh` and the stack's own config file."""

import shlex
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.inventory import Node

SSH_FAILED = 255


def command_line(words: Sequence[str]) -> str:
    """One word is a shell's line as it stands; several are an argv, kept word for word."""
    return words[0] if len(words) == 1 else shlex.join(words)


def argv(config: Path, host: str, words: Sequence[str] = (), options: Sequence[str] = ()) -> list[str]:
    return ["ssh", "-F", str(config), *options, host, *([command_line(words)] if words else [])]


@dataclass(frozen=True)
class Answer:
    """What came back from a machine: `text`, or in `error` why nothing did."""

    text: str = ""
    error: str = ""


@dataclass(frozen=True)
class Dialer:
    """Fresh connections for one look at a stack; those through a hub share one connection to it.

    The config's own shared connections are not used: one that outlived its machine would tell a lie.
    """

    config: Path
    sockets: Path
    seconds: int

    def ask(self, node: Node, words: Sequence[str]) -> Answer:
        """Runs a command on a node within the time limit."""
        options = [*self._bounds(), *self._route(node)]
        return self._run(argv(self.config, node.name, words, options))

    def open_hub(self, hub: str) -> Answer:
        """Opens the connection that nodes behind `hub` share."""
        socket = self._socket(hub)
        options = [*self._bounds(), "-fNM", "-o", f"ControlPath={socket}", "-o", "ControlPersist=no"]
        return self._run(argv(self.config, hub, options=options))

    def close_hub(self, hub: str) -> None:
        options = ["-o", f"ControlPath={self._socket(hub)}", "-O", "exit"]
        subprocess.run(argv(self.config, hub, options=options), capture_output=True, check=False)

    def _socket(self, hub: str) -> Path:
        return self.sockets / hub

    def _route(self, node: Node) -> list[str]:
        hub = node.proxy or node.name
        if not self._socket(hub).exists():
            return ["-o", "ControlPath=none"]
        if hub == node.name:
            return ["-o", f"ControlPath={self._socket(hub)}"]
        through = shlex.join(argv(self.config, hub, options=["-o", f"ControlPath={self._socket(hub)}"]))
        through = f"{through.replace('%', '%%')} -W '[%h]:%p'"
        return ["-o", "ControlPath=none", "-o", f"ProxyCommand={through}"]

    def _bounds(self) -> list[str]:
        return ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={max(1, self.seconds // 2)}"]

    def _run(self, command: Sequence[str]) -> Answer:
        # stderr goes to a file: ssh in the background keeps it open, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as errors:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    timeout=self.seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Answer(error=f"no answer within {self.seconds} s")
            errors.seek(0)
            complaint = [line.strip() for line in errors.read().splitlines() if line.strip()]
        if done.returncode == 0:
            return Answer(text=done.stdout)
        return Answer(error=complaint[-1] if complaint else f"exit code {done.returncode}")


@contextmanager
def dialer(config: Path, seconds: int) -> Generator[Dialer]:
    with tempfile.TemporaryDirectory(prefix="fleet-") as sockets:
        yield Dialer(config, Path(sockets), seconds)
