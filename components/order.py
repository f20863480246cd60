"""Order where no value flows."""

from collections.abc import Awaitable
from typing import TypeVar, cast

import pulumi

T = TypeVar("T")


def after(value: pulumi.Output[T], *resources: pulumi.Resource) -> pulumi.Output[T]:
    """The same value, but what is made from it comes after these resources, and goes before them.

    Other than a value made from theirs it stays known while they change, so a preview shows no change of what
    merely waits for them.
    """

    async def all_of_them() -> set[pulumi.Resource]:
        return {*await value.resources(), *resources}

    future = cast(Awaitable[T], value.future(with_unknowns=True))
    return pulumi.Output(all_of_them(), future, value.is_known(), value.is_secret())
