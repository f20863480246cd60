"""The platform `backendai`: a control plane of Backend.AI on the master and an agent on every worker.

What runs on the machines is `userdata/backendai.sh`, with those of its SCRIPTS that go before it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.call import Call
from components.cloud import STATE_PATH, Launch, Machine
from components.config.model import pools_of
from components.config.rules_backendai import backendai_settings
from components.config.settings_backendai import BackendaiSettings
from components.config.settings_backendai_join import API_KEYS
from components.config.settings_backendai_join import PASSWORD as ETCD_PASSWORD
from components.fleet import Fleet, Node
from components.keys import Keys
from components.platforms import backendai_agent, backendai_join
from components.platforms.backendai_agent import ETCD_PORT, identity, rpc_pair
from components.ports import MASTER, WORKER, Port
from components.scripts import Setting

_PARTS = ("databases", "manager", "members", "agent")
SCRIPTS = ("databases", "venv", "gpu", *(f"backendai_{part}" for part in _PARTS), "backendai")
_USERDATA = Path(__file__).parents[2] / "userdata"
# Beside the time that sessions have to end.
MEMBERSHIP_SECONDS = 600
MANAGER_KEY = "backendai/manager"

# What a session, a drain and a web page were seen to need. What sessions themselves open (30000 to 31000)
# stays closed, because nothing checks who calls there; so do metrics and the storage proxy's manager API.
PORTS: tuple[Port, ...] = (
    Port("backendai-etcd", 2379, 2379, MASTER, (WORKER, "agents"), "configuration, by password"),
    Port("backendai-redis", 6379, 6379, MASTER, (WORKER, "agents"), "heartbeats and events, by password"),
    Port("backendai-rpc", 6001, 6001, WORKER, (MASTER,), "the manager's calls, encrypted"),
    Port("backendai-api", 8081, 8081, MASTER, ("users",), "the manager's API, by keypair"),
    Port("backendai-web", 8090, 8090, MASTER, ("users",), "the web page, by password"),
    Port("backendai-files", 6021, 6021, MASTER, ("users",), "up- and downloads, by a token of the manager"),
)
# The same platform on GPU VMs.
gpu_vm = backendai_join


def master(fleet: Fleet, keys: Keys, machine: Machine, launches: Mapping[str, Launch]) -> Call:  # noqa: ARG001
    """PostgreSQL, etcd, redis, manager, storage proxy and webserver; a resource group per pool."""
    settings = settings_of(fleet)
    rpc = keys.curve_pair(MANAGER_KEY, _generation(fleet))
    administrator = _administrator(fleet, keys)
    return Call(
        scripts=SCRIPTS,
        verb="master",
        settings={
            **_common(fleet),
            "STATE_PATH": STATE_PATH,
            "NODE_IP": machine.private_ip,
            "PROCESSES": max(1, min(4, int(machine.node.size.cpus // 2))),
            "ADMIN_EMAIL": settings.admin_email,
            "AUTO_PULL": settings.auto_pull,
            "REGISTRIES": json.dumps([registry.model_dump() for registry in settings.registries]),
            "REGISTRY_NAMES": list(dict.fromkeys(registry.name for registry in settings.registries)),
            "AGENT_NETWORKS": [str(network) for network in settings.agent_networks],
            "GROUPS_WANTED": [pool.name for pool in pools_of(fleet.config)],
            "RPC_PUBLIC_KEY": rpc.apply(lambda pair: pair.public),
            "API_PY": (_USERDATA / "backendai_api.py").read_text(),
            "FIXTURES_PY": (_USERDATA / "backendai_fixtures.py").read_text(),
        },
        secrets={
            "RPC_PRIVATE_KEY": rpc.apply(lambda pair: pair.private),
            "DB_PASSWORD": _secret(fleet, keys, "database"),
            "ETCD_ROOT_PASSWORD": _secret(fleet, keys, "etcd/root"),
            "ETCD_MANAGER_PASSWORD": _secret(fleet, keys, "etcd/manager"),
            "ETCD_AGENT_PASSWORD": _secret(fleet, keys, "etcd/agent"),
            "REDIS_PASSWORD": _secret(fleet, keys, "redis"),
            "MANAGER_SECRET": _secret(fleet, keys, "manager/secret"),
            "STORAGE_SECRET": _secret(fleet, keys, "storage/manager"),
            "STORAGE_PRIVATE": _secret(fleet, keys, "storage/own"),
            "PROXY_TOKEN": _secret(fleet, keys, "proxy"),
            "ADMIN_PASSWORD": administrator["password"],
            "ADMIN_ACCESS_KEY": administrator["accessKey"],
            "ADMIN_SECRET_KEY": administrator["secretKey"],
            **({"PEOPLE": _people(fleet, keys).apply(json.dumps)} if settings.users else {}),
        },
    )


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:
    """An agent that registers in the resource group of its pool."""
    settings = settings_of(fleet)
    dummy = node.pool in settings.dummy_pools
    return Call(
        scripts=SCRIPTS,
        verb="agent",
        settings={
            **backendai_agent.settings(fleet, node, keys, machine, settings, dummy=dummy),
            **_common(fleet),
            # another machine's etcd and redis do not know the agent, which does not notice for minutes
            "CONTROLLER": controller.id,
            "ETCD_HOST": controller.private_ip,
            "ETCD_PORT": ETCD_PORT,
            "ETCD_USER": "agent",
            "GROUP": node.pool or "default",
            "LEAVER": True,
            "MANAGER_PUBLIC_KEY": _manager_public_key(fleet, keys),
        },
        secrets=backendai_agent.secrets(fleet, node, keys, _secret(fleet, keys, "etcd/agent")),
    )


def member(fleet: Fleet, node: Node, keys: Keys, machine: Machine) -> Call:  # noqa: ARG001
    """At the manager: ALIVE by its API, in the right group, of the right version, with the right RPC key.

    `undo` takes no new sessions, waits for those that run, and leaves no trace in database and etcd.
    """
    settings = settings_of(fleet)
    return Call(
        scripts=SCRIPTS,
        verb="join",
        undo="leave",
        settings={
            "NODE_NAME": node.name,
            "AGENT": identity(fleet, node),
            "GROUP": node.pool or "default",
            "VERSION": settings.version,
            "NAMESPACE": fleet.stack,
            "STORAGE_PATH": str(fleet.config.storage.mount_path),
            "DRAIN_MINUTES": settings.drain_minutes,
            "AGENT_PUBLIC_KEY": rpc_pair(fleet, node, keys).apply(lambda pair: pair.public),
        },
        timeout=MEMBERSHIP_SECONDS + settings.drain_minutes * 60,
    )


def urls() -> Mapping[str, str]:
    """Both ask who is there; a firewall rule opens them to `access.users` alone."""
    return {"backendaiWeb": "http://127.0.0.1:8090", "backendaiApi": "http://127.0.0.1:8081"}


def client_config(fleet: Fleet, keys: Keys, machine: Machine) -> Mapping[str, pulumi.Input[object]]:
    """The administrator's e-mail, password and keypair, a file of environment variables for the client, the
    accounts of users, and what a stack says and keeps secret whose agents join this manager.

    Its endpoint is that of `fleet tunnel`; the other stack's is the master itself.
    """
    endpoint = urls()["backendaiApi"]
    told = _administrator(fleet, keys)

    def environment(pair: list[str]) -> str:
        return (
            f"BACKEND_ENDPOINT={endpoint}\nBACKEND_ENDPOINT_TYPE=api\n"
            f"BACKEND_ACCESS_KEY={pair[0]}\nBACKEND_SECRET_KEY={pair[1]}\n"
        )

    pair = pulumi.Output.all(told["accessKey"], told["secretKey"])
    return {
        "endpoint": endpoint,
        "email": settings_of(fleet).admin_email,
        **told,
        "environment": pair.apply(environment),
        "users": _people(fleet, keys),
        "join": {
            "etcdAddress": machine.private_ip.apply(lambda address: f"{address}:{ETCD_PORT}"),
            "namespace": fleet.stack,
            "managerPublicKey": _manager_public_key(fleet, keys),
            "apiEndpoint": machine.private_ip.apply(lambda address: f"http://{address}:8081"),
            ETCD_PASSWORD: _secret(fleet, keys, "etcd/agent"),
            API_KEYS: pair.apply(":".join),
        },
    }


def settings_of(fleet: Fleet) -> BackendaiSettings:
    settings = backendai_settings(fleet.config)
    if settings is None:
        raise ValueError("the stack has no cluster of Backend.AI")
    return settings


def _manager_public_key(fleet: Fleet, keys: Keys) -> pulumi.Output[str]:
    return keys.curve_pair(MANAGER_KEY, _generation(fleet)).apply(lambda pair: pair.public)


def _generation(fleet: Fleet) -> int:
    return fleet.config.key_generations.token


def _secret(fleet: Fleet, keys: Keys, part: str) -> pulumi.Output[str]:
    return keys.token(f"backendai/{part}", _generation(fleet))


def _administrator(fleet: Fleet, keys: Keys) -> dict[str, pulumi.Output[str]]:
    """The password is the team's where it gives one."""
    return {
        "password": keys.token("backendaiAdminPassword", _generation(fleet)),
        **_keypair(fleet, keys, "admin"),
    }


