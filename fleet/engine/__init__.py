"""The one place that knows how the Pulumi CLI is run.

Every function takes the stack's name. Those that change a stack stream the CLI's output and return its exit
code; a person's mistake is a UserError.
"""

import json
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any

from fleet.engine import environment, paths, plugins, process, sim, stacks, standins
from fleet.errors import UserError
from fleet.private import write_private

__all__ = [
    "backend",
    "cancel",
    "down",
    "ensure_plugin",
    "export_state",
    "exports",
    "outputs",
    "preview",
    "up",
    "up_replace",
]


def up(stack: str, root: Path = paths.ROOT) -> int:
    """Makes the stack what its file says. No separate preview: the program would run twice for one answer."""
    return _update(root, stack, ["up", "--yes", "--skip-preview"])


def preview(stack: str, root: Path = paths.ROOT) -> int:
    return _update(root, stack, ["preview"])


def up_replace(stack: str, replaced: list[str], updated: list[str], root: Path = paths.ROOT) -> int:
    """Makes some resources anew and brings others up to date, all by URN; nothing else changes."""
    targets = [*(f"--target-replace={urn}" for urn in replaced), *(f"--target={urn}" for urn in updated)]
    return _update(root, stack, ["up", "--yes", "--skip-preview", *targets])


def down(stack: str, root: Path = paths.ROOT) -> int:
    """Removes everything of the stack, then its record; a stack that is not there is no error.

    A state that others share keeps its record, for its history.
    """
    environment.check_room(root)
    with stacks.one_at_a_time(root, stack):
        return _remove(root, stack)


def _remove(root: Path, stack: str) -> int:
    env = environment.environment(root, os.environ)
    own = environment.is_own_backend(env, root)
    if own and not stacks.exists(root, stack):
        print(f"==> stack {stack} does not exist: nothing to remove")
        paths.stack_copy(root, stack).unlink(missing_ok=True)
        return 0
    copy = paths.stack_copy(root, stack, own)
    if _has_file(root, stack) or not copy.exists():
        copy = stacks.copy_for_cli(root, stack, own, partial(standins.rewritten, stack))
    _ready(root, env, stack)
    if not own and not _select(root, env, stack, create=False):
        print(f"==> stack {stack} does not exist: nothing to remove")
        return 0
    if own:
        _forget_interrupted(root, env, stack)
    code = _run(root, env, ["destroy", "--yes", "--skip-preview", *_where(root, stack, copy)])
    if code == 0 and own:
        removed = _ask(root, env, ["stack", "rm", "--yes", "--remove-backups", "--stack", stack])
        if removed.returncode:
            raise UserError(f"everything of stack {stack} is removed, but not its record: {_reason(removed)}")
        copy.unlink(missing_ok=True)
        print(f"==> stack {stack} is removed, its record too")
    return code


def backend(root: Path = paths.ROOT) -> str:
    """The address of the state, `file://` for a folder."""
    return environment.backend(root, environment.environment(root, os.environ))


def ensure_plugin(provider: str, root: Path = paths.ROOT) -> None:
    """Gets a provider's plugin where it is missing."""
    plugins.ensure(root, environment.environment(root, os.environ), provider)


def outputs(stack: str, secrets: bool, root: Path = paths.ROOT) -> dict[str, Any]:
    """The stack's outputs; empty for a stack that does not exist. Without `secrets` those read `[secret]`."""
    asked = ["stack", "output", "--json", "--stack", stack, *(["--show-secrets"] if secrets else [])]
    return _read(root, stack, asked)


def export_state(stack: str, root: Path = paths.ROOT) -> dict[str, Any]:
    """The deployment as the state has it, secrets still encrypted; empty for a stack that does not exist."""
    return _read(root, stack, ["stack", "export", "--stack", stack])


def cancel(stack: str, root: Path = paths.ROOT) -> int:
    """Removes the stack's lock, whoever holds it."""
    env = environment.environment(root, os.environ)
    done = _ask(root, env, ["cancel", "--yes", "--stack", stack])
    print(done.stdout + done.stderr, end="")
    return done.returncode


def exports(stack: str, root: Path = paths.ROOT) -> str:
    """Shell lines after which plain `pulumi` commands work on this stack."""
    env = environment.environment(root, os.environ) | {"PULUMI_STACK": stack}
    if environment.is_own_backend(env, root):
        environment.ensure_own_backend(root, env)
    changed = sorted(name for name, value in env.items() if os.environ.get(name) != value)
    return "".join(f"export {name}={shlex.quote(env[name])}\n" for name in changed)


def _update(root: Path, stack: str, verb: list[str]) -> int:
    environment.check_room(root)
    with stacks.one_at_a_time(root, stack):
        return _run_on(root, stack, verb)


