"""Tables of docs/configuration.md, made from the model."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from components.config.base import Change
from components.config.fields import Field, change_table, fields
from components.config.model import SECRET_KEYS

_WORDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true` or `false`",
    "IPv4Network": "IPv4 network",
    "PurePosixPath": "path",
}


def with_tables(page: str) -> str:
    """The page with the tables between its markers made anew."""
    for name, lines in (("keys", _keys()), ("secrets", _secrets()), ("changes", _changes())):
        begin, end = f"<!-- {name}: made by `python -m components.config` -->", f"<!-- end of {name} -->"
        table = "\n".join(lines)
        page, found = re.subn(
            f"{begin}.*?{end}", lambda _, t=f"{begin}\n{table}\n{end}": t, page, flags=re.DOTALL
        )
        if found != 1:
            raise ValueError(f"docs/configuration.md has not one place for `{name}`: {begin} … {end}")
    return page


def _keys() -> Iterable[str]:
    yield "| key | what it is | values | default |"
    yield "|---|---|---|---|"
    for field in fields():
        yield f"| `{field.path}` | {field.info.description} | {_values(field)} | {_default(field)} |"


def _secrets() -> Iterable[str]:
    yield "| secret key | what it is |"
    yield "|---|---|"
    for key, description in SECRET_KEYS.items():
        yield f"| `{key}` | {description} |"


def _changes() -> Iterable[str]:
    yield "| a change of | on a stack that is up |"
    yield "|---|---|"
    table = change_table()
    for change in Change:
        paths = [f"`{path}`" for path, effect in table if effect is change]
        if paths:
            yield f"| {', '.join(paths)} | {change.value} |"


def _values(field: Field) -> str:
    words = _type(field.info.annotation)
    if field.many:
        words = "list" if field.model else f"list of {words}{'' if words == 'text' else 's'}"
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
