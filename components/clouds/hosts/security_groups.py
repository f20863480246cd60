"""The fleet's firewall rules, for machines whose firewall the stack manages."""

from collections.abc import Iterator
from typing import get_args

import pulumi

from components.cloud import Network
from components.config.hosts import HostsSize
from components.config.model import HostsConfig
from components.fleet import Fleet, Node
from components.ports import Role

SSH = 22


def is_managed(config: HostsConfig) -> bool:
    return config.network.firewall == "managed"


def rules_of(fleet: Fleet, config: HostsConfig, role: Role) -> list[str]:
    """`SOURCE FIRST LAST` of everything that may come in: an address or a network, and TCP ports.

    Every machine is its own way in, for the admins or for the jump host, because its lease must be had.
    """
    way_in = [config.access.jump_host.address] if config.access.jump_host else config.access.admins
    found = [f"{source} {SSH} {SSH}" for source in way_in]
    for rule in fleet.rules:
        if rule.to_role == role:
            found += [f"{source} {rule.first} {rule.last}" for source in _sources(fleet, rule.source)]
    return sorted(set(found))


def _sources(fleet: Fleet, source: str) -> Iterator[str]:
    """The operator's own address is not known here: `access.admins` names its network."""
    if source in get_args(Role):
        yield from (address_of(node) for node in nodes_of(fleet) if node.role == source)
    elif source != "operator":
        yield source


def nodes_of(fleet: Fleet) -> list[Node]:
    return [*([fleet.master] if fleet.master else []), *fleet.workers, *fleet.gpu_vms]


def address_of(node: Node) -> str:
    """Where the operator and the other machines reach it."""
    if not isinstance(node.spec, HostsSize):
        raise TypeError(f"{node.name} has no address of its own")
    return str(node.spec.address_of(node.number))


class SecurityGroups:
    """Makes nothing: a machine's rules come after its lease (machine.py).

    Outputs: `ids` by role.
    """

    def __init__(self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions) -> None:
        del name, network, opts
        self.ids: dict[str, pulumi.Output[str]] = {
            role: pulumi.Output.from_input(str(role)) for role in fleet.roles
        }
