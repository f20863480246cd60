"""The only place that turns a `Call` into a Command.

A step installs and starts the agent of one machine; a membership is what its controller says of it.
Why each option is as it is: docs/architecture.md, "Steps and memberships".
"""

import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pulumi
from pulumi_command import local, remote

from components import lean
from components.call import ApiCall, Call
from components.cloud import Machine
from components.connection import DIALS, Sshd, connection
from components.scripts import INSTALLED, Setting, assignments, packed, script_of

# in the shared storage; `publish` in userdata/common.sh puts the script there under its digest
PUBLISHED = ".agent-fleet"


def _path(call: Call) -> str:
    return f"{INSTALLED}/{call.scripts[-1]}.sh"


def _as_root(seconds: int, *command: str) -> str:
    return shlex.join(["sudo", "-n", "timeout", "--kill-after=30", str(seconds), *command])


def _install_and_run(call: Call, get_script: str) -> str:
    """`get_script` is shell that writes the script to `$new`."""
    path = _path(call)
    return _as_root(
        call.timeout,
        "bash",
        "-c",
        f"set -euo pipefail; umask 077; new={path}.$$; mkdir -p {INSTALLED}; {get_script}; "
        f"mv $new {path}; exec bash {path} {call.verb}",
    )


def _from_stdin(call: Call) -> str:
    return _install_and_run(call, 'IFS= read -r code; printf %s "$code" | base64 -d | gunzip >$new')


def _from_storage(call: Call, storage: str) -> str:
    """The digest makes it safe that people's work can write to the shared storage too."""
    digest = hashlib.sha256(script_of(call.scripts).encode()).hexdigest()
    found = f"{storage}/{PUBLISHED}/{digest}"
    here = "error on $(hostname):"
    unmounted = f"{here} no shared storage is mounted at {storage}: restart the machine, or fleet replace it"
    refused = (
        f"{here} {found} is missing or not what the master put there: "
        "run python -m fleet repair STACK master, then this again"
    )
    return _install_and_run(
        call,
        "timeout 600 cloud-init status --wait >/dev/null 2>&1 || :; "
        f"timeout 120 sh -c 'until mountpoint -q {storage}; do sleep 1; done' || "
        f'{{ echo "{unmounted}" >&2; exit 1; }}; '
        f"{{ cp {found} $new && echo {digest} $new | sha256sum --status -c; }} 2>/dev/null || "
        f'{{ echo "{refused}" >&2; exit 1; }}',
    )


def _run_installed(call: Call, verb: str) -> str:
    return _as_root(call.timeout, "bash", _path(call), verb)


def _stdin(call: Call, prefix: str = "") -> pulumi.Output[str]:
    known: dict[str, Setting] = {}
    later: dict[str, pulumi.Output[Setting]] = {}
    for name, value in {**call.settings, **call.secrets}.items():
        # An Output of every plain value would be a third of what the program costs.
        if isinstance(value, pulumi.Output):
            later[name] = value
        else:
            known[name] = cast(Setting, value)
    found = pulumi.Output.all(**later)
    return pulumi.Output.secret(found.apply(lambda values: prefix + assignments({**known, **values})))


# What a step prints is progress and a digest; it is kept secret all the same, because the error text of a
# failing step holds everything that it printed.
_QUIET = ["stdout", "stderr"]

# Neither Command has an `update`: without one the plugin runs `create` again, which is idempotent, and the
# text is in the state once less.


class Command(remote.Command):
    """The SDK's resource with the outputs alone that are used.

    As there, any changed trigger replaces: the plugin's schema says it of the list as a whole alone.
    """

    def __init__(self, name: str, args: remote.CommandArgs, opts: pulumi.ResourceOptions) -> None:
        replacing = pulumi.ResourceOptions(replace_on_changes=["triggers[*]"])
        opts = pulumi.ResourceOptions.merge(opts, replacing)
        lean.register(self, "command:remote:Command", name, args, ("stdout",), opts)


