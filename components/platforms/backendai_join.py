"""The platform `backendai` on GPU VMs: an agent of a manager that is there already.

What runs on the machine is `userdata/backendai_agent.sh`; what is asked of the manager, `backendai_api.py`.
"""

from typing import Any

from components.call import ApiCall, Call
from components.cloud import Machine
from components.config.gpu_vms import AnyGpuVm
from components.config.settings_backendai_join import API_KEYS, PASSWORD, JoinSettings
from components.fleet import Fleet, Node
from components.keys import Keys
from components.platform import Enrolled
from components.platforms import backendai_agent
from components.ports import GPU_VM, Port

SCRIPTS = ("venv", "gpu", "backendai_agent", "backendai")
API = "components.platforms.backendai_api"
PORTS: tuple[Port, ...] = (
    Port("backendai-rpc-gpu-vm", 6001, 6001, GPU_VM, ("managers",), "the manager's calls, encrypted"),
)


def enrol(fleet: Fleet, node: Node, keys: Keys) -> ApiCall | None:
    """Makes nothing at the manager: an agent registers itself. It asks what would fail in silence later."""
    said = settings_of(node)
    return ApiCall(
        module=API,
        verb="enrol",
        settings={
            **_manager(node, keys),
            "id": backendai_agent.identity(fleet, node),
            "version": said.version,
            "group": said.resource_group,
        },
    )


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, enrolled: Enrolled | None) -> Call:  # noqa: ARG001
    """The agent, without shared storage, and so without the service by which a master tells it to leave."""
    said = settings_of(node)
    host, _, port = said.etcd_address.rpartition(":")
    password = keys.given(PASSWORD)
    if password is None:
        raise ValueError(f"{node.name} has no password for etcd")
    return Call(
        scripts=SCRIPTS,
        verb="agent",
        settings={
            **backendai_agent.settings(fleet, node, keys, machine, said, dummy=said.dummy),
            "NAMESPACE": said.namespace,
            "ETCD_HOST": host,
            "ETCD_PORT": int(port),
            "ETCD_USER": said.etcd_user,
            "GROUP": said.resource_group,
            "STORAGE_PATH": str(said.mount_path or ""),
            "LEAVER": False,
            "MANAGER_PUBLIC_KEY": said.manager_public_key,
        },
        secrets=backendai_agent.secrets(fleet, node, keys, password),
    )


def member(node: Node, keys: Keys, enrolled: Enrolled | None) -> ApiCall | None:
    """At the manager: ALIVE, in its group, of its version, with its GPUs, reached by RPC.

    `undo` takes no new sessions and waits for those that run; the machine goes after it.
    """
    said = settings_of(node)
    if enrolled is None:
        return None
    return ApiCall(
        module=API,
        verb="member",
        undo="leave",
        settings={
            **_manager(node, keys),
            "id": enrolled["id"],
            "version": said.version,
            "group": said.resource_group,
            "gpus": node.gpus,
            "drainMinutes": said.drain_minutes,
        },
    )


def settings_of(node: Node) -> JoinSettings:
    settings = node.spec.settings if isinstance(node.spec, AnyGpuVm) else None
    if not isinstance(settings, JoinSettings):
        raise TypeError(node.name)
    return settings


def _manager(node: Node, keys: Keys) -> dict[str, Any]:
    return {
        "vm": node.name,
        "endpoint": settings_of(node).api_endpoint,
        "apiKeys": keys.given(API_KEYS),
    }
