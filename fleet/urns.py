"""Which resources of the state stand for a node: the one place that knows how components name them."""

from collections.abc import Iterable, Mapping
from typing import Any

from fleet.errors import UserError

State = Mapping[str, Any]

# How clouds name the resource that is a machine, after the node.
MACHINES = ("host", "instance", "lease")
_REMOTE = "command:remote:Command"
# Remote Commands that a component makes beside a machine. The engine takes a resource that is neither in the
# state nor among the chosen ones for absent, and others cannot be made from it.
BESIDE = {"MasterNode": ("step",), "WorkerPool": ("step", "membership"), "GpuAgentVm": ("step",)}


def of_step(state: State, node: str) -> list[str]:
    """The node's step: what runs again to mend an agent.

    Its membership is not among them. To replace it would be to drain the agent after it has been verified;
    as the step prints another answer when it has mended something, the membership verifies by itself.
    """
    return _found([step["urn"] for step in _steps(state, node)], f"step of {node}")


def of_machine(state: State, node: str) -> list[str]:
    """The node's machine, by its name: a step that never ended well is not in the state."""
    return _found(_machines(state, node), f"machine of {node}")


def around(state: State, node: str, master: str | None) -> list[str]:
    """What follows when a node is mended: steps, memberships, and what is given to its machine.

    The master's step is always among them, because workers find their script where it put it; all nodes' are,
    when the node is the master.
    """
    owners, machines = {node, master}, set(_machines(state, node))
    # of a GPU VM, whose controller is elsewhere
    outside = {f"{node}-enrolment", f"{node}-membership"}
    known = [
        str(resource["urn"])
        for resource in _resources(state)
        if _name(resource) in outside
        or machines & set(resource.get("dependencies") or ())
        or (resource["type"] == _REMOTE and (node == master or _name(resource).rpartition("-")[0] in owners))
    ]
    return [*known, *(urn for urn in _beside(state, node) if urn not in known)]


def _beside(state: State, node: str) -> Iterable[str]:
    """A step that never ended well is not in the state, nor is what follows it."""
    for machine in _machines(state, node):
        parent = machine.rpartition("$")[0]
        for kind in BESIDE.get(parent.rpartition(":")[2], ()):
            yield f"{parent}${_REMOTE}::{node}-{kind}"


def _found(urns: list[str], what: str) -> list[str]:
    if not urns:
        raise UserError(f"the state holds no {what}; run `python -m fleet up` first")
    return urns


def _machines(state: State, node: str) -> list[str]:
    names = {f"{node}-{kind}" for kind in MACHINES}
    return [str(resource["urn"]) for resource in _resources(state) if _name(resource) in names]


def _steps(state: State, node: str) -> list[State]:
    return [
        resource
        for resource in _resources(state)
        if resource["type"] == _REMOTE and _name(resource) == f"{node}-step"
    ]


def _resources(state: State) -> Iterable[Mapping[str, Any]]:
    deployment: State = state.get("deployment") or {}
    resources: list[State] = deployment.get("resources") or []
    return [resource for resource in resources if not resource.get("delete")]


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]
