"""One report for everything that is wrong with a stack file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SHOWN = 60
HIDDEN = "(not shown)"
# The namespace of the keys, as Pulumi.yaml has it.
PROJECT = "agent-fleet"


@dataclass(frozen=True)
class Problem:
    """`path` has `value`, but `rule`; `remedy` says what to do.

    `value` is ready to be read by anyone who sees the terminal, empty where there is none. `also` are other
    paths that the rule looked at: where one of them is wrong itself, this problem may be its mere echo.
    """

    path: str
    value: str
    rule: str
    remedy: str
    also: tuple[str, ...] = ()


class ConfigError(Exception):
    """Everything that is wrong with the configuration of a stack. Its text is for the user."""

    def __init__(self, stack: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_reading_order))
        super().__init__(report(stack, self.problems))


def report(stack: str, problems: Sequence[Problem]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"Pulumi.{stack}.yaml: {count}, nothing was made or changed"]
    for problem in problems:
        lines.append(f"  {problem.path}: {problem.value}" if problem.value else f"  {problem.path}")
        lines.append(f"      {problem.rule}; {problem.remedy}")
    return "\n".join(lines)


def show(value: object) -> str:
    """A value as a line of a report: shortened, and nothing of what a list or a mapping holds."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{…}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[…]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = re.sub(r"\s+", " ", str(value))
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?|true|false", text):
        return f'"{text}"'
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def path_of(parts: Sequence[str | int]) -> str:
    """`("cluster", "pools", 0, "count")` is `cluster.pools[0].count`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def within(path: str, other: str) -> bool:
    """Whether `path` is `other` or a part of it."""
    return path == other or path.startswith((f"{other}.", f"{other}["))


def _reading_order(problem: Problem) -> tuple[str, str]:
    return re.sub(r"\d+", lambda number: number[0].zfill(5), problem.path), problem.rule
