"""A verdict for people (a table) and for programs (JSON). What colour says, words say too."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pydantic.alias_generators import to_camel
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fleet.judge import Row, Verdict

UNKNOWN = "-"
WIDE = 95
LEFT_OUT_WHERE_NARROW = ("role", "address")


def as_json(verdict: Verdict) -> str:
    """Keys stay as they are from version to version; new ones may come."""
    nodes = [{to_camel(key): value for key, value in asdict(row).items()} for row in verdict.rows]
    document: dict[str, Any] = {
        "stack": verdict.stack,
        "well": verdict.well,
        "nodes": [{**node, "well": not node["problems"]} for node in nodes],
        "strangers": verdict.strangers,
        "problems": verdict.problems,
        "next": verdict.next_commands,
    }
    return json.dumps(document, indent=2)


def show(verdict: Verdict, console: Console) -> None:
    """Prints the table, each problem in a sentence, and last what to run."""
    headings = [heading for heading in CELLS if console.width >= WIDE or heading not in LEFT_OUT_WHERE_NARROW]
    if not any(row.work for row in verdict.rows):
        headings.remove("work")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        right = heading in ("load", "memory", "up")
        table.add_column(heading, no_wrap=True, justify="right" if right else "left")
    for row in verdict.rows:
        table.add_row(*(CELLS[heading](row) for heading in headings))
    console.print(table)
    for sentence in _sentences(verdict):
        console.print(f"[red]✗[/] {escape(sentence)}", soft_wrap=True)
    console.print(_last_line(verdict), soft_wrap=True)


def _state(state: str | None, good: str) -> str:
    if state is None:
        return UNKNOWN
    colour = "green" if state == good else "red"
    return f"[{colour}]{escape(state.lower())}[/]"


def _memory(total: int | None, free: int | None) -> str:
    if total is None or free is None:
        return UNKNOWN
    return f"{(total - free) / 1024:.1f}/{total / 1024:.1f} GiB"


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return UNKNOWN
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _sentences(verdict: Verdict) -> list[str]:
    return [
        *verdict.problems,
        *(f"{row.name}: {'; '.join(row.problems)}" for row in verdict.rows if row.problems),
        *(f"the controller knows {stranger}, which is not in the stack" for stranger in verdict.strangers),
    ]


def _last_line(verdict: Verdict) -> str:
    if verdict.well:
        return f"[green]{escape(verdict.stack)} is well: {_count(verdict)}.[/]"
    if verdict.next_commands:
        return f"Run: [bold]{escape(verdict.next_commands[0])}[/]"
    return f"Look: [bold]python -m fleet logs {escape(verdict.stack)} NODE[/]"


def _count(verdict: Verdict) -> str:
    guests = sum(row.role == "guest" for row in verdict.rows)
    elastic = sum(row.elastic for row in verdict.rows) - guests
    own = len(verdict.rows) - elastic - guests
    more = [f"{elastic} of elastic pools"] if elastic else []
    more += [f"{guests} of other stacks"] if guests else []
    return ", and ".join([f"{own} of {own} nodes", *more])


CELLS: dict[str, Callable[[Row], str]] = {
    "": lambda row: "[red]✗[/]" if row.problems else "[green]✓[/]",
    "node": lambda row: f"[bold]{escape(row.name)}[/]",
    "role": lambda row: row.role,
    "address": lambda row: row.address,
    "machine": lambda row: _state(row.machine, "running"),
    "agent": lambda row: _state(row.agent, "ALIVE"),
    "service": lambda row: _state(row.unit, "active"),
    "version": lambda row: row.version or UNKNOWN,
    "load": lambda row: UNKNOWN if row.load is None else f"{row.load:.2f}",
    "memory": lambda row: _memory(row.memory_mib, row.free_memory_mib),
    "up": lambda row: _duration(row.uptime_seconds),
    "work": lambda row: escape(row.work or UNKNOWN),
}
