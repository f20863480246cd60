"""A provider's plugin for the engine: there, or got now, or a sentence about it."""

import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from fleet.engine import environment, process
from fleet.errors import UserError

PROBE = "https://get.pulumi.com/releases/plugins/"
PROBE_SECONDS = 10


def ensure(root: Path, env: Mapping[str, str], provider: str) -> None:
    """The engine would get it too, but tries several hosts for minutes where there is no way to any.

    Raises:
        UserError: it is neither here nor to be had, or the SDK is not installed.
    """
    try:
        wanted = version(f"pulumi-{provider}")
    except PackageNotFoundError:
        raise UserError(f"pulumi-{provider} is not installed; run: tools/setup.sh") from None
    home = env.get("PULUMI_HOME") or str(Path(env.get("HOME") or Path.home()) / ".pulumi")
    there = Path(home) / "plugins" / f"resource-{provider}-v{wanted}" / f"pulumi-resource-{provider}"
    if which(f"pulumi-resource-{provider}", path=env["PATH"]) or os.access(there, os.X_OK):
        return
    print(f"==> getting the pulumi-{provider} plugin {wanted}, once for all projects", flush=True)
    command = ["plugin", "install", "resource", provider, wanted]
    if not _reached() or process.run([environment.binary(root, env["PATH"]), *command], env, root):
        raise UserError(
            f"the pulumi-{provider} plugin {wanted} is not on this computer and cannot be downloaded; check "
            f"the network and the proxy (github.com, get.pulumi.com), or bring its archive and run: "
            f"pulumi {' '.join(command)} --file ARCHIVE. To try a stack without it and without an account: "
            f"make up STACK=NAME SIM=1"
        )


def _reached() -> bool:
    try:
        urllib.request.urlopen(PROBE, timeout=PROBE_SECONDS).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
