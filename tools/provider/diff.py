"""Which inputs changed, and the engine's answer made from it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from pulumi.runtime.proto import provider_pb2

from tools.provider.values import SIGNATURE, Wire, same

Change = Literal["add", "delete", "update"]

_Kind = provider_pb2.PropertyDiff
_KINDS: Mapping[tuple[Change, bool], Any] = {
    ("add", False): _Kind.ADD,
    ("add", True): _Kind.ADD_REPLACE,
    ("delete", False): _Kind.DELETE,
    ("delete", True): _Kind.DELETE_REPLACE,
    ("update", False): _Kind.UPDATE,
    ("update", True): _Kind.UPDATE_REPLACE,
}
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\Z")


def changed(old: Mapping[str, Wire], new: Mapping[str, Wire]) -> dict[str, Change]:
    """The changed property paths, e.g. `stdin`, `triggers[0]`, `environment.LC_ALL`, with what happened."""
    return dict(_map_changes("", _meant(old), _meant(new)))


def response(
    changes: Mapping[str, Change],
    replaces: Callable[[str], bool],
    *,
    delete_before_replace: bool = False,
) -> provider_pb2.DiffResponse:
    """The answer to a Diff; `replaces` tells whether a change at a path replaces the resource by itself."""
    answer = provider_pb2.DiffResponse
    replacing = sorted({head(path) for path in changes if replaces(path)})
    return answer(
        changes=answer.DIFF_SOME if changes else answer.DIFF_NONE,
        diffs=sorted({head(path) for path in changes}),
        replaces=replacing,
        deleteBeforeReplace=delete_before_replace and bool(replacing),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_KINDS[change, replaces(path)])
            for path, change in changes.items()
        },
        hasDetailedDiff=True,
    )


def keep_ignored(ignored: Any, old: Mapping[str, Wire], new: dict[str, Wire]) -> dict[str, Wire]:
    """The new inputs, but those that the program ignores as they were."""
    return {**new, **{key: old[key] for key in ignored if key in old}}


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
