"""From the ports catalogue and the stack's access rules to firewall rules. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from components.config.model import Access
from components.ports import Port, Role


@dataclass(frozen=True)
class Rule:
    """One inbound permission: TCP `first` to `last` on machines of role `to_role`.

    `source` is a role, a CIDR, or `operator`: the computer that runs Pulumi, where a cloud knows it
    without being told (local hosts do; elsewhere `access.admins` names it).
    """

    to_role: Role
    source: Role | Literal["operator"] | str
    first: int
    last: int
    description: str


def rules(ports: Iterable[Port], access: Access) -> tuple[Rule, ...]:
    """One rule per port and source, people's groups expanded to the CIDRs of `access`."""
    people = {
        "admins": ("operator", *map(str, access.admins)),
        "users": tuple(map(str, access.users)),
    }
    return tuple(
        Rule(port.to_role, source, port.first, port.last, f"{port.name}: {port.description}")
        for port in ports
        for group in port.sources
        for source in people.get(group, (group,))
    )
