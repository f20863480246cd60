"""`python -m tests.simcloud VERB --stack S ...`: what happens to a simulated account from outside.

terminate --stack S NAME     ends an instance behind the program's back
interrupt --stack S NAME     tells a spot instance that it will be interrupted in two minutes
faults --stack S [JSON]      replaces the faults to inject; faults.py says what there are
remove --stack S             removes everything of a stack, whatever its state says

NAME: an instance's id, its resource's name or its tag `node`.
"""

import argparse
import json
import sys

from tests.simcloud import faults, instances
from tests.simcloud.remove import take_down
from tests.simcloud.store import Store


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simcloud",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=["terminate", "interrupt", "faults", "remove"])
    parser.add_argument("--stack", required=True)
    parser.add_argument("what", nargs="?", default="")
    asked = parser.parse_intermixed_args()
    store = Store(asked.stack)
    match asked.verb:
        case "terminate":
            instances.terminate(store, asked.what)
        case "interrupt":
            instances.interrupt(store, asked.what)
        case "faults":
            faults.put(store, *json.loads(asked.what or "[]"))
        case _:
            take_down(asked.stack)
    return 0


if __name__ == "__main__":
    sys.exit(main())
