"""The "API" of local hosts as resources: the only place of this cloud that makes a Command."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_command import local

# Relative to the project's folder, where Pulumi runs commands: absolute paths differ between colleagues.
DRIVER = ("python3", "-m", "tools.local_hosts")


def call(
    name: str,
    *,
    create: Sequence[str],
    delete: Sequence[str],
    opts: pulumi.ResourceOptions,
    update: Sequence[str] | None = None,
    stdin: pulumi.Input[str] | None = None,
    triggers: Sequence[Any] = (),
) -> local.Command:
    """A resource that the driver makes and removes; its stdout is one JSON object.

    A changed trigger replaces it. Any other change runs `update`, which is `create` again unless given: the
    driver's verbs may be repeated.
    """
    return local.Command(
        name,
        create=shlex.join([*DRIVER, *create]),
        update=shlex.join([*DRIVER, *(update or create)]),
        delete=shlex.join([*DRIVER, *delete]),
        stdin=stdin,
        triggers=list(triggers),
        # what is printed on standard error is progress; standard output is for this program
        logging=local.Logging.STDERR,
        add_previous_output_in_env=False,
        opts=opts,
    )


def outputs(command: local.Command) -> pulumi.Output[Any]:
    """What the driver printed."""
    return command.stdout.apply(json.loads)
