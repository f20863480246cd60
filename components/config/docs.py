"""Tables of docs/configuration.md, made from the model."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from components.config.base import Change
from components.config.fields import Field, change_table, fields
from components.config.model import CLOUDS, SECRET_KEYS

_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true` or `false`",
    "IPv4Network": "IPv4 network",
    "IPv4Address": "IPv4 address",
    "PurePosixPath": "path",
}

_PLURALS = {"IPv4 network": "IPv4 networks", "IPv4 address": "IPv4 addresses"}


def with_tables(page: str) -> str:
    """The page with the tables between its markers made anew."""
    tables = {
        "keys": _keys(_common_rows()),
        **{f"keys of {cloud}": _keys(_own_rows(cloud)) for cloud in CLOUDS},
        "secrets": _secrets(),
        "changes": _changes(),
    }
    for name, lines in tables.items():
        begin, end = f"<!-- {name}: made by `python -m components.config` -->", f"<!-- end of {name} -->"
        table = "\n".join(lines)
        page, found = re.subn(
            f"{begin}.*?{end}", lambda _, t=f"{begin}\n{table}\n{end}": t, page, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"docs/configuration.md has not one place for `{name}`: {begin} … {end}")
    return page


def _keys(rows: Iterable[str]) -> Iterable[str]:
    yield "| key | what it is | values | default |"
    yield "|---|---|---|---|"
    yield from rows


def _rows(cloud: str) -> list[str]:
    return [
        f"| `{field.path}` | {field.info.description} | {_values(field)} | {_default(field)} |"
        for field in fields(CLOUDS[cloud])
    ]


def _common_rows() -> list[str]:
    """Rows that are the same for every cloud, in the order of the first."""
    first, *others = (_rows(cloud) for cloud in CLOUDS)
    return [row for row in first if all(row in rows for rows in others)]


def _own_rows(cloud: str) -> list[str]:
    common = _common_rows()
    return [row for row in _rows(cloud) if row not in common]


def _secrets() -> Iterable[str]:
    yield "| secret key | what it is |"
    yield "|---|---|"
    for key, description in SECRET_KEYS.items():
        yield f"| `{key}` | {description} |"


def _changes() -> Iterable[str]:
    yield "| a change of | on a stack that is up |"
    yield "|---|---|"
    effects: dict[str, dict[str, Change]] = {}
    for cloud, model in CLOUDS.items():
        for path, effect in change_table(model):
            effects.setdefault(path, {})[cloud] = effect
    for change in Change:
        paths: list[str] = []
        for path, by_cloud in effects.items():
            clouds = [cloud for cloud, effect in by_cloud.items() if effect is change]
            if clouds:
                differs = len(set(by_cloud.values())) > 1
                where = " and ".join(clouds)
                paths.append(f"`{path}`{f' on {where}' if differs else ''}")
        if paths:
            yield f"| {', '.join(paths)} | {change.value} |"


def _values(field: Field) -> str:
    words = _type(field.info.annotation)
    if field.many:
        words = "list" if field.model else f"list of {_PLURALS.get(words, words)}"
    names = ("ge", "gt", "le", "max_length")
    limits: dict[str, Any] = {
        name: getattr(mark, name) for mark in field.info.metadata for name in names if hasattr(mark, name)
    }
    if "ge" in limits:
        return f"{words}, {limits['ge']} to {limits['le']:,}"
    if "gt" in limits:
        return f"{words}, more than {limits['gt']}, up to {limits['le']:,}"
    return f"{words}, at most {limits['max_length']}" if "max_length" in limits else words


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is dict:
        return "mapping of text"
    parts = [part for part in get_args(annotation) if part not in (type(None), Ellipsis)]
    if parts:
        return _type(parts[0])
    return _WORDS.get(annotation.__name__, "mapping")


def _default(field: Field) -> str:
    if field.info.is_required():
        return "**required**"
    default = field.info.default
    if default is None or default in ((), {}) or field.model:
        return ""
    text = str(default) if isinstance(default, PurePath | str) else json.dumps(default)
    return f"`{text}`"
