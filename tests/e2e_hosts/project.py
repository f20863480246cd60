"""A copy of the project with a stack on machines that were prepared by hand, driven by `python -m fleet`."""

import os
import subprocess
import sys
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.project import Done, Fleet, wait_until
from tests.e2e_hosts.prepared import OPERATOR, TEAM_KEY, Prepared


class HostsFleet(Fleet):
    """A Ray cluster on prepared machines: the first is its master.

    `SIM=1` because the plugin may be the stand-in, which is refused for machines that are real.
    """

    def __init__(self, folder: Path, stack: str, prepared: Prepared, master: str, *workers: str) -> None:
        self.prepared = prepared
        self._secret: dict[str, Any] = {}
        super().__init__(folder, stack)
        addresses = prepared.addresses
        self.config = {
            "team": "tests",
            "cloud": "hosts",
            "allowLocalState": True,
            "access": {"user": OPERATOR, "hostKeys": self.host_keys(master, *workers)},
            "storage": {"mountPath": "/shared"},
            "cluster": {
                "platform": "ray",
                "settings": {"rayVersion": "2.55.1"},
                "master": {"address": addresses[master], "cpus": 1, "memoryGiB": 2},
                "pools": [
                    {
                        "name": "workers",
                        "addresses": [addresses[name] for name in workers],
                        "cpus": 1,
                        "memoryGiB": 2,
                    }
                ],
            },
        }
        self.set_private_key(TEAM_KEY)

    def host_keys(self, *names: str) -> dict[str, str]:
        known = self.prepared.host_keys()
        return {self.prepared.addresses[name]: known[self.prepared.addresses[name]] for name in names}

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "SIM": "1"}

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def write(self) -> None:
        config = {f"agent-fleet:{key}": value for key, value in self.config.items()}
        self.file.write_text(
            yaml.safe_dump({**self._secret, "config": {**config, **self._secret.get("config", {})}})
        )

    def set_private_key(self, key: str) -> None:
        """As a person does it: `pulumi config set --secret sshPrivateKey < FILE`."""
        code = (
            "import os, subprocess, sys; from fleet.engine import environment, paths;"
            "env = environment.environment(paths.ROOT, os.environ);"
            "environment.ensure_own_backend(paths.ROOT, env);"
            "run = lambda *w: subprocess.run(['pulumi', *w, '--non-interactive'], env=env, cwd=paths.ROOT);"
            "run('stack', 'init', '--no-select', '--stack', sys.argv[1]);"
            "sys.exit(run('config', 'set', '--stack', sys.argv[1], '--secret', sys.argv[2]).returncode)"
        )
        self.write()
        subprocess.run(
            [sys.executable, "-c", code, self.stack, "agent-fleet:sshPrivateKey"],
            cwd=self.folder,
            env=self.environment,
            input=key,
            text=True,
            check=True,
            capture_output=True,
        )
        document = yaml.safe_load(self.file.read_text())
        name = "agent-fleet:sshPrivateKey"
        self._secret = {
            "encryptionsalt": document["encryptionsalt"],
            "config": {name: document["config"][name]},
        }

    def leftovers(self) -> Done:
        """Asked with the team's own login, which an SSH agent holds."""
        with agent(self.folder / "agent") as socket, changed(os.environ, SSH_AUTH_SOCK=socket):
            return self.run("leftovers", self.stack)


@contextmanager
def agent(socket: Path) -> Generator[str]:
    started = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        wait_until("the agent listens", socket.exists, 10)
        with_agent = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
        subprocess.run(["ssh-add", "-q", "-"], input=TEAM_KEY, text=True, env=with_agent, check=True)
        yield str(socket)
    finally:
        started.terminate()
        started.wait()


@contextmanager
def changed(values: MutableMapping[str, str], **more: str) -> Generator[None]:
    before = dict(values)
    values.update(more)
    try:
        yield
    finally:
        values.clear()
        values.update(before)
