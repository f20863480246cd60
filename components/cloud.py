"""The faces that every cloud has; `components/clouds/<cloud>/` fills them in, one class per file.

Each class is made from `(name, ..., opts)`; what differs between clouds stays inside.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pulumi

from components.cloud_init import Setup
from components.config.model import Config
from components.connection import Sshd
from components.fleet import ElasticPool, Fleet, Node, Size
from components.keys import KeyPair
from components.ports import Role


class Network(Protocol):
    """Where machines live. `id` is the cloud's own name for it."""

    id: pulumi.Output[str]


class SecurityGroups(Protocol):
    """One group per role, made from the fleet's rules. `ids` by role."""

    ids: dict[str, pulumi.Output[str]]


class SharedStorage(Protocol):
    """Storage at one path on every machine of a cluster; there is none without one.

    `mounting`, for user data, is known when the storage is there.
    """

    id: pulumi.Output[str]
    mounting: pulumi.Output[Setup]


class StateVolume(Protocol):
    """A disk for the databases of the master, where its platform has any; it outlives the machine.

    `mounting`, for the master's user data, puts it at STATE_PATH. The master's step waits for what `attach`
    makes.
    """

    id: pulumi.Output[str]
    mounting: pulumi.Output[Setup]

    def attach(self, machine: "Machine", opts: pulumi.ResourceOptions) -> list[pulumi.Resource]: ...


class Identities(Protocol):
    """What machines may do with the cloud's own API. `ids` by role; none where a cloud has no such thing.

    Made last before machines: it may be what they wait for in place of rules, ways out and storage.
    `guard` by role is what a machine sets up so that people's work cannot use them.
    """

    ids: dict[str, pulumi.Output[str]]
    guard: dict[str, Setup]


class Machine(Protocol):
    """One machine. `resource` is what others are replaced or deleted with.

    `id` is known only when the machine's rules and storage are in place; `public_ip` means something for
    public machines only. `first_dials` is how often its sshd is tried while it may be booting; a cloud whose
    machines listen when they are made says fewer, so that a wrong key is told sooner. `behind_master`: only
    the master reaches its sshd.
    """

    node: Node
    id: pulumi.Output[str]
    private_ip: pulumi.Output[str]
    public_ip: pulumi.Output[str]
    sshd: pulumi.Output[Sshd]
    first_dials: int
    behind_master: bool
    resource: pulumi.Resource


@dataclass(frozen=True)
class MachineArgs:
    """What a machine is made from.

    `public` machines are reached from outside; the others through the master. User data is read at first boot
    and never changes a machine; size replaces it. GPU VMs have no `storage`, and only a master may have a
    `state_volume`. `tags` are those that the platform wants on it. `team_key` is the private key that
    lets the team in on machines that exist already.
    """

    fleet: Fleet
    node: Node
    network: Network
    groups: SecurityGroups
    storage: SharedStorage | None
    identities: Identities
    user_data: pulumi.Output[str]
    login: pulumi.Output[KeyPair]
    host: pulumi.Output[KeyPair]
    public: bool
    state_volume: StateVolume | None = None
    team_key: pulumi.Output[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Secret(Protocol):
    """A secret that machines fetch by their role. `name` is what they ask for."""

    name: pulumi.Output[str]


class Reaper(Protocol):
    """Ends what the platform's own scaler started, when the stack goes. The master comes after `resource`."""

    resource: pulumi.Resource


class Launch(Protocol):
    """How the platform's scaler starts a worker of an elastic pool.

    `description` is plain data in the cloud's own words, known when rules and storage are in place.
    """

    id: pulumi.Output[str]
    description: pulumi.Output[dict[str, Any]]


@dataclass(frozen=True)
class LaunchArgs:
    """What machines of an elastic pool are made from.

    They boot from `user_data` alone, which holds no secret.
    """

    fleet: Fleet
    pool: ElasticPool
    network: Network
    groups: SecurityGroups
    identities: Identities
    user_data: pulumi.Output[str]


# Where the master's disk for databases is.
STATE_PATH = "/var/lib/agent-fleet-state"
# What a platform's scaler runs as on the master: the one user besides root that needs the master's identity.
# Its script makes the user with this id (userdata/ray.sh).
SCALER_USER = 4000

# Inside `Cloud` the classes' names mean its own members.
_Network = Network
_Groups = SecurityGroups
_Storage = SharedStorage
_StateVolume = StateVolume
_Identities = Identities
_Machine = Machine
_Secret = Secret
_Reaper = Reaper
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
    def StateVolume(self) -> Callable[[str, Fleet, _Network, _Options], _StateVolume]: ...  # noqa: N802 - a class

    @property
    def Identities(  # noqa: N802 - a class
        self,
    ) -> Callable[[str, Fleet, _Network, _Groups, _Storage | None, _Options], _Identities]: ...

    @property
    def Machine(self) -> Callable[[str, MachineArgs, _Options], _Machine]: ...  # noqa: N802 - a class

    # Only in clouds with elastic pools; a rule of the configuration refuses them elsewhere.

    @property
    def Secret(  # noqa: N802 - a class
        self,
    ) -> Callable[[str, Fleet, Role, pulumi.Output[str], _Options], _Secret]: ...

    @property
    def Reaper(  # noqa: N802 - a class
        self,
    ) -> Callable[[str, Fleet, _Network, _Identities, _Options], _Reaper]: ...

    @property
    def Launch(self) -> Callable[[str, LaunchArgs, _Options], _Launch]: ...  # noqa: N802 - a class

    def look_up(self, config: Config) -> Mapping[str, Size]:
        """What the instance types that the stack file names have, asked of the cloud before anything is made.

        Raises pulumi.RunError with one report of all that the file presumes and the cloud denies; warns of
        checks that got no answer.
        """
        ...


def cloud_of(name: str) -> Cloud:
    """Only the cloud that the stack names is imported: a cloud's SDK costs a third of a second."""
    return cast(Cloud, importlib.import_module(f"components.clouds.{name}"))
