"""The types of resources: a cloud's table, types.yaml, and the inputs that the SDK's own classes know."""

import importlib
import json
import typing
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pulumi import _types as sdk

from tests.simcloud.kind import Kind

HERE = Path(__file__).parent


@cache
def kinds(cloud: str) -> Mapping[str, Kind]:
    """By name."""
    table = yaml.safe_load((HERE / cloud / "types.yaml").read_text())
    return {
        name: Kind(
            cloud,
            name,
            **{
                **entry,
                "replaces": frozenset(entry.get("replaces", ())),
                "holds": tuple(entry.get("holds", ())),
            },
        )
        for name, entry in table.items()
    }


@cache
def by_token(cloud: str) -> Mapping[str, Kind]:
    return {kind.token: kind for kind in kinds(cloud).values()}


@cache
def modules(cloud: str) -> Mapping[str, str]:
    """The SDK's module of each type, from its own registry."""
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = Path(typing.cast(str, importlib.import_module(f"pulumi_{cloud}").__file__)).read_text()
    start = text.index('resource_modules="""') + len('resource_modules="""')
    for module in json.loads(text[start : text.index('"""', start)]):
        for token in module["classes"]:
            found[token] = f"{module['fqn']}:{module['classes'][token]}"
    return found


@cache
def arguments(token: str) -> type | None:
    """The SDK's class of the arguments of a type; None for a type that the SDK does not know."""
    where = modules(token.partition(":")[0]).get(token)
    if where is None:
        return None
    module, _, name = where.partition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(importlib.import_module(module), f"{name}Args", None)


@cache
def properties(of: type) -> Mapping[str, Any]:
    """The inputs of a class of arguments, as a program's wire names them, each with its type."""
    return sdk.input_type_types(of)


def required(token: str) -> list[str]:
    """Inputs without which the SDK's class cannot be made."""
    of = arguments(token)
    if of is None:
        return []
    names = sdk.input_type_py_to_pulumi_names(of)
    hints = typing.cast(Any, of).__init__.__annotations__
    return [
        names[key]
        for key, hint in hints.items()
        if key in names and "Optional[" not in str(hint) and "None" not in str(hint)
    ]


def unknown(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """Property paths of inputs that the SDK's classes do not have."""
    of = arguments(token)
    return [] if of is None else list(_unknown("", of, inputs))


def _unknown(prefix: str, of: type, values: Mapping[str, Any]) -> Iterator[str]:
    known = properties(of)
    for key, value in values.items():
        path = f"{prefix}{key}"
        if key.startswith("__"):
            continue
        if key not in known:
            yield path
            continue
        nested = _nested(known[key])
        if nested is None:
            continue
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, dict) and not any(name.startswith("4dabf18") for name in item):
                inside = f"{path}[{index}]" if isinstance(value, list) else path
                yield from _unknown(f"{inside}.", nested, item)


def _nested(hint: Any) -> type | None:
    """The class of arguments in a type such as Sequence[Input[XArgs]]."""
    if isinstance(hint, type) and sdk.is_input_type(hint):
        return hint
    return next((found for arg in typing.get_args(hint) if (found := _nested(arg)) is not None), None)
