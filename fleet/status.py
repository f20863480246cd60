"""`status`: is every node of the stack well?"""

import sys

from rich.console import Console

from fleet import stack, table
from fleet.facts import gather
from fleet.judge import judge

PLAIN_WIDTH = 140


def status(name: str, as_json: bool = False) -> int:
    """0 where every node is well, 1 where not."""
    inventory, config = stack.reached(name)
    verdict = judge(inventory, gather(inventory, config))
    if as_json:
        print(table.as_json(verdict))
    else:
        # Where the output is no terminal its width says nothing.
        table.show(verdict, Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH))
    return 0 if verdict.well else 1
