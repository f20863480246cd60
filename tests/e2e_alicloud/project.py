"""Stacks on simulated Alibaba Cloud: GPU VMs alone, and a small cluster."""

import json
import subprocess
import sys
from typing import Any, ClassVar

from tests.e2e.project import Done
from tests.e2e_aws.project import SimulatedFleet
from tests.supervisely.standins import Standins

REGION, ZONE = "cn-hangzhou", "cn-hangzhou-k"
SERVER = "https://supervisely.example.org"
NAMES = ("keeps", "renews")
COMMON: dict[str, Any] = {
    "team": "tests",
    "cloud": "alicloud",
    "access": {"admins": ["203.0.113.0/28"]},
    "network": {"zone": ZONE},
}


def gpu_vm(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "name": name,
        "platform": "supervisely",
        "instanceType": "ecs.gn6i-c4g1.xlarge",
        "gpus": 1,
        "diskGiB": 300,
        "settings": {
            "serverAddress": SERVER,
            "teamId": 21,
            "agentVersion": "6.9.7",
            "decommission": {"call": "agents.archive"},
            **settings,
        },
    }


class GpuFleet(SimulatedFleet):
    """Two GPU VMs: one goes on as the same agent when its machine is made anew, one as a new agent."""

    described: ClassVar[dict[str, Any]] = {
        **COMMON,
        "gpuVms": [gpu_vm("keeps"), gpu_vm("renews", identity="renewed")],
    }
    provider: ClassVar[dict[str, str]] = {"alicloud:region": REGION}

    @property
    def standins(self) -> Standins:
        return Standins(self.stack)

    def vm(self, name: str) -> dict[str, Any]:
        return next(vm for vm in self.config["gpuVms"] if vm["name"] == name)

    def up_well(self) -> Done:
        done = self.up()
        assert done.code == 0, done.text[-3000:]
        return done

    def agents(self) -> dict[int, dict[str, Any]]:
        """Of the server, by number."""
        return {agent["id"]: agent for agent in self.standins.told()["agents"]}

    def agent_of(self, name: str) -> dict[str, Any]:
        """What the server says of the agent that the stack's outputs name."""
        (found,) = (vm for vm in self.outputs()["gpuVms"] if vm["name"] == name)
        return self.agents()[found["agent"]["id"]]

    def alive(self) -> list[int]:
        return [number for number, agent in self.agents().items() if not agent["disabled"]]

    def agent_container(self, name: str) -> str:
        """Id and start of the agent's container: another answer means that it was restarted."""
        found = "$(sudo docker ps -q --filter name=^supervisely-agent-)"
        return self.ssh(
            name, f"sudo docker inspect -f '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {found}"
        ).strip()

    def state(self) -> str:
        return json.dumps(json.loads(self.pulumi("stack", "export")))

    def destroy(self) -> None:
        """By the engine alone: the stand-ins stay, to be asked afterwards."""
        done = subprocess.run(
            [sys.executable, "-m", "fleet.engine", "down", self.stack],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]

    def end(self) -> None:
        """There is no storage to keep."""
        self.faults()
        self.write()
        self.run("down", self.stack)
        self.standins.remove()
        self.simcloud("remove")


class ClusterFleet(SimulatedFleet):
    """A head and two workers with NAS."""

    described: ClassVar[dict[str, Any]] = {
        **COMMON,
        "storage": {"mountPath": "/shared", "onDestroy": "delete"},
        "cluster": {
            "platform": "ray",
            "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
            "master": {"instanceType": "ecs.g7.large"},
            "pools": [{"name": "steady", "instanceType": "ecs.c7.large", "count": 2}],
        },
    }
    provider: ClassVar[dict[str, str]] = {"alicloud:region": REGION}
