"""Containers have no cloud's API that they could use."""

import pulumi

from components.cloud import Network, SecurityGroups, SharedStorage
from components.fleet import Fleet


class Identities:
    """None. Outputs: `ids`, empty."""

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        storage: SharedStorage,
        opts: pulumi.ResourceOptions,
    ) -> None:
        del name, fleet, network, groups, storage, opts
        self.ids: dict[str, pulumi.Output[str]] = {}
