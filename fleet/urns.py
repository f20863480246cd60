"""Which resources of the state stand for a node: the one place that knows how components name them."""

from collections.abc import Iterable, Mapping
from typing import Any

from fleet.errors import UserError

State = Mapping[str, Any]

STEP = "-step"
MEMBERSHIP = "-membership"


def of_agent(state: State, node: str) -> list[str]:
    """The node's step and, where it has one, its membership: what runs again to mend an agent."""
    commands = (f"{node}{STEP}", f"{node}{MEMBERSHIP}")
    found = [
        resource["urn"]
        for resource in _resources(state)
        if resource["type"] == "command:remote:Command" and _name(resource) in commands
    ]
    if not found:
        raise UserError(f"the state holds no step of {node}; run `python -m fleet up` first")
    return found


def of_machine(state: State, node: str) -> list[str]:
    """The node's machine: what its step is replaced with."""
    steps = [resource for resource in _resources(state) if _name(resource) == f"{node}{STEP}"]
    found = [urn for step in steps for urn in step.get("replaceWith", [])]
    if not found:
        raise UserError(f"the state holds no machine of {node}; run `python -m fleet up` first")
    return found


def _resources(state: State) -> Iterable[Mapping[str, Any]]:
    deployment: State = state.get("deployment") or {}
    resources: list[State] = deployment.get("resources") or []
    return [resource for resource in resources if not resource.get("delete")]


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]
