"""What stands in for the world outside of a stack: a container with a registry, and what a platform adds."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import ClassVar

from tools.local_hosts import image, podman, state

SECONDS = 60
# whatever proxy the operator's environment names
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Container:
    """The one of a stack, and a podman network; both are called after it and `KIND`."""

    KIND: ClassVar[str]

    name: str
    subnet: str | None = None

    @property
    def object(self) -> str:
        return f"{state.PROJECT}-standins-{self.name}-{self.KIND}"

    @property
    def address(self) -> str:
        """Known while the container is stopped, and the same when it runs again."""
        (network,) = json.loads(podman.run("network", "inspect", self.object))
        return str(IPv4Network(network["subnets"][0]["subnet"])[10])

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def registry(self) -> str:
        return f"{self.address}:5000"

    def is_there(self) -> bool:
        return podman.exists("network", self.object)

    def make_network(self) -> None:
        if not self.is_there():
            subnet = [f"--subnet={self.subnet}"] if self.subnet else []
            podman.run("network", "create", *subnet, self.object)

    def run(self, command: str, *options: str) -> None:
        """The registry, and `command` beside it. One that runs stays, one that was stopped goes on."""
        if not podman.exists("container", self.object):
            podman.run(
                "create",
                f"--name={self.object}",
                *podman.limits(),
                f"--network={self.object}",
                f"--ip={self.address}",
                *options,
                *podman.label_options({"project": state.PROJECT}),
                "--entrypoint=",
                image.derived(Path(__file__).parent / "image", "standins"),
                "sh",
                "-c",
                f"docker-registry serve /etc/standins/registry.yml >/var/log/registry 2>&1 & exec {command}",
            )
        podman.run("start", self.object)
        self.wait(f"http://{self.registry}/v2/")

    def wait(self, url: str) -> None:
        end = time.monotonic() + SECONDS
        while True:
            try:
                DIRECT.open(url, timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def has(self, repository: str, tag: str) -> bool:
        url = f"http://{self.registry}/v2/{repository}/manifests/{tag}"
        # what podman pushes: without it the registry says 404
        asked = urllib.request.Request(url, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
        try:
            DIRECT.open(asked, timeout=5).close()
        except urllib.error.HTTPError:
            return False
        return True

    def publish(self, context: Path, repository: str, tags: Sequence[str], **arguments: str) -> None:
        """Builds an image and pushes it by these tags."""
        tag = f"localhost/{state.PROJECT}/{repository.replace('/', '-').replace('_', '-')}:{tags[-1]}"
        told = (f"--build-arg={name}={value}" for name, value in arguments.items())
        build = ["build", "--quiet", "--layers=false", *told, *podman.limits(), f"--tag={tag}"]
        podman.run(*build, str(context), seconds=300)
        for name in tags:
            where = f"{self.registry}/{repository}:{name}"
            podman.run("push", "--quiet", "--tls-verify=false", tag, where, seconds=300)
        podman.run("rmi", tag)

    def stop(self) -> None:
        """It answers no more; what it has stays."""
        podman.run("stop", "--time=1", self.object)

    def remove(self) -> None:
        podman.remove("container", self.object)
        podman.remove("network", self.object)
