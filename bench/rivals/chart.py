"""Bars of results as SVG; a figure of its own for each number of workers. Pure.

python -m bench.rivals.chart RESULTS.json CHART.svg
"""

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

BAR, GAP, LEFT, WIDTH = 16, 8, 190, 420
COLOURS = {"first": "#3b6ea5", "again": "#a9c4e0"}
WORDS = {"first": "first run", "again": "again, nothing to do"}

Result = Mapping[str, Any]


def titled(result: Result) -> str:
    agents = "a light agent" if result["light"] else "Ray"
    return f"{result['workers']} workers, {agents}: wall seconds"


def chart(results: Sequence[Result]) -> str:
    """The results in their order; bars of one figure have one scale."""
    rows: list[str] = []
    y = 10
    for title in dict.fromkeys(map(titled, results)):
        ones = [one for one in results if titled(one) == title]
        most = max(one[which]["seconds"] for one in ones for which in COLOURS)
        rows.append(_text(10, y + 12, title, "bold"))
        y += 26
        for one in ones:
            rows.append(_text(10, y + BAR, one["method"]))
            for which, colour in COLOURS.items():
                seconds = one[which]["seconds"]
                width = max(1, WIDTH * seconds / most)
                rows.append(f'<rect x="{LEFT}" y="{y}" width="{width:.0f}" height="{BAR}" fill="{colour}"/>')
                rows.append(_text(LEFT + width + 6, y + BAR - 4, f"{seconds:.0f}"))
                y += BAR + 1
            y += GAP
        y += GAP
    for which, colour in COLOURS.items():
        rows.append(f'<rect x="{LEFT}" y="{y}" width="{BAR}" height="{BAR}" fill="{colour}"/>')
        rows.append(_text(LEFT + BAR + 6, y + BAR - 4, WORDS[which]))
        y += BAR + 4
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{y + 6}"'
    style = 'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([f"{head} {style}", *rows, "</svg>", ""])


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}">{escape(text)}</text>'


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(chart(json.loads(source.read_text())))
