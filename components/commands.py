"""The only place that turns a `Call` into a Command.

A step installs and starts the agent of one machine; a membership is what its controller says of it.
Why each option is as it is: docs/architecture.md, "Steps and memberships".
"""

import base64
import gzip
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pulumi
from pulumi_command import remote

from components.call import Call, Setting
from components.cloud import Machine
from components.connection import DIALS, FIRST_CONTACT_DIALS, connection

USERDATA = Path(__file__).parent.parent / "userdata"
INSTALLED = "/usr/local/lib/agent-fleet"


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


def packed(script: str) -> str:
    """`common.sh` and the platform's script as one line of base64, the same at every run."""
    text = "".join(minified((USERDATA / f"{name}.sh").read_text()) for name in ("common", script))
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _as_root(seconds: int, *command: str) -> str:
    return shlex.join(["sudo", "-n", "timeout", "--kill-after=30", str(seconds), *command])


def _install_and_run(call: Call) -> str:
    path = f"{INSTALLED}/{call.script}.sh"
    text = (
        f"set -euo pipefail; umask 077; IFS= read -r code; mkdir -p {INSTALLED}; "
        f'printf %s "$code" | base64 -d | gunzip >{path}.$$; mv {path}.$$ {path}; '
        f"exec bash {path} {call.verb}"
    )
    return _as_root(call.timeout, "bash", "-c", text)


def _run_installed(call: Call, verb: str) -> str:
    return _as_root(call.timeout, "bash", f"{INSTALLED}/{call.script}.sh", verb)


def _stdin(call: Call, prefix: str = "") -> pulumi.Output[str]:
    values = pulumi.Output.all(**call.settings, **call.secrets)
    return pulumi.Output.secret(values.apply(lambda known: prefix + assignments(known)))


# What a step prints is progress and a digest; it is kept secret all the same, because the error text of a
# failing step holds everything that it printed.
_QUIET = ["stdout", "stderr"]

# Neither Command has an `update`: without one the plugin runs `create` again, which is idempotent, and the
# text is in the state once less.


def step(
    call: Call, machine: Machine, through: Machine | None, opts: pulumi.ResourceOptions
) -> remote.Command:
    """The one Command on a machine: installs, configures and starts its agent.

    Its stdout is the digest of what it was asked for. A changed script, setting or secret updates it in
    place; a replaced machine replaces it. It has no `delete`, so nothing dials a machine that goes away.
    """
    return remote.Command(
        f"{machine.node.name}-step",
        connection=connection(
            machine.endpoint, FIRST_CONTACT_DIALS, through=through.endpoint if through else None
        ),
        create=_install_and_run(call),
        stdin=_stdin(call, prefix=f"{packed(call.script)}\n"),
        triggers=[machine.id],
        logging=remote.Logging.STDERR,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(replace_with=[machine.resource], additional_secret_outputs=_QUIET),
        ),
    )


def membership(
    call: Call,
    machine: Machine,
    step_of_agent: remote.Command,
    controller: Machine,
    opts: pulumi.ResourceOptions,
) -> remote.Command:
    """Waits at the controller until the agent is alive and right; on delete drains and deregisters it.

    It runs again when the agent's step printed another digest or the controller's machine is another one.
    When the controller goes too (a destroy), it is dropped without a dial.
    """
    verification = {"STEP": step_of_agent.stdout, "CONTROLLER": controller.id}
    return remote.Command(
        f"{machine.node.name}-membership",
        connection=connection(controller.endpoint, DIALS),
        create=_run_installed(call, call.verb),
        delete=_run_installed(call, call.undo) if call.undo else None,
        stdin=_stdin(replace(call, settings={**call.settings, **verification})),
        triggers=[machine.id],
        logging=remote.Logging.STDERR,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                replace_with=[machine.resource],
                deleted_with=controller.resource,
                additional_secret_outputs=_QUIET,
            ),
        ),
    )
