"""The fleet's firewall rules as security groups."""

from collections.abc import Mapping
from typing import cast

import pulumi
import pulumi_alicloud as alicloud

from components.cloud import Network
from components.clouds.alicloud.network import Network as AlicloudNetwork
from components.clouds.alicloud.tags import named, tags
from components.firewall import Rule
from components.fleet import Fleet
from components.order import after
from components.ports import Role

EVERYWHERE = "0.0.0.0/0"
# How the API says that a protocol has none.
NO_PORTS = "-1/-1"


class SecurityGroups(pulumi.ComponentResource):
    """One group per role. What no rule names is dropped, also between machines of one group.

    Outputs: `ids` by role. Whatever is made from one comes after the group's rules and the network's ways
    out: the rule that lets machines out is made last, so that the list of what a machine waits for, which is
    in the state once per machine, stays short.

    Rules are resources of their own and name groups, so one more worker changes no rule. A rule is replaced
    by any change but that of its description; a group and a machine by none. Nobody is let in from outside
    but `access.admins`, `access.users` and networks that a platform's settings name; Alibaba Cloud does not
    know the operator's computer.
    Machines may go out anywhere: packages and data come from where the team says.
    """

    def __init__(
        self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:alicloud:SecurityGroups", name, None, opts)
        self._name, self._fleet = name, fleet
        roles: list[Role] = sorted(fleet.roles)
        groups: dict[Role, pulumi.Output[str]] = {role: self._group(role, network).id for role in roles}
        self.ids: dict[str, pulumi.Output[str]] = {}
        for role in roles:
            rules = [self._ingress(rule, groups) for rule in fleet.rules if self._applies(rule, role)]
            before = [*cast(AlicloudNetwork, network).ways_out, *rules]
            self.ids[role] = after(groups[role], self._egress(role, groups[role], before))
        self.register_outputs({"ids": self.ids})

    def _applies(self, rule: Rule, role: Role) -> bool:
        known = rule.source in self._fleet.roles or "/" in rule.source
        return rule.to_role == role and known

    def _group(self, role: Role, network: Network) -> alicloud.ecs.SecurityGroup:
        return alicloud.ecs.SecurityGroup(
            f"{self._name}-{role}",
            security_group_name=named(self._fleet, role),
            description=f"{self._fleet.tags['project']} {self._fleet.stack}: machines of role {role}",
            vpc_id=network.id,
            security_group_type="normal",
            inner_access_policy="Drop",
            tags=tags(self._fleet, role=role),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _ingress(self, rule: Rule, groups: Mapping[Role, pulumi.Output[str]]) -> pulumi.Resource:
        by_role: dict[str, pulumi.Output[str]] = {**groups}
        group = by_role.get(rule.source)
        return alicloud.ecs.SecurityGroupRule(
            f"{self._name}-{rule.to_role}-{rule.first}-{rule.last}-from-{rule.source.replace('/', '-')}",
            security_group_id=groups[rule.to_role],
            type="ingress",
            ip_protocol="tcp",
            port_range=f"{rule.first}/{rule.last}",
            source_security_group_id=group,
            cidr_ip=None if group else rule.source,
            policy="accept",
            priority=1,
            nic_type="intranet",
            description=rule.description,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _egress(
        self, role: Role, group: pulumi.Output[str], before: list[pulumi.Resource]
    ) -> pulumi.Resource:
        return alicloud.ecs.SecurityGroupRule(
            f"{self._name}-{role}-out",
            security_group_id=group,
            type="egress",
            ip_protocol="all",
            port_range=NO_PORTS,
            cidr_ip=EVERYWHERE,
            policy="accept",
            priority=1,
            nic_type="intranet",
            description="packages, data and the other machines",
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
