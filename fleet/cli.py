"""The command line: words, help, and which function does what."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from fleet import client, job, lifecycle, logs, run, status, tunnel
from fleet.errors import UserError

CODES = """\
exit codes: 0 all is well; 1 something is not, or a change failed; 2 wrong words, an unknown stack or node;
130 Ctrl-C. `ssh` and `run` end with the exit code of what they ran, 255 where SSH reached no machine."""

Command = Callable[[argparse.Namespace, Sequence[str]], int]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m fleet",
        description="The operator's commands of a stack. STACK is $STACK, else dev, where it is left out.",
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Command, says: str, *, node: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=says.splitlines()[0],
            description=says,
            epilog=CODES,
            formatter_class=argparse.RawTextHelpFormatter,
        )
        made.set_defaults(act=act)
        made.add_argument("stack", nargs="?", metavar="STACK", default=os.environ.get("STACK") or "dev")
        if node:
            made.add_argument("node", metavar="NODE")
        return made

    command(
        "up", lambda given, _: lifecycle.up(given.stack), "make the stack what its file says, then status"
    )
    command("preview", lambda given, _: lifecycle.preview(given.stack), "show what `up` would do")
    command(
        "down", lambda given, _: lifecycle.down(given.stack), "remove the stack, but storage it must keep"
    )

    made = command("status", lambda given, _: status.status(given.stack, given.json), "is every node well?")
    made.add_argument("--json", action="store_true", help="for programs; its keys stay")

    made = command(
        "ssh",
        lambda given, rest: logs.ssh_to(given.stack, given.node, rest),
        "a shell on a node, or one command\n"
        "Several words after -- are kept word for word; one word is a line for the node's shell.",
        node=True,
    )
    made.usage = "python -m fleet ssh [-h] [STACK] NODE [-- CMD...]"
    made = command(
        "logs",
        lambda given, _: logs.logs(given.stack, given.node, given.lines, given.follow),
        "the log of a node's step and of its agent",
        node=True,
    )
    made.add_argument("-f", "--follow", action="store_true", help="stay, and show what comes")
    made.add_argument("-n", "--lines", type=int, default=50, help="newest lines of each, 50")

    command(
        "repair",
        lambda given, _: lifecycle.repair(given.stack, given.node),
        "run a node's step again and verify its agent; its machine stays",
        node=True,
    )
    command(
        "replace",
        lambda given, _: lifecycle.replace(given.stack, given.node),
        "make a node's machine anew, drained first where it can be",
        node=True,
    )
    command(
        "leftovers",
        lambda given, _: lifecycle.leftovers(given.stack),
        "what there still is of a stack, also after `down`; 1 if there is anything",
    )

    made = command(
        "tunnel", lambda given, _: tunnel.tunnel(given.stack, given.port), "open the web pages here"
    )
    made.add_argument("--port", type=int, help="port of this computer; the page's own where left out")

    made = command(
        "run",
        _run,
        "run a command on the cluster\nLike: python -m fleet run dev -- eogrow CONFIG [ARGUMENT...]\n"
        "Arguments that are local files are uploaded. The log comes here; Ctrl-C leaves the job at work.",
    )
    made.usage = (
        "python -m fleet run [-h] [STACK] [--upload DIR] -- CMD...\n"
        "       python -m fleet run [-h] [STACK] --follow JOB | --stop JOB"
    )
    made.add_argument(
        "--upload",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="lay a folder on the shared storage under its name",
    )
    made.add_argument("--follow", metavar="JOB", help="follow a job that was left")
    made.add_argument("--stop", metavar="JOB", help="stop a job")

    command("job", lambda given, _: job.job(given.stack), "run the sample project, and judge by its results")

    made = command(
        "client",
        lambda given, _: client.client(given.stack, given.dir),
        "write what a laptop needs: with Ray, eogrow-ray DIR/cluster.yaml CONFIG",
    )
    made.add_argument("--dir", type=Path, required=True)
    return top


def _run(given: argparse.Namespace, rest: Sequence[str]) -> int:
    if given.follow and given.stop:
        raise UserError("--follow and --stop exclude each other")
    if given.follow:
        return run.follow(given.stack, given.follow)
    if given.stop:
        return run.stop(given.stack, given.stop)
    return run.run(given.stack, rest, given.upload)


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """What was asked, and the words after the first `--`."""
    words = list(argv)
    cut = words.index("--") if "--" in words else len(words)
    top = parser()
    given = top.parse_args(words[:cut])
    rest = words[cut + 1 :]
    if rest and given.command not in ("ssh", "run"):
        top.error(f"{given.command} takes nothing after --")
    return given, rest
