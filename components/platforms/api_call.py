"""What the modules of ApiCalls have in common. Standard library only: they run without the project's own
packages."""

import json
import os
import sys
from typing import Any

# Whoever sets it lets an agent be given up without its controller, which keeps it.
FORGET = "FLEET_FORGET_AGENTS"


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
