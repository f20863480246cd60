"""`ssh` and `logs`: a look into one machine."""

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
    """The newest lines of the node's step and of its agent's service, then, on request, what comes."""
    if lines < 0:
        raise UserError(f"-n {lines}: must be 0 or more")
    inventory, config = stack.reached(name)
    host, options = elastic.target(inventory, config, node)
    words = [log_command(inventory.platform_of(node), lines, follow)]
    # While following, the machine's side ends when this side's end of the pipe is gone, however that happens.
    stdin = subprocess.PIPE if follow else subprocess.DEVNULL
    return _run(name, ssh.argv(config, host, words, options), stdin)


def log_command(platform: str, lines: int, follow: bool) -> str:
    """One shell line; both logs follow side by side and end together."""
    step = f"/var/log/agent-fleet/{platform}.log"
    more = " -F" if follow else ""
    show_step = f"tail -n {lines}{more} {step}"
    show_agent = f"journalctl -u '{platform}*' --no-pager -o short-iso -n {lines}{' -f' if follow else ''}"
    if follow:
        script = f"trap 'kill 0' EXIT; {show_step} & {show_agent} & cat >/dev/null"
    else:
        script = f"echo '==> step: {step}'; {show_step}; echo; echo '==> service {platform}'; {show_agent}"
    return f'sudo -n bash -c "{script}"'


def _run(name: str, argv: Sequence[str], stdin: int | None = None) -> int:
    with subprocess.Popen(argv, stdin=stdin) as process:
        code = process.wait()
    if code == ssh.SSH_FAILED:
        print(
            f"Not reached, or the command ended with 255. Run: python -m fleet status {name}", file=sys.stderr
        )
    return code
