"""What each resource takes: fields, types, defaults, secrets; and the check of a program's inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tools.provider.values import Wire, is_secret, is_unknown, reveal, secret

Kind = Literal["string", "float64", "int", "bool", "[]interface {}", "map[string]interface {}"]


@dataclass(frozen=True)
class Field:
    kind: "Kind | Record"
    required: bool = False
    secret: bool = False
    default: Wire = None


@dataclass(frozen=True)
class Record:
    """A type with named fields; `name` is the name that the real plugin uses in its messages."""

    name: str
    fields: Mapping[str, Field]


class Failure(NamedTuple):
    property: str
    reason: str


_STRING = Field("string")
_LIST: Kind = "[]interface {}"
_MAP: Kind = "map[string]interface {}"

_ENDPOINT = {
    "user": Field("string", default="root"),
    "password": Field("string", secret=True),
    "host": Field("string", required=True),
    "port": Field("float64", default=22.0),
    "privateKey": Field("string", secret=True),
    "privateKeyPassword": Field("string", secret=True),
    "agentSocketPath": _STRING,
    "dialErrorLimit": Field("int", default=10.0),
    "perDialTimeout": Field("int", default=15.0),
    "hostKey": _STRING,
}
_PROXY = Record("remote.ProxyConnection", _ENDPOINT)
_CONNECTION = Record("remote.Connection", {**_ENDPOINT, "proxy": Field(_PROXY)})

_COMMON = {
    "triggers": Field(_LIST),
    "create": _STRING,
    "update": _STRING,
    "delete": _STRING,
    "stdin": _STRING,
    "logging": _STRING,
    "environment": Field(_MAP),
    "addPreviousOutputInEnv": Field("bool"),
}
REMOTE = Record(
    "remote.CommandInputs", {**_COMMON, "connection": Field(_CONNECTION, required=True, secret=True)}
)
LOCAL = Record("local.CommandInputs", {**_COMMON, "interpreter": Field(_LIST), "dir": _STRING})
RESOURCES: Mapping[str, Record] = {"command:remote:Command": REMOTE, "command:local:Command": LOCAL}

# Inputs that pulumi-command has and this stand-in leaves out.
_LEFT_OUT = frozenset({"assetPaths", "archivePaths"})


def check(record: Record, inputs: Mapping[str, Wire]) -> tuple[dict[str, Wire], list[Failure]]:
    """The inputs with defaults filled in and secrets marked, and what is wrong with them (then unfilled)."""
    failures = list(_failures(record, inputs))
    filled = _fill(record, inputs, with_defaults=not failures)
    return filled, failures


def _failures(record: Record, values: Mapping[str, Wire]) -> Iterator[Failure]:
    for name, field in record.fields.items():
        value = reveal(values.get(name))
        if value is None:
            if field.required:
                yield Failure(name, f"Missing required field '{name}' on '{record.name}'")
        elif not is_unknown(value):
            yield from _field_failures(record, name, field, value)
    for name in values.keys() - record.fields.keys():
        if name in _LEFT_OUT:
            yield Failure(
                name, f"the stand-in for pulumi-command does not know '{name}'; use the real plugin"
            )
        else:
            yield Failure(name, f"Unrecognized field '{name}' on '{record.name}'")


def _field_failures(record: Record, name: str, field: Field, value: Wire) -> Iterator[Failure]:
    kind = field.kind
    if isinstance(kind, Record):
        if isinstance(value, dict):
            inner = list(_failures(kind, value))
            if inner:
                text = f"{len(inner)} failures decoding:" + "".join(
                    f"\n\t{f.property}: {f.reason}" for f in inner
                )
                owner = record.name.rpartition(".")[2]
                yield Failure(name, f"An error occurred decoding '{owner}.{name}': {text}")
        else:
            yield _wrong_type(record, name, kind.name, value)
    elif _kind_of(value) != kind and not (kind == "int" and _kind_of(value) == "float64"):
        yield _wrong_type(record, name, kind, value)


def _wrong_type(record: Record, name: str, expected: str, value: Wire) -> Failure:
    got = _kind_of(value)
    return Failure(name, f"Field '{name}' on '{record.name}' must be a '{expected}'; got '{got}' instead")


def _kind_of(value: Wire) -> Kind:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return _LIST
    return _MAP if isinstance(value, dict) else "float64"


def _fill(record: Record, values: Mapping[str, Wire], *, with_defaults: bool) -> dict[str, Wire]:
    filled = dict(values)
    for name, field in record.fields.items():
        value = filled.get(name)
        if value is None:
            if field.default is not None and with_defaults:
                filled[name] = field.default
            continue
        inner = reveal(value)
        if isinstance(field.kind, Record) and isinstance(inner, dict):
            inner = _fill(field.kind, inner, with_defaults=with_defaults)
        filled[name] = secret(inner) if field.secret or is_secret(value) else inner
    return filled
