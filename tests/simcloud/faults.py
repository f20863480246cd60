"""Faults to inject: `.fleet/sim/stacks/<stack>/faults.json`, a list; or in SIM_FAULTS for one run.

    {"kind": "capacity", "instanceType": "c5.large", "zone": "eu-central-1a"}
        There is no such machine there: RunInstances is refused with InsufficientInstanceCapacity, of ECS with
        OperationDenied.NoStock. Without a zone: in none.
    {"kind": "throttle", "operation": "RunInstances", "times": 3}
        The next calls of an operation are refused for their number. A provider tries a call 25 times, so more
        than 24 make it fail. Without an operation: any.
    {"kind": "lateAddress", "name": "worker-1", "seconds": 20}
        The instance is up, but for that long nothing reaches it, by its private or its public address.
    {"kind": "noBoot", "name": "worker-1"}
        The instance runs, and its system does not come up: no cloud-init, no sshd.

`name` is the resource's own name or the end of it. A fault with `times` is used up, others stay until they
are taken out. An instance that is terminated behind our back:
`python -m tests.simcloud terminate --stack S NAME`. A notice of interruption:
`python -m tests.simcloud interrupt --stack S NAME`.
"""

import json
import os
from functools import cache
from typing import Any

from tests.simcloud.store import Store, write

Fault = dict[str, Any]
_IN_ENVIRONMENT = "SIM_FAULTS"


def put(store: Store, *faults: Fault) -> None:
    """Replaces all faults of the stack."""
    write(store.folder / "faults.json", json.dumps(faults))


def _read(store: Store) -> list[Fault]:
    try:
        return json.loads((store.folder / "faults.json").read_text())
    except FileNotFoundError:
        return []


@cache
def _environment() -> list[Fault]:
    """The same list for the whole run: those that are used up stay so."""
    return json.loads(os.environ.get(_IN_ENVIRONMENT) or "[]")


def hit(store: Store, kind: str, **facts: str) -> Fault | None:
    """The first fault of a kind that fits; it is used once."""
    with store.lock("faults"):
        kept = _read(store)
        for faults in (kept, _environment()):
            for fault in faults:
                if fault["kind"] != kind or not _fits(fault, facts):
                    continue
                if "times" in fault:
                    if fault["times"] < 1:
                        continue
                    fault["times"] -= 1
                    if faults is kept:
                        put(store, *kept)
                return fault
    return None


def _fits(fault: Fault, facts: dict[str, str]) -> bool:
    return all(
        key not in fault or fact == fault[key] or (key == "name" and fact.endswith(f"-{fault[key]}"))
        for key, fact in facts.items()
    )
