"""Property values as the engine sends them: plain JSON-like values, with secrets and unknowns in disguise."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from google.protobuf.struct_pb2 import Struct, Value

Wire: TypeAlias = "bool | float | str | list[Wire] | dict[str, Wire] | None"

# The engine's own signatures (sdk/go/common/resource/sig): a dict with SIGNATURE is no plain map.
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a type's mark, no password)

# The engine's marks of a value that is not known yet, one per type (sdk/go/common/resource/plugin/rpc.go).
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def from_struct(struct: Struct) -> dict[str, Wire]:
    """The map that a message carries; null values are left out, as the real plugin does."""
    fields = cast("Mapping[str, Value]", struct.fields)
    return {
        key: _from_value(value) for key, value in fields.items() if value.WhichOneof("kind") != "null_value"
    }


def to_struct(values: Mapping[str, Wire]) -> Struct:
    """The message that carries a map."""
    struct = Struct()
    struct.update(dict(values))
    return struct


def _from_value(value: Value) -> Wire:
    match value.WhichOneof("kind"):
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in cast("list[Value]", value.list_value.values)]
        case "string_value":
            return value.string_value
        case "number_value":
            return value.number_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def is_secret(value: Wire) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def is_unknown(value: Wire) -> bool:
    return isinstance(value, str) and value in _UNKNOWNS


def secret(value: Wire) -> Wire:
    """The value as a secret; a secret stays as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def reveal(value: Wire) -> Wire:
    """The value without the wrapping of a secret, one level deep."""
    return value.get("value") if isinstance(value, dict) and is_secret(value) else value


def plain(value: Wire) -> Wire:
    """The value with every secret in it unwrapped."""
    value = reveal(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def same(left: Wire, right: Wire) -> bool:
    """Whether two values are equal; unlike Python's ==, `True` is not `1` and a null is as good as absent."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys() | right.keys()
        return all(same(left.get(key), right.get(key)) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right
