"""The same as a deploy of pyinfra: steps, then the memberships at the master."""

# it runs in a venv of its own: bench/requirements.txt
# pyright: reportMissingImports=false

from pathlib import Path

from gevent.lock import BoundedSemaphore  # pyright: ignore[reportMissingImports] - of another venv
from pyinfra import host, inventory  # pyright: ignore[reportMissingImports] - of another venv
from pyinfra.api import StringCommand  # pyright: ignore[reportMissingImports] - of another venv
from pyinfra.operations import python, server  # pyright: ignore[reportMissingImports] - of another venv

folder = Path(host.data.folder)
# they share one connection, and sshd has 10 sessions for each (MaxSessions)
sessions = inventory.__dict__.setdefault("sessions", BoundedSemaphore(8))


def text(name: str, suffix: str) -> str:
    return (folder / f"{name}.{suffix}").read_text()


def join() -> None:
    """From the worker's side, so that all ask at once."""
    name = f"{host.name}-join"
    master = inventory.get_host("master")
    with sessions:
        done, _ = master.run_shell_command(StringCommand(text(name, "command")), _stdin=text(name, "stdin"))
    if not done:
        raise SystemExit(f"{name} failed")


if host.name == "master":
    server.shell(
        name="Step of the master", commands=[text("master", "command")], _stdin=text("master", "stdin")
    )
else:
    server.shell(name="Step", commands=[text(host.name, "command")], _stdin=text(host.name, "stdin"))
    python.call(name="Membership", function=join)
