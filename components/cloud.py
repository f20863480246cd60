"""The faces that every cloud has; `components/clouds/<cloud>/` fills them in, one class per file.

Each class is made from `(name, ..., opts)`; what differs between clouds stays inside.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pulumi

from components.config.model import Config
from components.connection import Sshd
from components.fleet import ElasticPool, Fleet, Node, Size
from components.keys import KeyPair


class Network(Protocol):
    """Where machines live. `id` is the cloud's own name for it."""

    id: pulumi.Output[str]


class SecurityGroups(Protocol):
    """One group per role, made from the fleet's rules. `ids` by role, known when the rules are in place."""

    ids: dict[str, pulumi.Output[str]]


class SharedStorage(Protocol):
    """Storage at one path on every machine. `mounts`: fstab lines for user data, known when it is there."""

    id: pulumi.Output[str]
    mounts: pulumi.Output[list[list[str]]]


class Machine(Protocol):
    """One machine. `resource` is what others are replaced or deleted with.

    `id` is known only when the machine's rules and storage are in place. `first_dials` is how often its sshd
    is tried while it may be booting; a cloud whose machines listen when they are made says fewer, so that a
    wrong key is told sooner.
    """

    node: Node
    id: pulumi.Output[str]
    private_ip: pulumi.Output[str]
    public_ip: pulumi.Output[str]
    sshd: pulumi.Output[Sshd]
    first_dials: int
    resource: pulumi.Resource


@dataclass(frozen=True)
class MachineArgs:
    """What a machine is made from.

    `public` machines are reached from outside; the others through the master. User data is read at first boot
    and never changes a machine; size replaces it. `tags` are those that the platform wants on it.
    """

    fleet: Fleet
    node: Node
    network: Network
    groups: SecurityGroups
    storage: SharedStorage
    user_data: pulumi.Output[str]
    login: pulumi.Output[KeyPair]
    host: pulumi.Output[KeyPair]
    public: bool
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Launch(Protocol):
    """How the platform's scaler starts a worker of an elastic pool.

    `description` is plain data in the cloud's own words, known when rules and storage are in place.
    """

    id: pulumi.Output[str]
    description: pulumi.Output[dict[str, Any]]


@dataclass(frozen=True)
class LaunchArgs:
    """What machines of an elastic pool are made from.

    They boot from `user_data` alone, which holds no secret; `secrets` by name are fetched by their role.
    """

    fleet: Fleet
    pool: ElasticPool
    network: Network
    groups: SecurityGroups
    storage: SharedStorage
    user_data: pulumi.Output[str]
    secrets: Mapping[str, pulumi.Output[str]]


# Inside `Cloud` the classes' names mean its own members.
_Network = Network
_Groups = SecurityGroups
_Storage = SharedStorage
_Machine = Machine
_Launch = Launch
_Options = pulumi.ResourceOptions


class Cloud(Protocol):
    """A package under `components/clouds/`, with the classes that make a stack's machines possible."""

    @property
    def Network(self) -> Callable[[str, Fleet, _Options], _Network]: ...  # noqa: N802 - a class

    @property
    def SecurityGroups(  # noqa: N802 - a class
        self,
    ) -> Callable[[str, Fleet, _Network, _Options], _Groups]: ...

    @property
    def SharedStorage(  # noqa: N802 - a class
        self,
    ) -> Callable[[str, Fleet, _Network, _Groups, _Options], _Storage]: ...

    @property
    def Machine(self) -> Callable[[str, MachineArgs, _Options], _Machine]: ...  # noqa: N802 - a class

    @property
    def Launch(self) -> Callable[[str, LaunchArgs, _Options], _Launch]:  # noqa: N802 - a class
        """Only in clouds with elastic pools; a rule of the configuration refuses them elsewhere."""
        ...

    def look_up(self, config: Config) -> Mapping[str, Size]:
        """What the instance types that the stack file names have, asked of the cloud before anything is made.

        Raises pulumi.RunError with one report of all that the file presumes and the cloud denies; warns of
        checks that got no answer.
        """
        ...


def cloud_of(name: str) -> Cloud:
    """Only the cloud that the stack names is imported: a cloud's SDK costs a third of a second."""
    return cast(Cloud, importlib.import_module(f"components.clouds.{name}"))
