"""`status`: is every node of the stack well?"""

from rich.console import Console

from fleet import stack, table
from fleet.facts import gather
from fleet.judge import judge


def status(name: str, as_json: bool = False) -> int:
    """0 where every node is well, 1 where not."""
    inventory, config = stack.reached(name)
    verdict = judge(inventory, gather(inventory, config))
    if as_json:
        print(table.as_json(verdict))
    else:
        table.show(verdict, Console())
    return 0 if verdict.well else 1
