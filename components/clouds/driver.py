"""A program on the operator's computer as resources, for clouds that no provider knows."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_command import local

from components import lean


class Driven(local.Command):
    """The SDK's resource with the output alone that is used; as there, any changed trigger replaces."""

    def __init__(self, name: str, args: local.CommandArgs, opts: pulumi.ResourceOptions) -> None:
        replacing = pulumi.ResourceOptions(replace_on_changes=["triggers[*]"])
        opts = pulumi.ResourceOptions.merge(opts, replacing)
        lean.register(self, "command:local:Command", name, args, ("stdout",), opts)


def call(
    name: str,
    *,
    program: Sequence[str],
    create: Sequence[str],
    delete: Sequence[str],
    opts: pulumi.ResourceOptions,
    update: Sequence[str] | None = None,
    stdin: pulumi.Input[str] | None = None,
    triggers: Sequence[Any] = (),
) -> local.Command:
    """A resource that verbs of a program make and remove; its stdout is one JSON object.

    A changed trigger replaces it. Any other change runs `update`, which is `create` again unless given: the
    program's verbs may be repeated.
    """
    return Driven(
        name,
        local.CommandArgs(
            create=shlex.join([*program, *create]),
            update=shlex.join([*program, *(update or create)]),
            delete=shlex.join([*program, *delete]),
            stdin=stdin,
            triggers=list(triggers),
            # what is printed on standard error is progress; standard output is for this program
            logging=local.Logging.STDERR,
            add_previous_output_in_env=False,
        ),
        opts,
    )


def outputs(command: local.Command) -> pulumi.Output[Any]:
    """What the program printed."""
    return command.stdout.apply(json.loads)
