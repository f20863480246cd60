"""What a team brings to Atlas, in one container: a web server with installer and archive, and a registry.

All of it stands in for the real thing: archive/ and image/.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests import standins
from tests.atlas import archive
from tools.local_hosts import image, podman

HERE = Path(__file__).parent
FOLDER = "atlas"
FILES = {"installer": "atlas_installer.py", "archive": "atlas.tgz", "python": "python.tar"}
SECRETS: Mapping[str, str] = {}
# What only a team's own registry has.
_NOT_THERE = ("tag", "tags", "jobImage")


class Standins(standins.Container):
    """Those of one stack."""

    KIND: ClassVar[str] = "atlas"

    def settings(self) -> dict[str, Any]:
        """`cluster.settings` that name them."""
        files = {
            key: {"url": f"{self.url}/{name}", "sha256": archive.sha256(name)} for key, name in FILES.items()
        }
        return {**files, "registry": f"{self.registry}/{FOLDER}"}

    def named(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Settings that name them in place of what they stand in for."""
        return {**{key: value for key, value in said.items() if key not in _NOT_THERE}, **self.settings()}

    @staticmethod
    def replaced(said: Mapping[str, Any]) -> Iterator[str]:
        """What they stand in for."""
        for key in FILES:
            scheme, _, rest = str(said[key].get("url")).partition("://")
            yield f"{scheme}://{rest.partition('/')[0]}"
        yield str(said.get("registry"))

    def start(self, said: Sequence[Mapping[str, Any]] = ()) -> None:  # noqa: ARG002 - as Supervisely's
        self.make_network()
        self.run("python3 -m http.server --directory /srv 80 >/var/log/files 2>&1")
        self.put(archive.files())
        self.wait(f"{self.url}/atlas.tgz")
        self._publish()

    def put(self, files: dict[str, bytes]) -> None:
        """Files of the web server."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.write_bytes(content)
                path.chmod(0o644)
                podman.run("cp", str(path), f"{self.object}:/srv/{name}")

    def _publish(self) -> None:
        """The images, where the registry lacks what the files here make."""
        made = image.derived(HERE / "image" / "service", "atlas-service")
        published = made.rpartition(":")[2]
        if self.has(f"{FOLDER}/{archive.SERVICES[-1]}", published):
            return
        for service in archive.SERVICES:
            tags = (archive.TAG, published)
            self.publish(HERE / "image" / "named", f"{FOLDER}/{service}", tags, BASE=made, SERVICE=service)
