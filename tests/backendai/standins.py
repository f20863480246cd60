"""A registry with a kernel image, which a stack of Backend.AI may name: registries on the internet cannot be
reached from everywhere. The image is small and real: sessions run in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests import standins
from tools.local_hosts import image

PROJECT = "stable"
REPOSITORY, TAG = f"{PROJECT}/python", "3.13-debian"
SECRETS: Mapping[str, str] = {}
_KEYS = ("registries", "kernelImages")


class Standins(standins.Container):
    """Those of one stack."""

    KIND: ClassVar[str] = "backendai"

    @property
    def kernel(self) -> str:
        return f"{self.registry}/{REPOSITORY}:{TAG}"

    def settings(self) -> dict[str, Any]:
        """`cluster.settings` that name them."""
        registry = {"name": self.registry, "url": f"http://{self.registry}", "project": PROJECT}
        return {"registries": [registry], "kernelImages": [self.kernel]}

    def named(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Settings that name them in place of what they stand in for."""
        return {**said, **{key: value for key, value in self.settings().items() if key in said}}

    @staticmethod
    def replaced(said: Mapping[str, Any]) -> Iterator[str]:
        """What they stand in for."""
        for registry in said.get("registries") or ():
            yield str(registry.get("url"))

    def start(self, said: Sequence[Mapping[str, Any]] = ()) -> None:  # noqa: ARG002 - as Supervisely's
        self.make_network()
        self.run("sleep infinity")
        if not self.has(REPOSITORY, TAG):
            self.publish(Path(__file__).parent / "kernel", REPOSITORY, (TAG,), BASE=image.ensure())
