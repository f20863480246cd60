"""Resources of the SDKs without the outputs that nobody reads, and without the lines that asked for them.

The SDK keeps an Output, 2.6 KB, for everything that a resource may have: 12 of a Command, 60 of an EC2
instance. Its stack trace of every request is a fifth of a worker's state, which the engine writes at every
step. There are as many of these as there are workers.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from typing import Any, cast

import pulumi

version = cache(metadata.version)


def register(
    resource: pulumi.CustomResource,
    token: str,
    name: str,
    args: object,
    outputs: tuple[str, ...],
    opts: pulumi.ResourceOptions,
) -> None:
    """In place of the `__init__` of an SDK's class: typed `args` as they are, and these outputs besides."""
    package = f"pulumi-{token.partition(':')[0]}"
    for output in outputs:
        vars(args).setdefault(output, None)
    with _no_stack_trace():
        pulumi.CustomResource.__init__(
            resource,
            token,
            name,
            # an input type, whose names the SDK translates; the signature says mappings alone
            cast(Any, args),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=version(package))),
        )


@contextmanager
def _no_stack_trace() -> Generator[None]:
    """The SDK asks `traceback`, which sees this far; an error that leaves the block is told in full."""
    sys.tracebacklimit = 1
    try:
        yield
    finally:
        del sys.tracebacklimit
