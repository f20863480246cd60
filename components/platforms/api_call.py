"""What the modules of ApiCalls have in common: a verb of them is run on the operator's computer, with JSON on
standard input and output.

Standard library only: they run without the project's own packages.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

# Whoever sets it lets an agent be given up without its controller, which keeps it.
FORGET = "FLEET_FORGET_AGENTS"

Asked = Mapping[str, Any]
Verb = Callable[[Asked], dict[str, Any]]


class ApiError(Exception):
    """A sentence for the operator. `status` of an answer, 0 where there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def printed_before() -> dict[str, Any]:
    """What the same Command printed when it ran last; nothing at its first run."""
    return json.loads(os.environ.get("PULUMI_COMMAND_STDOUT") or "{}")


def run(verbs: Mapping[str, Verb], *errors: type[BaseException]) -> int:
    """The verb that argv names. `errors` besides ApiError are told in one line too. Returns the exit code."""
    try:
        print(json.dumps(verbs[sys.argv[1]](json.load(sys.stdin))))
    except (ApiError, *errors) as error:
        say(f"error: {error}")
        return 1
    return 0
