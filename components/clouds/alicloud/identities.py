"""Machines have no RAM role: nothing on them asks Alibaba Cloud for anything."""

import pulumi

from components.cloud import Network, SecurityGroups, SharedStorage
from components.clouds.metadata_guard import guard
from components.fleet import Fleet

METADATA = "100.100.100.200"


class Identities:
    """None. Outputs: `ids`, empty; `guard`, which keeps the machine's host key from people's work."""

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        storage: SharedStorage | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        roles: list[str] = sorted(fleet.roles)
        del name, network, groups, storage, opts
        self.ids: dict[str, pulumi.Output[str]] = {}
        self.guard = dict.fromkeys(roles, guard(METADATA))
