"""One type of resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """One entry of a cloud's types.yaml, which says what each field means."""

    cloud: str
    name: str
    token: str
    id: str
    creates: str
    arn: str = ""
    named: str = ""
    replaces: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    computed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    refers: Mapping[str, str] = field(default_factory=dict[str, str])
    holds: tuple[str, ...] = ()
    busy: str = "DependencyViolation"

    def replaces_at(self, path: str) -> bool:
        """Whether a change at a property path makes a new resource."""
        bare = ".".join(part.partition("[")[0] for part in path.split("."))
        return any(bare == known or bare.startswith(f"{known}.") for known in self.replaces)
