"""For clouds without an API that their machines could use."""

import pulumi

from components.cloud import Network, SecurityGroups, SharedStorage
from components.cloud_init import Setup
from components.fleet import Fleet


class NoIdentities:
    """None. Outputs: `ids`, empty; `guard`, which has nothing to do."""

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
        self.guard = dict.fromkeys(roles, Setup())
