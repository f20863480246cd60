"""Reading a stack file without Pulumi: for the operator's commands and for tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from components.config.fields import field_at
from components.config.problems import PROJECT
from components.config.validation import ENCRYPTED


class _Loader(yaml.SafeLoader):
    """YAML as Pulumi reads it: twice the same key is an error, `yes` and dates are text."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
        or (tag.endswith("bool") and first in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [str(key.value) for key, _ in node.value]
    for name in names:
        if names.count(name) > 1:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {name} is there twice", node.start_mark
            )
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_stack_file(path: Path) -> tuple[dict[str, object], set[str]]:
    """The project's keys without namespace, and which of them hold secrets. Raises ValueError on bad YAML."""
    try:
        text: object = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(f"{path.name} is not valid YAML: {error}") from error
    content = cast(dict[str, object], text) if isinstance(text, dict) else {}
    config = content.get("config")
    entries = cast(dict[str, object], config) if isinstance(config, dict) else {}
    own = {
        key.removeprefix(f"{PROJECT}:"): value
        for key, value in entries.items()
        if key.startswith(f"{PROJECT}:") or ":" not in key
    }
    secret = {key for key, value in own.items() if _has_secret(value)}
    return {key: _as_pulumi(key, _without_secrets(value)) for key, value in own.items()}, secret


def decoded(key: str, value: str) -> object:
    """A value as Pulumi hands it over: a mapping or list arrives as JSON text, the rest as it is."""
    field = field_at((key,))
    if field is None or not (field.model or "dict[" in str(field.info.annotation)):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _as_pulumi(key: str, value: object) -> object:
    if isinstance(value, str):
        return decoded(key, value)
    if isinstance(value, Mapping | list):
        return decoded(key, json.dumps(value))
    return "" if value is None else json.dumps(value)


def _has_secret(value: object) -> bool:
    if _is_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(map(_has_secret, cast(Mapping[str, object], value).values()))
    return isinstance(value, list) and any(map(_has_secret, cast(list[object], value)))


def _without_secrets(value: object) -> Any:
    if _is_secret(value):
        return ENCRYPTED
    if isinstance(value, Mapping):
        return {key: _without_secrets(item) for key, item in cast(Mapping[str, object], value).items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in cast(list[object], value)]
    return value


def _is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and list(cast(Mapping[str, object], value)) == ["secure"]
