"""The stack's machines as its secret output `inventory` tells them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from fleet.errors import UserError


class _Output(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


M = TypeVar("M", bound=_Output)


class Node(_Output):
    """One machine and how its sshd is reached; `proxy` names what the connection hops through: a node, or the
    jump host."""

    name: str
    role: str
    pool: str | None = None
    platform: str | None = None
    private_ip: str
    host: str
    port: int
    user: str
    host_key: str
    proxy: str | None = None


class JumpHost(_Output):
    """The one hop to every machine. Its key is the team's own: never print it."""

    name: str
    host: str
    port: int
    user: str
    host_key: str
    key: str = Field(repr=False)


class Storage(_Output):
    mount_path: str


class Inventory(_Output):
    """Everything that the operator's commands know of a stack. Holds the login key: never print it."""

    team: str
    stack: str
    cloud: str
    platform: str | None
    storage: Storage | None = None
    nodes: tuple[Node, ...]
    login_key: str = Field(repr=False)
    jump_host: JumpHost | None = None

    @property
    def mount_path(self) -> str:
        """Of the shared storage, which a cluster has."""
        if self.storage is None:
            raise UserError(f"stack {self.stack} has no cluster, and so no shared storage")
        return self.storage.mount_path

    @property
    def master(self) -> Node | None:
        return next((node for node in self.nodes if node.role == "master"), None)

    def platform_of(self, name: str) -> str:
        """What runs on a node; an elastic machine has its cluster's platform."""
        own = next((node.platform for node in self.nodes if node.name == name), None)
        return own or self.platform or ""

    def node(self, name: str, others: Sequence[str] = ()) -> Node:
        """`others` are machines that there are besides, to be named where this one is not found."""
        for node in self.nodes:
            if node.name == name:
                return node
        names = ", ".join([*(node.name for node in self.nodes), *others])
        raise UserError(f"stack {self.stack} has no node {name!r}; it has: {names}")

    @classmethod
    def from_outputs(cls, stack: str, outputs: Mapping[str, Any]) -> Self:
        """From all outputs of a stack, secrets included."""
        if "inventory" not in outputs:
            raise UserError(
                f"stack {stack} is not up: it has no machines on record; run: python -m fleet up {stack}"
            )
        return _read(cls, stack, "inventory", outputs["inventory"])


class ClientConfig(_Output):
    """How people log in on the master to use the cluster, and what a laptop installs to match it."""

    user: str
    private_key: str = Field(repr=False)
    pip: tuple[str, ...]

    @classmethod
    def from_outputs(cls, stack: str, outputs: Mapping[str, Any]) -> Self:
        if "clientConfig" not in outputs:
            raise UserError(f"stack {stack} has no cluster that people can log in to")
        if "endpoint" in outputs["clientConfig"]:
            raise UserError(
                f"people do not log in to the machines of stack {stack}: they use its API and web page; "
                f"run: python -m fleet tunnel {stack}"
            )
        return _read(cls, stack, "clientConfig", outputs["clientConfig"])


def _read(model: type[M], stack: str, output: str, value: object) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise UserError(
            f"stack {stack}: its output `{output}` is not what this version reads (at {fields}); "
            f"run: python -m fleet up {stack}"
        ) from None
