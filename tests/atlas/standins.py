"""What a team brings to Atlas, in one container: a web server with installer and archive, and a registry.

All of it stands in for the real thing: archive/ and image/. `python3 -m tests.atlas.standins start|stop`
makes and removes those that the stack file Pulumi.atlas-local.yaml names.
"""

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.atlas import archive
from tools.local_hosts import image, podman, state

HERE = Path(__file__).parent
# Of the stack atlas-local, whose file names the address: the tenth.
SUBNET = "10.87.88.0/24"
LOCAL = "atlas-local"
FOLDER = "atlas"
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
        (network,) = json.loads(podman.run("network", "inspect", self._object))
        return str(IPv4Network(network["subnets"][0]["subnet"])[10])

    @property
    def registry(self) -> str:
        return f"{self.address}:5000"

    def settings(self) -> dict[str, Any]:
        """`cluster.settings` that name them."""
        return {
            **{
                key: {"url": f"http://{self.address}/{name}", "sha256": archive.sha256(name)}
                for key, name in (
                    ("installer", "atlas_installer.py"),
                    ("archive", "atlas.tgz"),
                    ("python", "python.tar"),
                )
            },
            "registry": f"{self.registry}/{FOLDER}",
        }

    def start(self) -> None:
        """Those that run already stay, those that were stopped go on."""
        if not podman.exists("network", self._object):
            subnet = [f"--subnet={self.subnet}"] if self.subnet else []
            podman.run("network", "create", *subnet, self._object)
        if not podman.exists("container", self._object):
            self._create()
        podman.run("start", self._object)
        self._wait(f"http://{self.registry}/v2/")
        self.put(archive.files())
        self._wait(f"http://{self.address}/atlas.tgz")
        self._publish()

    def put(self, files: dict[str, bytes]) -> None:
        """Files of the web server."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.write_bytes(content)
                path.chmod(0o644)
                podman.run("cp", str(path), f"{self._object}:/srv/{name}")

    def _create(self) -> None:
        found = image.derived(HERE.parent / "supervisely" / "image" / "standins", "supervisely-standins")
        podman.run(
            "create",
            f"--name={self._object}",
            *podman.limits(),
            f"--network={self._object}",
            f"--ip={self.address}",
            *podman.label_options({"project": state.PROJECT}),
            "--entrypoint=",
            found,
            "sh",
            "-c",
            "docker-registry serve /etc/supervisely-standins/registry.yml >/var/log/registry 2>&1 & "
            "exec python3 -m http.server --directory /srv 80 >/var/log/files 2>&1",
        )

    def _wait(self, url: str) -> None:
        end = time.monotonic() + SECONDS
        while True:
            try:
                DIRECT.open(url, timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _publish(self) -> None:
        """The images, where the registry lacks what the files here make."""
        made = image.derived(HERE / "image" / "service", "atlas-service")
        published = made.rpartition(":")[2]
        if self._has(archive.SERVICES[-1], published):
            return
        for service in archive.SERVICES:
            tag = f"localhost/{state.PROJECT}/atlas-{service.replace('_', '-')}:{published}"
            told = [f"--build-arg=BASE={made}", f"--build-arg=SERVICE={service}"]
            build = ["build", "--quiet", "--layers=false", *told, *podman.limits(), f"--tag={tag}"]
            podman.run(*build, str(HERE / "image" / "named"), seconds=300)
            for name in (archive.TAG, published):
                where = f"{self.registry}/{FOLDER}/{service}:{name}"
                podman.run("push", "--quiet", "--tls-verify=false", tag, where, seconds=300)
            podman.run("rmi", tag)

    def _has(self, service: str, tag: str) -> bool:
        try:
            DIRECT.open(f"http://{self.registry}/v2/{FOLDER}/{service}/manifests/{tag}", timeout=5).close()
        except urllib.error.HTTPError:
            return False
        return True

    def stop(self) -> None:
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
