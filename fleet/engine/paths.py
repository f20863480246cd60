"""Where the project keeps what it makes, and the stack files."""

from pathlib import Path

from fleet.engine import sim
from fleet.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def made(root: Path) -> Path:
    """The project's own folder for made things; git ignores it."""
    return root / ".fleet"


def tools(root: Path) -> Path:
    return made(root) / "bin"


def _kept(root: Path) -> Path:
    """What a simulated cloud's stacks are remembered by lies apart."""
    return made(root) / "sim" / "engine" if sim.on() else made(root)


def state(root: Path) -> Path:
    """The state of stacks without a Pulumi login."""
    return _kept(root) / "state"


def passphrase(root: Path) -> Path:
    return _kept(root) / "passphrase"


def short_name(stack: str) -> str:
    """The name in file names: `dev` of `organization/agent-fleet/dev`."""
    return stack.rpartition("/")[2]


def stack_file(root: Path, stack: str) -> Path:
    """The stack file that people write.

    Raises:
        UserError: there is none; names those that there are.
    """
    file = root / f"Pulumi.{short_name(stack)}.yaml"
    if not file.is_file():
        names = sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))
        raise UserError(
            f"there is no {file.name}; stacks here: {', '.join(names) or 'none'}; "
            f"write {file.name}, or name another stack with STACK=NAME"
        )
    return file


def copies(root: Path, own: bool = True) -> Path:
    """Copies of stack files, which the CLI may write to.

    Those for a state that is not the project's `own` lie apart: another passphrase, another salt.
    """
    return _kept(root) / ("stacks" if own else "stacks/shared")


def stack_copy(root: Path, stack: str, own: bool = True) -> Path:
    return copies(root, own) / f"Pulumi.{short_name(stack)}.yaml"
