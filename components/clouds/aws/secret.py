"""A secret that machines of elastic pools fetch by their role."""

import pulumi
import pulumi_aws as aws

from components.clouds.aws.tags import path, tags
from components.fleet import Fleet
from components.ports import Role


def parameter_name(fleet: Fleet, role: Role) -> str:
    return f"{path(fleet)}/{role}"


class Secret(pulumi.ComponentResource):
    """A parameter of SSM, encrypted with the account's own key; only the role's machines may read it.

    Outputs: `name`, by which they ask for it. Another value updates it in place; machines that are up keep
    what they have read.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        role: Role,
        value: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:aws:Secret", name, None, opts)
        made = aws.ssm.Parameter(
            f"{name}-parameter",
            name=parameter_name(fleet, role),
            description=f"what machines of role {role} show to their controller",
            type=aws.ssm.ParameterType.SECURE_STRING,
            value=pulumi.Output.secret(value),
            tags=tags(fleet, f"{role}-secret"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name: pulumi.Output[str] = made.name
        self.register_outputs({"name": self.name})
