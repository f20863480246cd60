"""The "API" of local hosts as resources."""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_command import local

from components.clouds import driver
from components.clouds.driver import outputs

__all__ = ["call", "outputs"]

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
    """A resource that the driver's verbs make and remove."""
    return driver.call(
        name,
        create=[*DRIVER, *create],
        update=[*DRIVER, *update] if update else None,
        delete=[*DRIVER, *delete],
        opts=opts,
        stdin=stdin,
        triggers=triggers,
    )
