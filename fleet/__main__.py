"""`python -m fleet`, by whatever Python: the project's own environment has what it needs."""

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("pydantic.alias_generators", "rich", "yaml")


def main(argv: Sequence[str]) -> int:
    if not all(map(_there, NEEDED)):
        _again_in_own_environment(argv)
        print(
            "error: the project's Python environment is not there yet; run: tools/setup.sh", file=sys.stderr
        )
        return 1
    from fleet.cli import parse
    from fleet.errors import UserError

    given, rest = parse(argv)
    try:
        return given.act(given, rest)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read this, `head` for one, has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False


def _again_in_own_environment(argv: Sequence[str]) -> None:
    """Does not return where there is one that this is not."""
    python = ROOT / "venv" / "bin" / "python"
    if not python.exists() or Path(sys.executable) == python:
        return
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execv(python, [str(python), "-m", "fleet", *argv])  # noqa: S606 - the same command, without a shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
