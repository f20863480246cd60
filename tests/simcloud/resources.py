"""What happens to a resource, whatever its type: the table says how they differ, hooks do what is real."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simcloud import catalogue, clouds, faults
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.kind import Kind
from tests.simcloud.store import Account, Record, Store

# As often as AWS's provider asks the API before it gives up (max_retries).
ATTEMPTS = 25
_TEMPLATE = re.compile(r"\{(new:)?([A-Za-z0-9-]+)\}")

Props = dict[str, Any]


def create(
    store: Store,
    kind: Kind,
    hooks: Hooks,
    name: str,
    urn: str,
    region: str,
    inputs: Mapping[str, Any],
    identity: str | None = None,
) -> Record:
    """Makes a resource, with an id of its own unless one is given. Raises RefusedError."""
    _ask(store, kind, kind.creates)
    with store.change() as account:
        _check_references(account, kind, inputs)
        props = _filled(kind, region, inputs, identity)
        record: Record = {
            "cloud": kind.cloud,
            "kind": kind.name,
            "id": props.pop("id"),
            "name": name,
            "urn": urn,
            "region": region,
            "inputs": sorted(inputs),
            "props": props,
            "sim": {},
        }
        if hooks.prepare:
            hooks.prepare(store, account, record)
        if account.get(kind.name, record["id"]) is not None:
            raise RefusedError(
                clouds.named(kind.cloud).CODES.exists, f"{kind.name} {record['id']} already exists"
            )
        account.put(record)
    if hooks.made:
        try:
            hooks.made(store, record)
        except BaseException:
            with store.change() as account:
                account.drop(kind.name, record["id"])
            if hooks.gone:
                hooks.gone(store, record)
            raise
    return store.read().get(kind.name, record["id"]) or record


def update(store: Store, kind: Kind, hooks: Hooks, identity: str, inputs: Mapping[str, Any]) -> Record:
    """Brings the inputs of a resource up to date; computed outputs stay. Raises RefusedError."""
    _ask(store, kind, kind.creates.replace("Create", "Modify"))
    with store.change() as account:
        record = account.get(kind.name, identity)
        if record is None:
            raise RefusedError(
                clouds.named(kind.cloud).CODES.not_found(kind.name),
                f"the {kind.name} '{identity}' does not exist",
            )
        _check_references(account, kind, inputs)
        before = {**record, "props": dict(record["props"])}
        removed = set(record["inputs"]) - set(inputs)
        kept = {key: value for key, value in record["props"].items() if key not in removed}
        defaults = {key: value for key, value in kind.defaults.items() if key in removed}
        record["props"] = {**kept, **defaults, **inputs, **clouds.named(kind.cloud).follows(kind, inputs)}
        record["inputs"] = sorted(inputs)
    if hooks.changed:
        hooks.changed(store, before, record)
    return store.read().one(kind.name, identity)


def delete(store: Store, kind: Kind, hooks: Hooks, identity: str) -> None:
    """Removes a resource; fine if it is gone already. Raises RefusedError while others use it."""
    _ask(store, kind, kind.creates.replace("Create", "Delete").replace("RunInst", "TerminateInst"))
    with store.change() as account:
        record = account.get(kind.name, identity)
        if record is None:
            return
        if hooks.free:
            hooks.free(store, account, record)
        users = sorted(set(_users(account, record)))
        if users:
            raise RefusedError(
                kind.busy, f"{kind.name} '{identity}' has a dependent object: {', '.join(users[:5])}"
            )
        account.drop(kind.name, identity)
    if hooks.gone:
        hooks.gone(store, record)
    store.tidy()


def read(store: Store, kind: Kind, hooks: Hooks, identity: str) -> Record | None:
    """The resource as it is; None if it is gone, also when somebody else made it go."""
    record = store.read().get(kind.name, identity)
    if record is None or (hooks.alive and not hooks.alive(store, record)):
        return None
    return record


def _ask(store: Store, kind: Kind, operation: str) -> None:
    """One call of the API, tried again while it is throttled."""
    for attempt in range(ATTEMPTS):
        if faults.hit(store, "throttle", operation=operation) is None:
            return
        time.sleep(min(0.02 * 1.5**attempt, 0.2))
    raise RefusedError(clouds.named(kind.cloud).CODES.throttled, "Request limit exceeded.", operation)


def values(props: Mapping[str, Any], path: str) -> Iterator[Any]:
    """What lies at a property path, through lists."""
    head, _, rest = path.partition(".")
    found = props.get(head)
    for item in found if isinstance(found, list) else [found]:
        if item is None:
            continue
        if rest:
            yield from values(item, rest)
        else:
            yield item


def _check_references(account: Account, kind: Kind, inputs: Mapping[str, Any]) -> None:
    face = clouds.named(kind.cloud)
    for path, target in kind.refers.items():
        for identity in values(inputs, path):
            if account.get(target, identity) is None and not face.implied(account, target, identity):
                raise RefusedError(
                    face.CODES.not_found(target),
                    f"The {target} ID '{identity}' of {kind.name}.{path} does not exist",
                )


def _users(account: Account, record: Record) -> Iterator[str]:
    """Resources that keep this one from being deleted."""
    for other in account.resources.values():
        kind = catalogue.kinds(record.get("cloud") or clouds.DEFAULT)[other["kind"]]
        # a group's own rules go with it
        if other["props"].get("securityGroupId") == record["id"]:
            continue
        for path in kind.holds:
            # an attachment names a policy, of AWS's own or of the stack, by its ARN
            target = kind.refers.get(path, "policy")
            if target == record["kind"] and record["id"] in values(other["props"], path):
                yield f"{other['kind']} {other['id']}"


def _filled(kind: Kind, region: str, inputs: Mapping[str, Any], identity: str | None) -> Props:
    """The inputs with an id, defaults and what is computed."""
    face = clouds.named(kind.cloud)
    known: Props = {**inputs, "account": face.ACCOUNT, "region": region, "random": secrets.token_hex(8)}
    if kind.named and inputs.get(f"{kind.named}Prefix") and not inputs.get(kind.named):
        known[kind.named] = inputs[f"{kind.named}Prefix"] + secrets.token_hex(13)
    for key, value in kind.defaults.items():
        known.setdefault(key, _render(face, value, known))
    made = face.new_id(kind.id) if kind.id.endswith("-") else _render(face, kind.id, known)
    known["id"] = identity or made
    for key, value in kind.computed.items():
        known[key] = _render(face, value, known)
    if kind.arn:
        known["arn"] = "arn:aws:" + _render(face, kind.arn, known).replace("//", "/")
    known |= face.follows(kind, inputs)
    del known["account"], known["random"]
    return known


def _render(face: clouds.Face, value: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        return face.new_id(found[2]) if found[1] else str(known.get(found[2], ""))

    return _TEMPLATE.sub(fill, value)
