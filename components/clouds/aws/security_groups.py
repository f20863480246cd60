"""The fleet's firewall rules as security groups."""

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.cloud import Network
from components.clouds.aws.tags import tags
from components.firewall import Rule
from components.fleet import Fleet
from components.ports import Role

STORAGE = "storage"
NFS = 2049
EVERYWHERE = "0.0.0.0/0"
# What EC2 takes in a rule's description (API reference, IpRange).
_FOREIGN = re.compile(r"[^a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]")


def description(text: str) -> str:
    return _FOREIGN.sub("", text)[:255]


class SecurityGroups(pulumi.ComponentResource):
    """One group per role, and one for the mount targets of a shared storage. What no rule names is dropped.

    Outputs: `ids` by role; `storage`, the one of its mount targets; `rules` by role and for STORAGE, which
    Identities waits for. They are resources of their own and name groups, so one more worker changes no rule,
    and a changed rule no group and no machine. Nobody is let in from outside but `access.admins`,
    `access.users` and networks that a platform's settings name; AWS does not know the operator's computer.
    Machines may go out anywhere: packages and data come from where the team says. The storage goes nowhere.
    """

    def __init__(
        self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:aws:SecurityGroups", name, None, opts)
        self._name, self._fleet = name, fleet
        roles: list[Role] = sorted(fleet.roles)
        groups: dict[Role, aws.ec2.SecurityGroup] = {
            role: self._group(role, f"machines of role {role}", network) for role in roles
        }
        self.ids: dict[str, pulumi.Output[str]] = {role: groups[role].id for role in roles}
        self.storage: list[pulumi.Output[str]] = []
        self.rules: dict[str, list[pulumi.Resource]] = {
            role: [
                self._egress(role, groups[role]),
                *(self._ingress(rule, groups) for rule in fleet.rules if self._applies(rule, role)),
            ]
            for role in roles
        }
        if fleet.sharing:
            storage = self._group(STORAGE, "mount targets of the shared storage", network)
            self.storage.append(storage.id)
            self.rules[STORAGE] = [
                self._mounts(role, groups[role], storage) for role in roles if role in fleet.sharing
            ]
        self.register_outputs({"ids": self.ids})

    def _applies(self, rule: Rule, role: Role) -> bool:
        known = rule.source in self._fleet.roles or "/" in rule.source
        return rule.to_role == role and known

    def _group(self, role: str, what: str, network: Network) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{role}",
            name_prefix=f"{self._fleet.stack}-{role}-",
            description=description(f"{self._fleet.tags['project']} {self._fleet.stack}: {what}"),
            vpc_id=network.id,
            tags=tags(self._fleet, role, role=role),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _ingress(
        self, rule: Rule, groups: Mapping[Role, aws.ec2.SecurityGroup]
    ) -> aws.vpc.SecurityGroupIngressRule:
        by_role: dict[str, aws.ec2.SecurityGroup] = {**groups}
        group = by_role.get(rule.source)
        return aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{rule.to_role}-{rule.first}-{rule.last}-from-{rule.source.replace('/', '-')}",
            security_group_id=groups[rule.to_role].id,
            ip_protocol="tcp",
            from_port=rule.first,
            to_port=rule.last,
            referenced_security_group_id=group.id if group else None,
            cidr_ipv4=None if group else rule.source,
            description=description(rule.description),
            tags=tags(self._fleet, f"{rule.to_role}-from-{rule.source}"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _egress(self, role: Role, group: aws.ec2.SecurityGroup) -> aws.vpc.SecurityGroupEgressRule:
        return aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{role}-out",
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4=EVERYWHERE,
            description="packages, data and the other machines",
            tags=tags(self._fleet, f"{role}-out"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _mounts(
        self, role: Role, group: aws.ec2.SecurityGroup, storage: aws.ec2.SecurityGroup
    ) -> aws.vpc.SecurityGroupIngressRule:
        return aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{STORAGE}-from-{role}",
            security_group_id=storage.id,
            ip_protocol="tcp",
            from_port=NFS,
            to_port=NFS,
            referenced_security_group_id=group.id,
            description=description(f"shared storage, mounted by machines of role {role}"),
            tags=tags(self._fleet, f"{STORAGE}-from-{role}"),
            opts=pulumi.ResourceOptions(parent=self),
        )
