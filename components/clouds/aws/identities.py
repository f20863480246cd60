"""What machines may do with AWS's own API: one role and instance profile per role of machines."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.cloud import SCALER_USER, Network, SecurityGroups, SharedStorage
from components.cloud_init import Setup
from components.clouds.aws import ask
from components.clouds.aws.metadata_guard import guard
from components.clouds.aws.network import Network as AwsNetwork
from components.clouds.aws.secret import parameter_name
from components.clouds.aws.security_groups import STORAGE
from components.clouds.aws.security_groups import SecurityGroups as AwsGroups
from components.clouds.aws.shared_storage import SharedStorage as AwsStorage
from components.clouds.aws.tags import tags
from components.fleet import Fleet
from components.ports import MASTER, WORKER, Role

PATH = "/agent-fleet/"
# RunInstances makes and tags these, and a request of its own for a spot machine.
MACHINE_PARTS, SPOT_REQUEST = ("instance", "volume", "network-interface"), "spot-instances-request"

Statement = dict[str, Any]


class Identities(pulumi.ComponentResource):
    """A role and an instance profile, `<team>-<stack>-<role>`, for each role of machines.

    Outputs: `ids`, names of the profiles by role, and `arns`; `guard`, which keeps them from people's work. A
    profile comes last: what has one has its rights, its role's firewall rules, a way out and the shared
    storage. So a machine waits for its profile, and the list of what it waits for, which is in the state once
    per machine, stays short.

    Without elastic pools a machine may do nothing. With them the master starts workers from the stack's own
    launch templates, with its tags, into its subnets and groups, and ends those; it cannot end itself or a
    worker with a name, hand on another role than the workers', or tag what is there. A worker reads the one
    parameter that is its role's.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        groups: SecurityGroups,
        storage: SharedStorage | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:aws:Identities", name, None, opts)
        self._name, self._fleet = name, fleet
        self.ids: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        names: list[Role] = sorted(fleet.roles)
        scaler_users = [SCALER_USER] if fleet.elastic else []
        self.guard: dict[str, Setup] = {role: guard(scaler_users if role == MASTER else []) for role in names}
        roles: dict[Role, aws.iam.Role] = {role: self._role(role) for role in names}
        ways_out, rules = cast(AwsNetwork, network).ways_out, cast(AwsGroups, groups).rules
        mounted = [*cast(AwsStorage, storage).ready, *rules[STORAGE]] if storage else []
        for role, made in roles.items():
            rights = self._rights(role, roles, cast(AwsNetwork, network), groups)
            before = [*ways_out, *rules[role], *(mounted if role in fleet.sharing else []), *rights]
            self._profile(role, made, before)
        self.register_outputs({"ids": self.ids})

    def _role(self, role: Role) -> aws.iam.Role:
        trusted = {"Service": f"ec2.{ask.partition().dns_suffix}"}
        return aws.iam.Role(
            f"{self._name}-{role}",
            name=self._physical(role),
            path=PATH,
            description=f"machines of role {role}",
            assume_role_policy=_policy([_allow("", ["sts:AssumeRole"], Principal=trusted)]),
            tags=tags(self._fleet, role, role=role),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _profile(self, role: Role, made: aws.iam.Role, before: Sequence[pulumi.Resource]) -> None:
        profile = aws.iam.InstanceProfile(
            f"{self._name}-{role}-profile",
            name=self._physical(role),
            path=PATH,
            role=made.name,
            tags=tags(self._fleet, role, role=role),
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
        self.ids[role] = profile.name
        self.arns[role] = profile.arn

    def _rights(
        self, role: Role, roles: Mapping[Role, aws.iam.Role], network: AwsNetwork, groups: SecurityGroups
    ) -> list[pulumi.Resource]:
        fleet = self._fleet
        if not fleet.elastic or role not in (MASTER, WORKER):
            return []
        if role == MASTER:
            policy: pulumi.Input[str] = pulumi.Output.all(
                role=roles[WORKER].arn,
                group=groups.ids[WORKER],
                subnets=pulumi.Output.all(*(subnet.id for subnet in network.workers)),
            ).apply(lambda known: _policy(scaler(fleet, known["role"], known["group"], known["subnets"])))
        else:
            policy = _policy(
                [_allow("Secret", ["ssm:GetParameter"], [_arn("ssm", f"parameter{self._secret}")])]
            )
        return [
            aws.iam.RolePolicy(
                f"{self._name}-{role}-rights",
                role=roles[role].name,
                policy=policy,
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]

    @property
    def _secret(self) -> str:
        return parameter_name(self._fleet, WORKER)

    def _physical(self, role: Role) -> str:
        return f"{self._fleet.config.team}-{self._fleet.stack}-{role}"


def scaler(fleet: Fleet, worker_role: str, group: str, subnets: Iterable[str]) -> list[Statement]:
    """What the platform's scaler on the master needs, and no more."""
    ours = {key: fleet.tags[key] for key in ("project", "stack", "team")}
    new = {f"aws:RequestTag/{key}": value for key, value in {**ours, "role": WORKER}.items()}
    there = {f"aws:ResourceTag/{key}": value for key, value in ours.items()}
    # a launch template cannot be made by the master, so what machines are follows from this
    from_template = {"ArnLike": {"ec2:LaunchTemplate": _arn("ec2", "launch-template/*")}}
    parts = [_arn("ec2", f"{kind}/*") for kind in MACHINE_PARTS]
    request = _arn("ec2", f"{SPOT_REQUEST}/*")
    return [
        _allow("LookAround", ["ec2:DescribeInstances"], ["*"]),
        _allow(
            "StartFromTemplates",
            ["ec2:RunInstances"],
            [_arn("ec2", "launch-template/*")],
            Condition={"StringEquals": there},
        ),
        _allow(
            "StartWhere",
            ["ec2:RunInstances"],
            [
                *(_arn("ec2", f"subnet/{subnet}") for subnet in subnets),
                _arn("ec2", f"security-group/{group}"),
                _arn("ec2", "image/*", account=""),
            ],
            Condition=from_template,
        ),
        _allow(
            "StartTagged",
            ["ec2:RunInstances"],
            parts,
            Condition={**from_template, "StringEquals": new},
        ),
        _allow("StartSpot", ["ec2:RunInstances"], [request], Condition={"StringEquals": new}),
        _allow(
            "TagWhatStarts",
            ["ec2:CreateTags"],
            [*parts, request],
            Condition={"StringEquals": {"ec2:CreateAction": "RunInstances", **new}},
        ),
        _allow(
            "EndWorkers",
            ["ec2:TerminateInstances"],
            [_arn("ec2", "instance/*")],
            # machines of the program's own have a node's name
            Condition={
                "StringEquals": {**there, "aws:ResourceTag/role": WORKER},
                "Null": {"aws:ResourceTag/node": "true"},
            },
        ),
        _allow(
            "HandOnTheWorkersRole",
            ["iam:PassRole"],
            [worker_role],
            Condition={"StringEquals": {"iam:PassedToService": f"ec2.{ask.partition().dns_suffix}"}},
        ),
    ]


def _allow(name: str, actions: list[str], resources: list[str] | None = None, **more: object) -> Statement:
    return {
        **({"Sid": name} if name else {}),
        "Effect": "Allow",
        "Action": actions,
        **({"Resource": resources} if resources else {}),
        **more,
    }


def _policy(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _arn(service: str, resource: str, account: str | None = None) -> str:
    owner = ask.account() if account is None else account
    return f"arn:{ask.partition().partition}:{service}:{ask.region()}:{owner}:{resource}"
