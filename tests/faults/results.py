"""What was seen of each row: kept in `.fleet/faults.json`, and rendered as docs/reliability.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.matrix import ROOT, Fault

FILE = ROOT / ".fleet/faults.json"
PAGE = ROOT / "docs/reliability.md"
GREEN, RED = "green", "red"
BEGIN, END = "<!-- rows: made by `python -m tests.faults` -->", "<!-- end of rows -->"
HEADER = "| fault | what holds | what to do | guard | seen green | failed without the guard at |"

# By a row's cells as the page has them, what was seen of it: another text is another row.
Seen = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Result:
    """`kind` is GREEN or RED; `held` whether it was so; `said` is the
    statement of a row that failed without its guard."""

    row: str
    kind: str
    held: bool
    said: str = ""


def record(results: Iterable[Result]) -> None:
    known = _recorded()
    for result in results:
        known.setdefault(result.row, {})[result.kind] = {"held": result.held, "said": result.said}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def _recorded() -> dict[str, dict[str, dict[str, Any]]]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def rendered(page: str, rows: Sequence[Fault], seen: Seen) -> str:
    """The page with its table made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [HEADER, "|---|---|---|---|---|---|"]
    lines += [f"{_cells(row)} {' | '.join(seen.get(_cells(row), ('no', 'no')))} |" for row in rows]
    table = "\n".join(lines)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def on_page(page: str) -> Seen:
    """What the page says was seen, by the rest of each row."""
    lines = page.partition(BEGIN)[2].partition(END)[0].splitlines()
    parts = [line.removesuffix(" |").rsplit(" | ", 2) for line in lines if line.startswith("| ")]
    return {f"{cells} |": (green, red) for cells, green, red in parts}


def now_seen(page: str, rows: Sequence[Fault]) -> Seen:
    """What was recorded on this computer, else what the page says already."""
    known, said = _recorded(), on_page(page)

    def cell(row: Fault, kind: str, before: str) -> str:
        one = known.get(row.name, {}).get(kind)
        if one is None:
            return before
        return (one["said"] or "yes") if one["held"] else "no"

    def of(row: Fault) -> tuple[str, str]:
        green, red = said.get(_cells(row), ("no", "no"))
        return cell(row, GREEN, green), cell(row, RED, red)

    return {_cells(row): of(row) for row in rows}


def _cells(row: Fault) -> str:
    guards = "; ".join(f"{guard.why} (`{guard.file}`)" for guard in row.guards)
    return f"| {row.name} | {row.holds} | {row.remedy} | {guards} |"
