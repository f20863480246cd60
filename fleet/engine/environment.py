"""What the Pulumi CLI is given (PATH, backend, passphrase), and what must be right before a run."""

import json
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from fleet.engine import paths, sim
from fleet.errors import UserError
from fleet.private import private_folder, write_private

# The state is written whole at every step, a new file beside the old one.
STATE_MIB = 64
_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def binary(root: Path, path: str) -> str:
    """The CLI: this project's own, which setup makes only where PATH has none good enough, else PATH's."""
    found = shutil.which("pulumi", path=f"{paths.tools(root)}{os.pathsep}{path}")
    if found is None:
        raise UserError("there is no Pulumi CLI; run: tools/setup.sh")
    return found


def own_backend(root: Path) -> str:
    return f"file://{paths.state(root)}"


def has_backend(root: Path, env: Mapping[str, str]) -> bool:
    """Whether the user has chosen where state lives: by environment, project file or `pulumi login`."""
    if env.get("PULUMI_BACKEND_URL") or env.get("PULUMI_ACCESS_TOKEN"):
        return True
    project = cast(dict[str, Any], yaml.safe_load((root / "Pulumi.yaml").read_text()))
    if project.get("backend"):
        return True
    return bool(_logged_in(env))


def backend(root: Path, env: Mapping[str, str]) -> str:
    """Where the state lies, as Pulumi decides it: by environment, project file or `pulumi login`."""
    if url := env.get("PULUMI_BACKEND_URL"):
        return url
    project = cast(dict[str, Any], yaml.safe_load((root / "Pulumi.yaml").read_text()))
    chosen = cast(dict[str, str], project.get("backend") or {})
    url = chosen.get("url") or _logged_in(env)
    # an access token alone is one for Pulumi's own service
    return url or "https://api.pulumi.com"


def _logged_in(env: Mapping[str, str]) -> str | None:
    home = env.get("PULUMI_HOME") or str(Path(env.get("HOME") or Path.home()) / ".pulumi")
    try:
        return json.loads((Path(home) / "credentials.json").read_text()).get("current")
    except (OSError, ValueError, AttributeError):
        return None


def is_own_backend(env: Mapping[str, str], root: Path) -> bool:
    """Whether an environment made here keeps state in the project's folder."""
    return env.get("PULUMI_BACKEND_URL") == own_backend(root)


def environment(root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of every Pulumi process.

    A Python host built from Go modules ignores the option `virtualenv`, so the venv comes first on PATH.
    Without a login, state goes to the project's folder, under a passphrase that is made once unless the user
    gives one.
    """
    env = dict(given)
    env["PATH"] = os.pathsep.join(
        [str(root / "venv/bin"), str(paths.tools(root)), env.get("PATH", os.defpath)]
    )
    env["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    # Python's gRPC would dial the engine, on 127.0.0.1, through the proxy.
    if any(name.lower() in ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy") for name in env):
        known = env.get("no_proxy") or env.get("NO_PROXY") or ""
        env["no_proxy"] = env["NO_PROXY"] = ",".join(["127.0.0.1", "localhost", *filter(None, [known])])
    if sim.on(given):
        env = sim.environment(root, env)
    if sim.on(given) or not has_backend(root, given) or is_own_backend(given, root):
        env["PULUMI_BACKEND_URL"] = own_backend(root)
        if not any(name in env for name in _PASSPHRASES):
            env["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(paths.passphrase(root))
        # The history holds the same checkpoints already.
        env["PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS"] = "true"
    return env


def ensure_own_backend(root: Path, env: Mapping[str, str]) -> None:
    """Makes the state folder and its passphrase, once.

    Raises:
        UserError: there is a state, but the passphrase that it was made with is gone.
    """
    private_folder(paths.state(root))
    file = paths.passphrase(root)
    if file.exists() or env.get("PULUMI_CONFIG_PASSPHRASE_FILE") != str(file):
        return
    if any(paths.state(root).glob(".pulumi/stacks/*/*.json*")):
        raise UserError(
            f"{file.relative_to(root)} is gone, and {paths.state(root).relative_to(root)} cannot be read "
            f"without it; put it back from a backup (if there is none, remove that folder, and the "
            f"machines by hand: python -m fleet leftovers)"
        )
    write_private(file, secrets.token_urlsafe(32))


def check_operator(env: Mapping[str, str]) -> None:
    """Refuses an environment in which every SSH step would fail.

    Raises:
        UserError: the SSH agent named does not answer; the plugin asks it even where it is given a key.
    """
    agent = env.get("SSH_AUTH_SOCK")
    if not agent:
        return
    try:
        with socket.socket(socket.AF_UNIX) as dial:
            dial.settimeout(5)
            dial.connect(agent)
    except OSError as error:
        raise UserError(
            f"no SSH agent answers at SSH_AUTH_SOCK={agent} ({error.strerror or error}), and every step over "
            f"SSH would fail for it; run: unset SSH_AUTH_SOCK (or start the agent), then try again"
        ) from None


def check_room(root: Path) -> None:
    """Refuses a disk without room for the state: the engine would make what it cannot write down.

    Raises:
        UserError: less than STATE_MIB are free.
    """
    state = paths.state(root)
    for folder in (root, *([state] if state.exists() else [])):
        free = shutil.disk_usage(folder).free >> 20
        if free < STATE_MIB:
            raise UserError(
                f"disk full: {folder} has {free} MiB left, and the state is written at every step; make room "
                f"for {STATE_MIB} MiB, then try again"
            )


def check_plugin(root: Path, cloud: str | None) -> None:
    """Refuses the stand-in for the pulumi-command plugin where machines are real."""
    stand_in = paths.tools(root) / "pulumi-resource-command"
    if sim.on():
        return
    if stand_in.exists() and cloud not in (None, "local"):
        raise UserError(
            f"this stack's cloud is {cloud}, and the pulumi-command plugin here is the stand-in for local "
            f"hosts; run: rm {stand_in.relative_to(root)} && tools/setup.sh (where it can be downloaded)"
        )
