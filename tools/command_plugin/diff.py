"""Which inputs changed, and which of the changes replace the resource."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from tools.command_plugin.values import SIGNATURE, Wire, same

Change = Literal["add", "delete", "update"]

# The only input whose schema says that it replaces. The schema names the whole list, so a change of one
# element (triggers[0]) is an update here; the SDK's option replace_on_changes turns it into a replacement.
_REPLACES = "triggers"
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")


def changed(old: Mapping[str, Wire], new: Mapping[str, Wire]) -> dict[str, Change]:
    """The changed property paths, e.g. `stdin`, `triggers[0]`, `environment.LC_ALL`, with what happened."""
    return dict(_map_changes("", _meant(old), _meant(new)))


def replaces(path: str) -> bool:
    """Whether a change at this path replaces the resource by itself."""
    return path == _REPLACES


def head(path: str) -> str:
    """The input that a property path starts with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _meant(inputs: Mapping[str, Wire]) -> dict[str, Wire]:
    """The inputs without what the engine adds for itself."""
    return {key: value for key, value in inputs.items() if key != "version" and not key.startswith("__")}


def _map_changes(
    prefix: str, old: Mapping[str, Wire], new: Mapping[str, Wire]
) -> Iterator[tuple[str, Change]]:
    for key in sorted(old.keys() | new.keys()):
        yield from _changes(_join(prefix, key), old.get(key), new.get(key))


def _changes(path: str, old: Wire, new: Wire) -> Iterator[tuple[str, Change]]:
    if isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _changes(f"{path}[{index}]", before, after)
    elif isinstance(old, dict) and isinstance(new, dict) and SIGNATURE not in old and SIGNATURE not in new:
        yield from _map_changes(path, old, new)
    elif not same(old, new):
        yield path, "add" if old is None else "delete" if new is None else "update"


def _join(prefix: str, key: str) -> str:
    if not _PLAIN_KEY.match(key):
        return f'{prefix}["{key}"]'
    return f"{prefix}.{key}" if prefix else key
