"""Resources of the SDKs without the outputs that nobody reads.

The SDK keeps an Output, 2.6 KB, for everything that a resource may have: 12 of a Command, 60 of an EC2
instance. There are as many of these as there are workers.
"""

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
    pulumi.CustomResource.__init__(
        resource,
        token,
        name,
        # an input type, whose names the SDK translates; the signature says mappings alone
        cast(Any, args),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=version(package))),
    )
