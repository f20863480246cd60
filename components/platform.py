"""The face of a platform; `components/platforms/<platform>.py` fills it in with data and small functions."""

import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

import pulumi

from components.call import ApiCall, Call
from components.cloud import Launch, Machine
from components.config.model import Config
from components.fleet import ElasticPool, Fleet, Node
from components.keys import Keys
from components.ports import Port


class Platform(Protocol):
    """What the cloud-neutral components ask of a platform. Makes no resource itself."""

    PORTS: tuple[Port, ...]

    def master(self, fleet: Fleet, keys: Keys, machine: Machine, launches: Mapping[str, Launch]) -> Call:
        """Installs and starts the controller on the master; `launches` of elastic pools by pool."""
        ...

    def agent(self, fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:
        """Installs and starts the agent on a worker."""
        ...

    def member(self, fleet: Fleet, node: Node, keys: Keys, machine: Machine) -> Call:
        """At the controller: waits until the agent is alive and right; `undo` drains and removes it."""
        ...

    def urls(self) -> Mapping[str, str]:
        """Addresses of web pages, as `fleet tunnel` opens them."""
        ...

    def client_config(self, fleet: Fleet, keys: Keys, machine: Machine) -> Mapping[str, pulumi.Input[object]]:
        """What people need to use the cluster, whose master is `machine`; its secret values stay secret."""
        ...

    # Only of platforms with a scaler; a rule of the configuration refuses elastic pools elsewhere.

    def master_tags(self, fleet: Fleet) -> Mapping[str, str]:
        """Tags that the platform's own scaler wants on the master's machine."""
        ...

    def elastic(self, fleet: Fleet, pool: ElasticPool, keys: Keys, controller: Machine) -> Call:
        """What a machine of an elastic pool runs at its first boot; it fetches the secrets by its role."""
        ...


def platform_of(name: str) -> Platform:
    return cast(Platform, importlib.import_module(f"components.platforms.{name}"))


Enrolled = pulumi.Output[dict[str, Any]]


class VmPlatform(Protocol):
    """A platform of GPU VMs, whose controller is elsewhere. Makes no resource itself."""

    PORTS: tuple[Port, ...]

    def enrol(self, fleet: Fleet, node: Node, keys: Keys) -> ApiCall | None:
        """Makes the agent known to its controller, before its step; None where the team did it by hand."""
        ...

    def agent(
        self, fleet: Fleet, node: Node, keys: Keys, machine: Machine, enrolled: Enrolled | None
    ) -> Call:
        """Installs and starts the agent; `enrolled` is what the controller answered."""
        ...

    def member(self, node: Node, keys: Keys, enrolled: Enrolled | None) -> ApiCall | None:
        """Waits until the controller lists the agent alive and right; `undo`, before the machine goes, drains
        it. None where the controller cannot be asked."""
        ...


def vm_platform_of(name: str) -> VmPlatform:
    """Of a platform that has both faces, the module that it calls `gpu_vm`."""
    found = importlib.import_module(f"components.platforms.{name}")
    return cast(VmPlatform, getattr(found, "gpu_vm", found))


def ports_of(config: Config) -> tuple[Port, ...]:
    """Of all platforms that the stack names."""
    of_vms = {vm.platform: vm_platform_of(vm.platform) for vm in config.gpu_vms}
    faces = [face for _, face in sorted(of_vms.items())]
    cluster = (platform_of(config.cluster.platform),) if config.cluster else ()
    return tuple(port for face in (*cluster, *faces) for port in face.PORTS)