def _run_on(root: Path, stack: str, verb: list[str]) -> int:
    env = environment.environment(root, os.environ)
    config = stacks.config_of(root, stack)
    environment.check_plugin(root, config.get("cloud"))
    own = environment.is_own_backend(env, root)
    copy = stacks.copy_for_cli(root, stack, own, partial(standins.rewritten, stack))
    _ready(root, env, stack)
    if not own:
        _select(root, env, stack, create=True)
    elif not stacks.exists(root, stack):
        made = _ask(root, env, ["stack", "init", "--no-select", "--stack", stack])
        if made.returncode:
            raise UserError(f"stack {stack} could not be made: {_reason(made)}")
    else:
        again = _forget_interrupted(root, env, stack)
        if verb[0] == "up":
            verb = [*verb, *(f"--replace={urn}" for urn in again)]
    for key, value in standins.secrets(stack).items():
        where = ["--stack", stack, "--config-file", str(copy), "--secret"]
        _ask(root, env, ["config", "set", *where, f"{stacks.project(root)}:{key}", value])
    return _run(root, env, [*verb, *_where(root, stack, copy)])


def _forget_interrupted(root: Path, env: dict[str, str], stack: str) -> list[str]:
    """Drops the state's notes of commands that a killed run left unfinished; returns those to run again.

    Commands are made to be run again, so the engine needs no person to look; it would warn of the note at
    every run from now on. Notes of anything else stay: only a look at the cloud tells what became of it.
    """
    operations = stacks.interrupted(root, stack)
    if not operations:
        return []
    names = map(stacks.name, operations)
    print(f"==> the last run was cut off during {', '.join(names)}: this one does that again", flush=True)
    exported = _ask(root, env, ["stack", "export", "--stack", stack])
    # An import drops all notes of unfinished operations; secrets stay encrypted on the way.
    file = paths.copies(root) / f"{paths.short_name(stack)}.state"
    write_private(file, exported.stdout)
    try:
        done = _ask(root, env, ["stack", "import", "--stack", stack, "--file", str(file)])
    finally:
        file.unlink()
    if exported.returncode or done.returncode:
        raise UserError(f"the state of stack {stack} could not be mended: {_reason(done)}")
    return stacks.to_run_again(operations)


def _where(root: Path, stack: str, copy: Path) -> list[str]:
    """The options that all kinds of runs share."""
    count = stacks.machines(stacks.config_of(root, stack)) if _has_file(root, stack) else 0
    return ["--stack", stack, "--config-file", str(copy), "--parallel", str(stacks.parallel(count))]


def _has_file(root: Path, stack: str) -> bool:
    return (root / f"Pulumi.{paths.short_name(stack)}.yaml").exists()


def _ready(root: Path, env: dict[str, str], stack: str) -> None:
    """What must hold before the engine starts."""
    if sim.on():
        what = (
            "the cloud is simulated on this computer (tests/simcloud), no account is reached"
            if sim.stands_in_for(stacks.config_if_any(root, stack).get("cloud"))
            else "a state of its own, and the stand-in for pulumi-command may be used"
        )
        print(f"==> SIM=1: {what}", flush=True)
    environment.check_operator(env)
    if not environment.is_own_backend(env, root):
        return
    environment.ensure_own_backend(root, env)
    if stacks.wait_for_holders(root, stack):
        print(f"==> an earlier run on stack {stack} was killed: removing its lock", flush=True)
        done = _ask(root, env, ["cancel", "--yes", "--stack", stack])
        if done.returncode:
            raise UserError(f"the lock of stack {stack} could not be removed: {_reason(done)}")


def _select(root: Path, env: dict[str, str], stack: str, *, create: bool) -> bool:
    done = _ask(root, env, ["stack", "select", "--stack", stack, *(["--create"] if create else [])])
    if done.returncode == 0:
        return True
    if not create and "no stack named" in done.stderr:
        return False
    raise UserError(f"stack {stack} cannot be had from its backend: {_reason(done)}")


def _read(root: Path, stack: str, asked: list[str]) -> dict[str, Any]:
    env = environment.environment(root, os.environ)
    if environment.is_own_backend(env, root):
        if not stacks.exists(root, stack):
            return {}
        environment.ensure_own_backend(root, env)
    done = _ask(root, env, asked)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "no stack named" in done.stderr:
        return {}
    raise UserError(f"the state of stack {stack} cannot be read: {_reason(done)}")


def _run(root: Path, env: dict[str, str], arguments: list[str]) -> int:
    sys.stdout.flush()
    return process.run([environment.binary(root, env["PATH"]), *arguments], env, root)


def _ask(root: Path, env: dict[str, str], arguments: list[str]) -> process.Answer:
    """Beside the copies, so that what the CLI writes into a stack file or removes with it is the copy."""
    copies = paths.copies(root, environment.is_own_backend(env, root))
    copies.mkdir(parents=True, exist_ok=True)
    (copies / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text())
    return process.capture(
        [environment.binary(root, env["PATH"]), *arguments, "--non-interactive"], env, copies
    )


def _reason(done: process.Answer) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return " ".join(lines).removeprefix("error: ") or f"exit code {done.returncode}"
