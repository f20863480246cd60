"""`python -m fleet.engine env|cancel|up|preview|down STACK`: the engine alone, no look at machines."""

import sys

from fleet import engine
from fleet.errors import UserError


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["env", stack]:
                print(engine.exports(stack), end="")
                return 0
            case ["cancel", stack]:
                return engine.cancel(stack)
            case ["up", stack]:
                return engine.up(stack)
            case ["preview", stack]:
                return engine.preview(stack)
            case ["down", stack]:
                return engine.down(stack)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
