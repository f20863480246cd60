"""The platform `supervisely`: an agent of a Supervisely server on a GPU VM.

What runs on the machine is `userdata/supervisely.sh`; what is asked of the server, `supervisely_api.py`.
"""

import json
from typing import Any

from components.call import ApiCall, Call
from components.cloud import Machine
from components.config.gpu_vms import AnyGpuVm
from components.config.settings_supervisely import AgentSettings
from components.config.supervisely_tokens import host_of
from components.fleet import Fleet, Node
from components.keys import Keys
from components.platform import Enrolled
from components.platforms import docker, gpu
from components.ports import Port

SCRIPTS = ("gpu", "supervisely")
API = "components.platforms.supervisely_api"
# All of its traffic is outbound.
PORTS: tuple[Port, ...] = ()
# The image of the agent is many GB; that of the tests is not.
SPACE_MIB = 2000


def _spec(node: Node) -> tuple[AnyGpuVm, AgentSettings]:
    """What the stack file says of its machine, and of its agent."""
    settings = node.spec.settings if isinstance(node.spec, AnyGpuVm) else None
    if not isinstance(node.spec, AnyGpuVm) or not isinstance(settings, AgentSettings):
        raise TypeError(node.name)
    return node.spec, settings


def enrol(fleet: Fleet, node: Node, keys: Keys) -> ApiCall | None:
    """Makes the agent at the server; None where the team made it by hand and gives its token."""
    _, said = _spec(node)
    if keys.given(f"superviselyAgentTokens/{node.name}") is not None:
        return None
    return ApiCall(
        module=API,
        verb="enrol",
        undo="archive",
        settings={
            **_server(node, keys),
            "decommission": said.decommission.model_dump() if said.decommission else None,
        },
        triggers=(said.server_address, said.team_id or 0, fleet.config.key_generations.token),
        with_machine=said.identity == "renewed",
    )


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, enrolled: Enrolled | None) -> Call:  # noqa: ARG001
    """The agent's container, with the token that the server or the team gave."""
    spec, said = _spec(node)
    token = keys.given(f"superviselyAgentTokens/{node.name}") if enrolled is None else enrolled["token"]
    password = keys.given("superviselyRegistryPassword") if said.registry_login else None
    if token is None:
        raise ValueError(f"{node.name} has no token")
    return Call(
        scripts=SCRIPTS,
        verb="agent",
        settings={
            "SERVER": said.server_address,
            "IMAGE": f"{said.image}:{said.agent_version}",
            "GPUS": spec.gpus,
            "AGENT_HOST_DIR": str(said.agent_host_dir or ""),
            "ENVIRONMENT": _environment(spec, said),
            "DAEMON": json.dumps(_daemon(fleet, spec, said)),
            "REGISTRY": said.registry or "",
            "REGISTRY_LOGIN": said.registry_login or "",
            "PROXY": said.proxy or "",
            "NO_PROXY": ",".join(said.no_proxy),
            "CA": said.ca_certificate or "",
            **gpu.settings(fleet),
            "SPACE_MIB": SPACE_MIB,
        },
        secrets={"AGENT_TOKEN": token, **({"REGISTRY_PASSWORD": password} if password else {})},
    )


def member(node: Node, keys: Keys, enrolled: Enrolled | None) -> ApiCall | None:
    """At the server: running, with its version and GPUs; None where it cannot be asked."""
    spec, said = _spec(node)
    if enrolled is None:
        return None
    return ApiCall(
        module=API,
        verb="member",
        settings={
            **_server(node, keys),
            "id": enrolled["id"],
            "version": said.agent_version,
            "gpus": spec.gpus,
        },
    )


def _server(node: Node, keys: Keys) -> dict[str, Any]:
    _, said = _spec(node)
    return {
        "vm": node.name,
        "server": said.server_address,
        "teamId": said.team_id,
        "ca": said.ca_certificate or "",
        "apiToken": keys.given(f"superviselyApiTokens/{host_of(said.server_address)}"),
    }


def _environment(spec: AnyGpuVm, said: AgentSettings) -> str:
    """Lines of the agent's environment, but its token, the server and folders, which the script adds."""
    values: dict[str, str] = {
        "PULL_POLICY": said.pull_policy,
        "DELETE_TASK_DIR_ON_FINISH": "true",
        "LOG_LEVEL": "INFO",
    }
    if spec.ephemeral:
        values["WITH_LOCAL_STORAGE"] = "false"
    if not spec.gpus:
        values["FORCE_CPU_ONLY"] = "true"
    if said.offline:
        values["OFFLINE_MODE"] = "true"
    if said.cpu_limit:
        values["CPU_LIMIT"] = f"{round(said.cpu_limit * 1000)}m"
    if said.memory_limit_gib:
        values["MEM_LIMIT"] = f"{round(said.memory_limit_gib * 1024)}m"
    if said.proxy:
        values |= {"HTTP_PROXY": said.proxy, "HTTPS_PROXY": said.proxy, "NO_PROXY": ",".join(said.no_proxy)}
    return "\n".join(f"{name}={value}" for name, value in values.items())


def _daemon(fleet: Fleet, spec: AnyGpuVm, said: AgentSettings) -> dict[str, Any]:
    """Docker's daemon.json. Reasons: docs/supervisely.md, "Docker"."""
    found: dict[str, Any] = {
        **docker.daemon(fleet, spec.gpus),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
    }
    if said.proxy:
        no_proxy = ",".join(said.no_proxy)
        found["proxies"] = {"http-proxy": said.proxy, "https-proxy": said.proxy, "no-proxy": no_proxy}
    if spec.gpus:
        found["default-runtime"] = "nvidia"
    return found
