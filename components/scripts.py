"""The shell that runs on machines, as text that travels. Pure."""

import base64
import gzip
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

USERDATA = Path(__file__).parent.parent / "userdata"
INSTALLED = "/usr/local/lib/agent-fleet"
# Who steps and operators log in as on every machine.
LOGIN_USER = "fleet"

Setting = str | int | float | bool | Sequence[str]


def assignments(values: Mapping[str, Setting]) -> str:
    """Shell assignments, one per line, sorted by name, safe for any value."""

    def literal(value: Setting) -> str:
        if isinstance(value, bool):
            return str(int(value))
        if isinstance(value, str | int | float):
            return shlex.quote(str(value))
        return f"({' '.join(map(shlex.quote, value))})"

    return "".join(f"{name}={literal(value)}\n" for name, value in sorted(values.items()))


def minified(shell: str) -> str:
    """The script without comment lines, blank lines and indentation.

    Every input of a Command is written to the state at every step, so its size is paid N times over.
    """
    lines = (line.strip() for line in shell.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


@cache
def script_of(scripts: tuple[str, ...]) -> str:
    """What is installed on a machine: `common.sh` and the platform's scripts, minified."""
    return "".join(minified((USERDATA / f"{name}.sh").read_text()) for name in ("common", *scripts))


def packed(script: str) -> str:
    """A script as one line of base64, the same at every run."""
    return base64.b64encode(gzip.compress(script.encode(), 9, mtime=0)).decode()
