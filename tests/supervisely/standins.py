"""The world outside of a stack, in one container: a Supervisely server and a registry with the agent.

The server is a stand-in, server.py; so is the agent's image, image/agent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests import standins
from tests.standins import DIRECT
from tools.local_hosts import image, podman

HERE = Path(__file__).parent
# What anybody may know: it opens the stand-in only.
API_TOKEN = "stand-in-api-token-which-opens-nothing-else"  # noqa: S105
SECRETS: Mapping[str, str] = {"superviselyApiTokens": API_TOKEN}
TEAM = 7
VERSIONS = ("6.9.7", "6.9.8")
REPOSITORY = "supervisely/agent"
# What a stand-in for a server has not.
_NOT_THERE = ("caCertificate", "proxy", "noProxy", "registry", "registryLogin")


class Standins(standins.Container):
    """Those of one stack."""

    KIND: ClassVar[str] = "supervisely"

    def named(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of an agent that name them in place of what they stand in for."""
        version = said.get("agentVersion")
        return {
            **{key: value for key, value in said.items() if key not in _NOT_THERE},
            "serverAddress": self.url,
            "image": f"{self.registry}/{REPOSITORY}",
            "agentVersion": version if version in VERSIONS else VERSIONS[0],
        }

    @staticmethod
    def replaced(said: Mapping[str, Any]) -> Iterator[str]:
        """What they stand in for."""
        yield str(said.get("serverAddress"))

    def start(self, said: Sequence[Mapping[str, Any]] = (), tls: Path | None = None) -> None:
        """`said`: settings of agents, whose teams are there besides two of the tests. `tls`: a folder for a
        certificate, with which the server listens on port 443 as well.
        """
        self.make_network()
        if tls and not podman.exists("container", self.object):
            from tests.supervisely import certificates

            certificates.write(tls, self.address)
        certificate = "--certificate /tls/server.crt --key /tls/server.key" if tls else ""
        self.run(
            f"python3 /server.py --folder /var/lib/supervisely {certificate}",
            f"--volume={HERE / 'server.py'}:/server.py:ro",
            *([f"--volume={tls}:/tls:ro"] if tls else []),
        )
        self.wait(f"{self.url}/")
        teams = {team for settings in said if isinstance(team := settings.get("teamId"), int)}
        self.say("teams", {API_TOKEN: sorted({TEAM, TEAM + 1, *teams})})
        for version in VERSIONS:
            if not self.has(REPOSITORY, version):
                self.publish(
                    HERE / "image" / "agent", REPOSITORY, (version,), BASE=image.ensure(), VERSION=version
                )

    def say(self, what: str, values: dict[str, Any]) -> None:
        data = json.dumps(values).encode()
        DIRECT.open(f"{self.url}/stub/{what}", data, timeout=10).close()

    def told(self) -> dict[str, Any]:
        with DIRECT.open(f"{self.url}/stub/state", timeout=10) as answer:
            return json.load(answer)

    def fail(self, **faults: Any) -> None:
        """Only these failures from now on."""
        self.say("faults", faults)
