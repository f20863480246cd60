"""The same as a deploy of pyinfra: steps, then the memberships at the master."""

# it runs in a venv of its own: bench/requirements.txt
# pyright: reportMissingImports=false

from pathlib import Path

from pyinfra import host, inventory
from pyinfra.api import StringCommand
from pyinfra.operations import python, server

folder = Path(host.data.folder)


def text(name: str, suffix: str) -> str:
    return (folder / f"{name}.{suffix}").read_text()


def join() -> None:
    """From the worker's side, so that all ask at once, over the one connection to the master."""
    name = f"{host.name}-join"
    master = inventory.get_host("master")
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