def _people(fleet: Fleet, keys: Keys) -> pulumi.Output[list[dict[str, Any]]]:
    """Accounts with passwords and keypairs of their own."""
    accounts = [
        pulumi.Output.all(
            email=user.email,
            role="admin" if user.admin else "user",
            password=_secret(fleet, keys, f"user/{user.email}/password"),
            **_keypair(fleet, keys, f"user/{user.email}"),
        )
        for user in settings_of(fleet).users
    ]
    return pulumi.Output.all(*accounts)


def _keypair(fleet: Fleet, keys: Keys, whose: str) -> dict[str, pulumi.Output[str]]:
    """Access keys are AKIA and 16 characters."""
    return {
        "accessKey": _secret(fleet, keys, f"{whose}/access").apply(lambda key: f"AKIA{key[:16].upper()}"),
        "secretKey": _secret(fleet, keys, f"{whose}/secret").apply(lambda key: key[:40]),
    }


def _common(fleet: Fleet) -> dict[str, pulumi.Input[Setting]]:
    return {
        "VERSION": settings_of(fleet).version,
        # etcd's keys of other clusters are left alone
        "NAMESPACE": fleet.stack,
        "INDEX_URL": fleet.config.packages.index_url or "",
        "STORAGE_PATH": str(fleet.config.storage.mount_path),
    }
