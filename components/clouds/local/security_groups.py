"""The fleet's firewall rules, enforced inside every host."""

import json

import pulumi
from pulumi_command import local

from components.cloud import Network
from components.clouds.local import driver
from components.firewall import Rule
from components.fleet import Fleet
from components.ports import Role


def rules_document(rules: tuple[Rule, ...], role: Role) -> str:
    """What the driver reads: the role's rules, in the catalogue's order."""
    return json.dumps(
        [
            {"source": rule.source, "first": rule.first, "last": rule.last}
            for rule in rules
            if rule.to_role == role
        ]
    )


class SecurityGroups(pulumi.ComponentResource):
    """One nftables ruleset per role: what no rule names is dropped, what goes out is free.

    Outputs: `ids` by role. Changed rules are loaded into the running hosts; no machine changes. A source
    that is a role stands for the role's address range, so one more worker changes no rule.
    """

    def __init__(
        self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:local:SecurityGroups", name, None, opts)
        self.ids: dict[str, pulumi.Output[str]] = {}
        for role in fleet.roles:
            self.ids[role] = driver.outputs(self._group(f"{name}-{role}", fleet, network, role))["id"]
        self.register_outputs({"ids": self.ids})

    def _group(self, name: str, fleet: Fleet, network: Network, role: Role) -> local.Command:
        which = ["--stack", fleet.stack, "--role", role]
        return driver.call(
            name,
            create=["firewall", "write", *which],
            delete=["firewall", "remove", *which],
            stdin=rules_document(fleet.rules, role),
            triggers=[network.id],
            # the file's name is the role's: the old one must be gone first
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
