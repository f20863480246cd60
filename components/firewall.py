"""From the ports catalogue and the stack's access rules to firewall rules. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from types import MappingProxyType
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


_NOBODY: Mapping[str, tuple[IPv4Network, ...]] = MappingProxyType({})


def rules(
    ports: Iterable[Port], access: Access, outside: Mapping[str, tuple[IPv4Network, ...]] = _NOBODY
) -> tuple[Rule, ...]:
    """One rule per port and source; people's groups are expanded to the CIDRs of `access`, machines of
    others to those of `outside`."""
    people = {
        "admins": ("operator", *map(str, access.admins)),
        "users": tuple(map(str, access.users)),
        **{group: tuple(map(str, networks)) for group, networks in outside.items()},
    }
    return tuple(
        Rule(port.to_role, source, port.first, port.last, f"{port.name}: {port.description}")
        for port in ports
        for group in port.sources
        for source in people.get(group, (group,))
    )
