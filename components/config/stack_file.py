"""Reading a stack file without Pulumi: for the operator's commands and for tests."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from components.config.fields import field_at
from components.config.model import CLOUDS, REGION_KEYS
from components.config.problems import PROJECT
from components.config.validation import ENCRYPTED


class StackFile(NamedTuple):
    """The project's keys without namespace, which of them hold secrets, the region if it is said, and those
    that are said for other clouds."""

    values: dict[str, object]
    secret_keys: set[str]
    region: str | None
    other_regions: dict[str, str]


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


def read_stack_file(path: Path) -> StackFile:
    """Raises ValueError on bad YAML."""
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
    values = {key: _as_pulumi(key, _without_secrets(value)) for key, value in own.items()}
    cloud = values.get("cloud")
    return StackFile(values, secret, region_of(cloud, entries), other_regions(cloud, entries))


def region_of(cloud: object, entries: Mapping[str, object]) -> str | None:
    """The cloud's region among all keys of a stack's configuration."""
    region = entries.get(REGION_KEYS.get(str(cloud), ""))
    return region if isinstance(region, str) and region else None


def other_regions(cloud: object, entries: Mapping[str, object]) -> dict[str, str]:
    """Regions for clouds that the stack is not on, by key."""
    keys = [key for name, key in REGION_KEYS.items() if name != cloud]
    return {key: region for key in keys if isinstance(region := entries.get(key), str) and region}


def decoded(key: str, value: str) -> object:
    """A value of a key, which Pulumi hands over as text: JSON for all but text itself."""
    found = next((field for model in CLOUDS.values() if (field := field_at((key,), model))), None)
    kind = found.info.annotation if found else str
    if not (found and found.model) and kind is not bool and "dict[" not in str(kind):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _as_pulumi(key: str, value: object) -> object:
    if value is None:
        return ""
    return decoded(key, value if isinstance(value, str) else json.dumps(value))


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
