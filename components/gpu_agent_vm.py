"""A GPU VM: one machine with one agent of a controller elsewhere."""

import json
from typing import Any

import pulumi

from components import commands, scripts
from components.cloud_init import Setup
from components.fleet import Node
from components.platform import VmPlatform
from components.site import Site, machine, with_logins

# A driver may have to be built for the machine's kernel.
KERNEL = Setup(early=(("bash", "-c", scripts.minified((scripts.USERDATA / "kernel.sh").read_text())),))
BY_LOG = "the agent's own log says that it is connected; its server was not asked"


class GpuAgentVm(pulumi.ComponentResource):
    """A machine, the step that installs its agent, an enrolment before and a membership after it.

    Outputs: `machine`; `enrolled`, what the controller made of the agent, secret, or None where the team made
    it by hand; `seen`, in words, who saw the agent well. Another size replaces the machine; the agent goes on
    as the same one, or as a new one where the stack says so. A changed setting, script or secret updates the
    step, and the agent is verified again. A machine that goes is drained first where its controller has
    sessions to end; what the enrolment made there ends after it.
    """

    def __init__(
        self, node: Node, site: Site, platform: VmPlatform, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("agent-fleet:components:GpuAgentVm", node.name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.enrolled: pulumi.Output[dict[str, Any]] | None = None
        enrol = platform.enrol(site.fleet, node, site.keys)
        before: list[pulumi.Resource] = []
        if enrol and not enrol.with_machine:
            enrolment = commands.enrolment(enrol, node.name, None, child)
            before.append(enrolment)
            self.enrolled = _answer(enrolment.stdout)
        # the token is in the state before anything is made that costs money
        after_token = pulumi.ResourceOptions(parent=self, depends_on=before)
        self.machine = machine(site, node, public=True, opts=after_token, setup=KERNEL)
        if enrol and enrol.with_machine:
            self.enrolled = _answer(commands.enrolment(enrol, node.name, self.machine, child).stdout)
        call = with_logins(site, platform.agent(site.fleet, node, site.keys, self.machine, self.enrolled))
        step = commands.step(call, self.machine, child)
        member = platform.member(node, site.keys, self.enrolled)
        self.seen: pulumi.Output[str] = step.stdout.apply(lambda _: BY_LOG)
        if member:
            found = commands.outside_membership(member, self.machine, step, child)
            self.seen = _answer(found.stdout)["seen"]
        self.register_outputs({"privateIp": self.machine.private_ip, "publicIp": self.machine.public_ip})


def _answer(stdout: pulumi.Output[str]) -> pulumi.Output[dict[str, Any]]:
    return pulumi.Output.secret(stdout.apply(json.loads))
