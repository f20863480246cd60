"""The face of a platform; `components/platforms/<platform>.py` fills it in with data and small functions."""

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

import pulumi

from components.call import Call
from components.cloud import Launch, Machine
from components.fleet import ElasticPool, Fleet, Node
from components.keys import Keys
from components.ports import Port


class Platform(Protocol):
    """What the cloud-neutral components ask of a platform. Makes no resource itself."""

    PORTS: tuple[Port, ...]

    def master(self, fleet: Fleet, keys: Keys, machine: Machine, launches: Mapping[str, Launch]) -> Call:
        """Installs and starts the controller on the master; `launches` of elastic pools by pool."""
        ...

    def master_tags(self, fleet: Fleet) -> Mapping[str, str]:
        """Tags that the platform's own scaler wants on the master's machine."""
        ...

    def elastic(self, fleet: Fleet, pool: ElasticPool, keys: Keys, controller: Machine) -> Call:
        """What a machine of an elastic pool runs at its first boot; it fetches the secrets by its role."""
        ...

    def agent(self, fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:
        """Installs and starts the agent on a worker."""
        ...

    def member(self, node: Node, machine: Machine) -> Call:
        """At the controller: waits until the agent is alive and right; `undo` drains and removes it."""
        ...

    def urls(self) -> Mapping[str, str]:
        """Addresses of web pages, as `fleet tunnel` opens them."""
        ...

    def client_config(self, fleet: Fleet, keys: Keys) -> Mapping[str, pulumi.Input[object]]:
        """What people need to use the cluster; its secret values stay secret."""
        ...


def platform_of(name: str) -> Platform:
    return cast(Platform, importlib.import_module(f"components.platforms.{name}"))
