"""A stack on a simulated cloud, driven as a person drives it: `SIM=1 python -m fleet ...`."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tests.e2e.project import Done, Fleet, podman, wait_until

CONFIG: dict[str, Any] = {
    "team": "tests",
    "cloud": "aws",
    "access": {"admins": ["203.0.113.0/28"]},
    "network": {"zones": ["eu-central-1a", "eu-central-1b"]},
    "storage": {"mountPath": "/shared", "onDestroy": "delete"},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1", "pipPackages": ["eo-grow==1.7.15"]},
        "master": {"instanceType": "m5.large"},
        "pools": [
            {"name": "steady", "instanceTypes": ["c5.large"], "count": 2},
            {
                "name": "burst",
                "instanceTypes": ["c5.large", "c5a.large"],
                "market": "spot",
                "elastic": {"min": 0, "max": 4},
            },
        ],
    },
}


class SimulatedFleet(Fleet):
    """One stack in one copy of the project, in a simulated account of its own."""

    described: ClassVar[dict[str, Any]] = CONFIG
    provider: ClassVar[dict[str, str]] = {"aws:region": "eu-central-1"}

    def __init__(self, folder: Path, stack: str, cidr: str) -> None:
        super().__init__(folder, stack)
        self.config = json.loads(json.dumps(self.described))
        self.config["network"]["cidr"] = cidr
        self.write()

    def write(self) -> None:
        document = {f"agent-fleet:{key}": value for key, value in self.config.items()}
        text = yaml.safe_dump({"config": {**self.provider, **document}})
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "SIM": "1"}

    def refresh(self) -> str:
        return self.pulumi("refresh", "--yes", "--skip-preview")

    def simcloud(self, verb: str, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "tests.simcloud", verb, "--stack", self.stack, *words],
            cwd=self.folder,
            check=True,
        )

    def faults(self, *faults: dict[str, Any]) -> None:
        """What goes wrong from now on; nothing, unless something is given."""
        self.simcloud("faults", json.dumps(faults))

    def account(self, kind: str) -> dict[str, dict[str, Any]]:
        """Resources of a kind in the simulated account, by their names."""
        file = self.folder / ".fleet/sim/stacks" / self.stack / "account.json"
        found = json.loads(file.read_text())["resources"] if file.exists() else {}
        return {one["name"]: one for one in found.values() if one["kind"] == kind}

    def instances(self) -> dict[str, str]:
        """Ids by node."""
        return {name.removesuffix("-instance"): one["id"] for name, one in self.account("instance").items()}

    def container(self, node: str) -> str:
        return f"agent-fleet-sim-{self.stack}.{self.instances()[node]}"

    def reaches(self, address: str, port: int) -> bool:
        """Whether this computer, which stands for the world outside, gets through."""
        with socket.socket() as dial:
            dial.settimeout(2)
            return dial.connect_ex((address, port)) == 0

    def wait_for_boot(self, node: str) -> None:
        """Until a host that was told to reboot has done so."""
        started = "{{.State.StartedAt}}"
        before = podman("inspect", "--format", started, self.container(node))
        wait_until(
            f"{node} reboots",
            lambda: podman("inspect", "--format", started, self.container(node)) != before,
        )
        wait_until(f"{node} is up", lambda: self.answers(node))

    def answers(self, node: str) -> bool:
        done = subprocess.run(
            ["ssh", "-F", f".fleet/ssh/{self.stack}/config", node, "true"],
            cwd=self.folder,
            capture_output=True,
        )
        return done.returncode == 0

    def left(self) -> list[str]:
        """What this computer still has of the stack."""
        label = f"--filter=label=stack={self.stack}"
        listed = [
            podman("ps", "--all", label, "--format", "{{.Names}}"),
            podman("network", "ls", label, "--format", "{{.Name}}"),
            podman("volume", "ls", label, "--format", "{{.Name}}"),
        ]
        rules = subprocess.run(["iptables", "-t", "nat", "-S"], capture_output=True, text=True, check=True)
        return [
            *"\n".join(listed).split(),
            *(line for line in rules.stdout.splitlines() if f"simcloud {self.stack}" in line),
        ]

    def end(self) -> None:
        self.faults()
        super().end()
        self.simcloud("remove")


def touched(done: Done, verb: str) -> set[str]:
    """Names of resources of which the engine says that this was done to them."""
    found = re.findall(rf"^ *\S+ +(?:aws|alicloud|command):\S+ (\S+) {verb}\b", done.text, re.MULTILINE)
    return set(found)
