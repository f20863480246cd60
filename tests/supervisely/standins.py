"""The world outside of a stack, in one container: a Supervisely server and a registry with the agent.

The server is a stand-in, server.py; so is the agent's image, image/agent. The registry is Debian's.
`python3 -m tests.supervisely.standins start|stop` makes and removes those that the stack file
Pulumi.supervisely-local.yaml names.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from fleet.engine.standins import LOCAL, SUBNET
from tools.local_hosts import image, podman, state

HERE = Path(__file__).parent
# What anybody may know: it opens the stand-in only.
API_TOKEN = "stand-in-api-token-which-opens-nothing-else"  # noqa: S105
TEAM = 7
VERSIONS = ("6.9.7", "6.9.8")
REPOSITORY = "supervisely/agent"
SECONDS = 60
# whatever proxy the operator's environment names
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Standins:
    """Those of one name: a podman network and a container, which have it."""

    name: str
    subnet: str | None = None

    @property
    def _object(self) -> str:
        return f"{state.PROJECT}-standins-{self.name}"

    @property
    def address(self) -> str:
        """Known while the container is stopped, and the same when it runs again."""
        (network,) = json.loads(podman.run("network", "inspect", self._object))
        return str(IPv4Network(network["subnets"][0]["subnet"])[10])

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def registry(self) -> str:
        return f"{self.address}:5000"

    def is_there(self) -> bool:
        return podman.exists("network", self._object)

    def start(self, tls: Path | None = None, teams: Sequence[int] = ()) -> None:
        """Those that run already stay, those that were stopped go on. `tls`: a folder for a certificate,
        with which the server listens on port 443 as well. `teams` are there besides two of the tests.
        """
        if not self.is_there():
            subnet = [f"--subnet={self.subnet}"] if self.subnet else []
            podman.run("network", "create", *subnet, self._object)
        if not podman.exists("container", self._object):
            if tls:
                from tests.supervisely import certificates

                certificates.write(tls, self.address)
            self._create(tls)
        podman.run("start", self._object)
        self._wait()
        self.say("teams", {API_TOKEN: sorted({TEAM, TEAM + 1, *teams})})
        for version in VERSIONS:
            if not self._has(version):
                self._publish(version)

    def _create(self, tls: Path | None) -> None:
        found = image.derived(HERE / "image" / "standins", "supervisely-standins")
        certificate = "--certificate /tls/server.crt --key /tls/server.key" if tls else ""
        podman.run(
            "create",
            f"--name={self._object}",
            *podman.limits(),
            f"--network={self._object}",
            f"--ip={self.address}",
            f"--volume={HERE / 'server.py'}:/server.py:ro",
            *([f"--volume={tls}:/tls:ro"] if tls else []),
            *podman.label_options({"project": state.PROJECT}),
            "--entrypoint=",
            found,
            "sh",
            "-c",
            "docker-registry serve /etc/supervisely-standins/registry.yml >/var/log/registry 2>&1 & "
            f"exec python3 /server.py --folder /var/lib/supervisely {certificate}",
        )

    def _wait(self) -> None:
        end = time.monotonic() + SECONDS
        for url in (f"{self.url}/", f"http://{self.registry}/v2/"):
            while True:
                try:
                    DIRECT.open(url, timeout=2).close()
                    break
                except (urllib.error.URLError, OSError):
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.2)

    def _has(self, version: str) -> bool:
        try:
            DIRECT.open(f"http://{self.registry}/v2/{REPOSITORY}/manifests/{version}", timeout=5).close()
        except urllib.error.HTTPError:
            return False
        return True

    def _publish(self, version: str) -> None:
        tag = f"localhost/{state.PROJECT}/supervisely-agent:{version}"
        build = [
            "build",
            "--quiet",
            "--layers=false",
            f"--build-arg=BASE={image.ensure()}",
            f"--build-arg=VERSION={version}",
        ]
        context = str(HERE / "image" / "agent")
        podman.run(*build, *podman.limits(), f"--tag={tag}", context, seconds=300)
        podman.run(
            "push",
            "--quiet",
            "--tls-verify=false",
            tag,
            f"{self.registry}/{REPOSITORY}:{version}",
            seconds=300,
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

    def stop(self) -> None:
        """Neither answers any more; what they have stays."""
        podman.run("stop", "--time=1", self._object)

    def remove(self) -> None:
        podman.remove("container", self._object)
        podman.remove("network", self._object)


def main() -> int:
    standins = Standins(LOCAL, SUBNET)
    if sys.argv[1:] == ["start"]:
        standins.start()
    elif sys.argv[1:] == ["stop"]:
        standins.remove()
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
