"""Instances of any cloud: the host behind each, and what happens to it."""

from datetime import UTC, datetime
from typing import Any

from tests.simcloud import disks, faults, firewall, hosts, publishing, served
from tests.simcloud.store import Record, Store


def made(store: Store, record: Record) -> None:
    # the others' rules first: it may be let in from its first packet on
    served.settle(store)
    broken = faults.hit(store, "noBoot", name=record["name"]) is not None
    late = faults.hit(store, "lateAddress", name=record["name"])
    if late:
        _mark(store, record["id"], late=True)
    hosts.boot(store, record, broken=broken)
    if late:
        hosts.link(store, record["id"], up=False)
        publishing.later(store, late["seconds"], lambda: _arrive(store, record["id"]))
    publishing.reconcile(store)


def _arrive(store: Store, identity: str) -> None:
    if hosts.there(store, identity):
        hosts.link(store, identity, up=True)
    _mark(store, identity, late=False)


def _mark(store: Store, identity: str, **facts: Any) -> None:
    with store.change() as account:
        record = account.get("instance", identity)
        if record is not None:
            record["sim"] |= facts


def changed(store: Store, before: Record, record: Record) -> None:
    """What a cloud changes while it runs, and what it stops and starts the machine for."""
    stopped_for = ("instanceType", "userData", "userDataBase64")
    served.settle(store)
    if any(before["props"].get(key) != record["props"].get(key) for key in stopped_for):
        hosts.restart(store, record["id"])
    publishing.reconcile(store)


def gone(store: Store, record: Record) -> None:
    hosts.remove(store, record["id"])
    disks.of_gone_instance(store, record["id"])
    firewall.forget(store, record["id"])
    publishing.reconcile(store)
    served.settle(store)


def alive(store: Store, record: Record) -> bool:
    return hosts.there(store, record["id"])


def find(store: Store, what: str) -> Record | None:
    """An instance by its id, its resource's name or the tag `node`."""
    return next(
        (
            one
            for one in store.read().of("instance")
            if what in (one["id"], one["name"], (one["props"].get("tags") or {}).get("node"))
        ),
        None,
    )


def terminate(store: Store, what: str) -> None:
    """Ends an instance behind the program's back. Clouds would tell of it for a while."""
    record = find(store, what)
    if record is None:
        raise SystemExit(f"stack {store.stack} has no instance {what}")
    with store.change() as account:
        account.drop("instance", record["id"])
    gone(store, record)


def interrupt(store: Store, what: str, minutes: float = 2) -> None:
    """A spot instance is told that it will be interrupted."""
    record = find(store, what)
    if record is None:
        raise SystemExit(f"stack {store.stack} has no instance {what}")
    when = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 60 * minutes, UTC)
    _mark(store, record["id"], notice=when.strftime("%Y-%m-%dT%H:%M:%SZ"))
    served.refresh(store)