def step(call: Call, machine: Machine, opts: pulumi.ResourceOptions) -> remote.Command:
    """The one Command on a machine that is a way in: its script travels with it.

    Its stdout is the digest of what it was asked for. A changed script, setting or secret updates it in
    place; a replaced machine replaces it. It has no `delete`, so nothing dials a machine that goes away.
    """
    script = script_of(call.scripts)
    return _step(call, machine, _from_stdin(call), f"{packed(script)}\n", None, opts)


def worker_step(
    call: Call, machine: Machine, through: Machine, storage: str, opts: pulumi.ResourceOptions
) -> remote.Command:
    """As `step`, for a worker: the master put the script into the shared storage, and is the way to it.

    Every input is written to the state at every step of a run, so what N machines have in common stays out
    of their inputs.
    """
    reached = through.sshd if machine.behind_master else None
    return _step(call, machine, _from_storage(call, storage), "", reached, opts)


def _step(
    call: Call,
    machine: Machine,
    command: str,
    prefix: str,
    through: pulumi.Output[Sshd] | None,
    opts: pulumi.ResourceOptions,
) -> remote.Command:
    return Command(
        f"{machine.node.name}-step",
        remote.CommandArgs(
            connection=connection(machine.sshd, machine.first_dials, through),
            create=command,
            stdin=_stdin(call, prefix),
            triggers=[machine.id],
            logging=remote.Logging.STDERR,
            add_previous_output_in_env=False,
        ),
        pulumi.ResourceOptions.merge(
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
    return Command(
        f"{machine.node.name}-membership",
        remote.CommandArgs(
            connection=connection(controller.sshd, DIALS),
            create=_run_installed(call, call.verb),
            delete=_run_installed(call, call.undo) if call.undo else None,
            stdin=_stdin(replace(call, settings={**call.settings, **verification})),
            triggers=[machine.id],
            logging=remote.Logging.STDERR,
            add_previous_output_in_env=False,
        ),
        pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                replace_with=[machine.resource],
                deleted_with=controller.resource,
                additional_secret_outputs=_QUIET,
            ),
        ),
    )


def _of_operator(call: ApiCall, verb: str) -> str:
    """Relative to the project's folder: absolute paths differ between colleagues."""
    return shlex.join(["python3", "-m", call.module, verb])


def _json(settings: Mapping[str, Any]) -> pulumi.Output[str]:
    return pulumi.Output.secret(pulumi.Output.json_dumps(settings, sort_keys=True))


def enrolment(
    call: ApiCall, name: str, machine: Machine | None, opts: pulumi.ResourceOptions
) -> local.Command:
    """Makes an agent known to its controller elsewhere; what that answers is in the state, secret.

    Without a `machine` it outlives those that its agent runs on. An update makes nothing anew.
    """
    return local.Command(
        f"{name}-enrolment",
        create=_of_operator(call, call.verb),
        delete=_of_operator(call, call.undo) if call.undo else None,
        stdin=_json(call.settings),
        triggers=[*call.triggers, *([machine.id] if machine else [])],
        logging=local.Logging.STDERR,
        add_previous_output_in_env=True,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=_QUIET)),
    )


def outside_membership(
    call: ApiCall, machine: Machine, step_of_agent: remote.Command, opts: pulumi.ResourceOptions
) -> local.Command:
    """As `membership`, of a controller elsewhere: it outlives the stack, so `delete` runs at a destroy too.

    It has none where the enrolment's end is the agent's.
    """
    return local.Command(
        f"{machine.node.name}-membership",
        create=_of_operator(call, call.verb),
        delete=_of_operator(call, call.undo) if call.undo else None,
        stdin=_json({**call.settings, "step": step_of_agent.stdout}),
        triggers=[machine.id],
        logging=local.Logging.STDERR,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(replace_with=[machine.resource], additional_secret_outputs=_QUIET),
        ),
    )
