"""A stack of GPU VMs on local hosts with stand-ins of its own, driven by `python -m fleet`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.project import Done, Fleet, podman
from tests.supervisely.standins import API_TOKEN, REPOSITORY, TEAM, Standins

NAMES = ("keeps", "renews")


class GpuFleet(Fleet):
    """Two GPU VMs: one goes on as the same agent when its machine is made anew, one as a new agent."""

    def __init__(self, folder: Path, stack: str, standins: Standins) -> None:
        self.standins = standins
        self._secrets: dict[str, Any] = {}
        self._salt = ""
        super().__init__(folder, stack)
        self.config = {
            "team": "tests",
            "cloud": "local",
            "packages": {"insecureRegistries": [standins.registry]},
            "gpuVms": [self.described(name) for name in NAMES],
        }
        self.vm("renews")["settings"]["identity"] = "renewed"
        self.write()
        self.set_secret("superviselyApiTokens", API_TOKEN)

    def described(self, name: str) -> dict[str, Any]:
        settings = {
            "serverAddress": self.standins.url,
            "teamId": TEAM,
            "image": f"{self.standins.registry}/{REPOSITORY}",
            "agentVersion": "6.9.7",
            "decommission": {"call": "agents.archive"},
        }
        return {"name": name, "platform": "supervisely", "cpus": 1, "memoryGiB": 1.5, "settings": settings}

    def vm(self, name: str) -> dict[str, Any]:
        return next(vm for vm in self.config["gpuVms"] if vm["name"] == name)

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def write(self) -> None:
        config = {f"agent-fleet:{key}": value for key, value in {**self.config, **self._secrets}.items()}
        document = {"config": config, **({"encryptionsalt": self._salt} if self._salt else {})}
        self.file.write_text(yaml.safe_dump(document))

    def set_secret(self, key: str, value: str) -> None:
        """As a person does it: `pulumi config set --secret`."""
        code = (
            "import os, subprocess, sys; from fleet.engine import environment, paths;"
            "env = environment.environment(paths.ROOT, os.environ);"
            "environment.ensure_own_backend(paths.ROOT, env);"
            "run = lambda *w: subprocess.run(['pulumi', *w, '--non-interactive'], env=env, cwd=paths.ROOT);"
            "run('stack', 'init', '--no-select', '--stack', sys.argv[1]);"
            "sys.exit(run('config', 'set', '--stack', sys.argv[1], '--secret', *sys.argv[2:]).returncode)"
        )
        self.write()
        subprocess.run(
            [sys.executable, "-c", code, self.stack, f"agent-fleet:{key}", value],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
        )
        document = yaml.safe_load(self.file.read_text())
        self._salt = document["encryptionsalt"]
        self._secrets[key] = document["config"][f"agent-fleet:{key}"]

    def inside(self, node: str, line: str) -> str:
        return podman("exec", self.container(node), "bash", "-c", line)

    def machine(self, node: str) -> str:
        """Another answer means that it was made anew."""
        return podman("inspect", "-f", "{{.Id}}", self.container(node))

    def agent_container(self, node: str) -> str:
        """Id and start of the agent's container: another answer means that it was restarted."""
        name = "docker ps -q --filter name=^supervisely-agent-"
        return self.inside(
            node, f"docker inspect -f '{{{{.Id}}}} {{{{.State.StartedAt}}}}' $({name})"
        ).strip()

    def agents(self) -> dict[int, dict[str, Any]]:
        """Of the server, by number."""
        return {agent["id"]: agent for agent in self.standins.told()["agents"]}

    def agent_of(self, node: str) -> dict[str, Any]:
        """What the server says of the agent that the stack's outputs name."""
        (found,) = (vm for vm in self.outputs()["gpuVms"] if vm["name"] == node)
        return self.agents()[found["agent"]["id"]]

    def alive(self) -> list[int]:
        return [number for number, agent in self.agents().items() if not agent["disabled"]]

    def up_well(self) -> Done:
        done = self.up()
        assert done.code == 0, done.text[-3000:]
        return done

    def state(self) -> str:
        return json.dumps(json.loads(self.pulumi("stack", "export")))
