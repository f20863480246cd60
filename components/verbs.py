"""The frame of programs that a Command runs on the operator's computer: a verb of them, with JSON on standard
input and output.

Standard library only: some run without the project's own packages.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

Asked = Mapping[str, Any]
Verb = Callable[[Asked], Mapping[str, Any]]


def run(usage: str | None, verbs: Mapping[str, Verb], *errors: type[Exception]) -> int:
    """Runs the verb that argv names. `errors` are told in one message. Returns the exit code."""
    if sys.argv[1:] not in [[verb] for verb in verbs]:
        print(usage, file=sys.stderr)
        return 2
    try:
        print(json.dumps(verbs[sys.argv[1]](json.load(sys.stdin))))
    except errors as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; run the same again to go on", file=sys.stderr)
        return 130
    return 0
