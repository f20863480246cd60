"""Resources of a few lines, recorded as the whole program is."""

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime import mocks

from tests.graph import recording


class _Answers(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"unexpected call {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:aws:x:::{args.name}", "name": args.name}


def record(make: Callable[[], object]) -> recording.Recording:
    """What `make` asks for."""
    made = recording.Recording()
    answers = _Answers()
    mocks.set_mocks(answers, project="agent-fleet", stack="bad", monitor=recording._Monitor(answers, made))

    @pulumi.runtime.test
    def program() -> object:
        return make()

    program()
    return made
