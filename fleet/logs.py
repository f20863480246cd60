"""`ssh` and `logs`: a look into one machine."""

import shlex
import subprocess
import sys
from collections.abc import Sequence

from fleet import elastic, ssh, stack
from fleet.errors import UserError


def ssh_to(name: str, node: str, words: Sequence[str]) -> int:
    """A shell on a node, or one command; its exit code."""
    inventory, config = stack.reached(name)
    host, options = elastic.target(inventory, config, node)
    return _run(name, ssh.argv(config, host, words, options))


def logs(name: str, node: str, lines: int, follow: bool) -> int:
    """The newest lines of the node's step, of its agent's service and container; on request what comes."""
    if lines < 0:
        raise UserError(f"-n {lines}: must be 0 or more")
    inventory, config = stack.reached(name)
    host, options = elastic.target(inventory, config, node)
    words = [log_command(inventory.platform_of(node), lines, follow)]
    # While following, the machine's side ends when this side's end of the pipe is gone, however that happens.
    stdin = subprocess.PIPE if follow else subprocess.DEVNULL
    return _run(name, ssh.argv(config, host, words, options), stdin)


# Platforms whose agent is a container, by the beginning of its name. It may make itself anew under that name.
CONTAINERS = {"supervisely": "supervisely-agent-"}


def log_command(platform: str, lines: int, follow: bool) -> str:
    """One shell line; the logs follow side by side and end together."""
    step = f"/var/log/agent-fleet/{platform}.log"
    more, journal = (" -F", " -f") if follow else ("", "")
    shown = {
        f"step: {step}": f"tail -n {lines}{more} {step}",
        f"service {platform}": f'journalctl -u "{platform}*" --no-pager -o short-iso -n {lines}{journal}',
    }
    if name := CONTAINERS.get(platform):
        shown[f"container {name}*"] = _container(name, lines, follow)
    if follow:
        script = f"trap 'kill 0' EXIT; {' & '.join(shown.values())} & cat >/dev/null"
    else:
        script = "; echo; ".join(f"echo '==> {title}'; {line}" for title, line in shown.items())
    return shlex.join(["sudo", "-n", "bash", "-c", script])


def _container(name: str, lines: int, follow: bool) -> str:
    """The newest one of the name; when it ends, its successor is followed."""
    newest = f"docker ps -aq --filter name=^{name} | head -1"
    if not follow:
        return f"{newest} | xargs -r docker logs -tn {lines} 2>&1"
    show = f"{newest} | xargs -r docker logs -ft $from 2>&1"
    return f'{{ from=--tail={lines}; while :; do {show}; from="--since=$(date +%s)"; sleep 1; done; }}'


def _run(name: str, argv: Sequence[str], stdin: int | None = None) -> int:
    with subprocess.Popen(argv, stdin=stdin) as process:
        code = process.wait()
    if code == ssh.SSH_FAILED:
        print(
            f"Not reached, or the command ended with 255. Run: python -m fleet status {name}", file=sys.stderr
        )
    return code
