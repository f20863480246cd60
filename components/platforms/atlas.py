"""The platform `atlas`: a master that gives out jobs, and workers that run them in Docker.

What runs on the machines is `userdata/atlas.sh`, with `atlas_master.sh` and `atlas_worker.sh`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pulumi

from components.call import Call
from components.cloud import STATE_PATH, Launch, Machine
from components.config.rules_atlas import atlas_settings
from components.config.settings_atlas import AtlasSettings
from components.fleet import Fleet, Node
from components.keys import Keys
from components.platforms import atlas_client, docker
from components.platforms.atlas_client import API
from components.ports import MASTER, WORKER, Port
from components.scripts import Setting

SCRIPTS = ("databases", "atlas_master", "atlas_worker", "atlas")
_USERDATA = Path(__file__).parents[2] / "userdata"
# Beside the time that jobs have to end: a server stops in up to four minutes.
MEMBERSHIP_SECONDS = 600
TUNNEL = "127.0.0.1"

# The public guide lacks the first two, without which no worker reaches the master, and two that the dashboard
# leads to. Redis has no password and whoever reaches a scheduler has its Docker: people reach neither.
PORTS: tuple[Port, ...] = (
    Port("atlas-tracker", 5556, 5556, MASTER, (WORKER,), "the cluster's records (redis)"),
    Port("atlas-scheduler", 5000, 5000, WORKER, (MASTER,), "jobs of a node, as the master asks for them"),
    Port("atlas-api", API, API, MASTER, (WORKER, "users"), "jobs, by token"),
    Port("atlas-dashboard", 5555, 5555, MASTER, ("users",), "the web page, by login"),
    Port("atlas-archive", 5557, 5557, MASTER, ("users",), "what jobs saved, as the web page shows it"),
    Port("atlas-tensorboard", 5959, 5959, MASTER, ("users",), "TensorBoard"),
    Port("atlas-login", 8443, 8443, MASTER, ("users",), "Keycloak: login and passwords"),
)


def master(fleet: Fleet, keys: Keys, machine: Machine, launches: Mapping[str, Launch]) -> Call:  # noqa: ARG001
    """The shared files, the accounts, and Atlas without a slot: it runs no jobs itself."""
    settings = settings_of(fleet)
    return Call(
        scripts=SCRIPTS,
        verb="master",
        settings={
            **_common(fleet, 0),
            "STATE_PATH": STATE_PATH,
            "NODE_IP": machine.private_ip,
            "MASTER_IP": machine.private_ip,
            "SLOTS": 0,
            "GPUS": 0,
            "REGISTRY": settings.registry,
            "TAG": settings.tag or "",
            "TAGS": json.dumps(settings.tags, sort_keys=True),
            "DASHBOARD_HOST": _host(fleet, machine),
            "AUTHENTICATION": settings.authentication,
            "USERS": json.dumps(
                [
                    {"name": user.name, "email": user.email, "generation": user.password_generation}
                    for user in settings.users
                ]
            ),
            "SESSION_SECONDS": settings.session_minutes * 60,
            "CONFIG_PY": (_USERDATA / "atlas_config.py").read_text(),
            "USERS_PY": (_USERDATA / "atlas_users.py").read_text(),
            "TRACKER_PY": (_USERDATA / "atlas_tracker.py").read_text(),
        },
        secrets={
            "ADMIN_PASSWORD": _administrator(fleet, keys),
            **{
                f"USER_PASSWORD_{index}": _password(keys, user.name, user.password_generation)
                for index, user in enumerate(settings.users)
            },
        },
    )


def agent(fleet: Fleet, node: Node, keys: Keys, machine: Machine, controller: Machine) -> Call:  # noqa: ARG001
    """A worker with the slots of its pool. It reads the shared files and writes none."""
    settings = settings_of(fleet)
    return Call(
        scripts=SCRIPTS,
        verb="worker",
        settings={
            **_common(fleet, node.gpus),
            "NODE_NAME": node.name,
            "NODE_IP": machine.private_ip,
            "MASTER_IP": controller.private_ip,
            "SLOTS": settings.slots_of(node.pool, node.gpus),
            "GPUS": node.gpus,
            # the shared files change with it, so the worker's step has to run again
            "IMAGES": json.dumps([settings.registry, settings.tag, settings.tags], sort_keys=True),
            "JOB_IMAGES": [settings.job_image] if settings.job_image else [],
        },
    )


def member(fleet: Fleet, node: Node, keys: Keys, machine: Machine) -> Call:  # noqa: ARG001
    """At the master: the node's scheduler has its slots, and the tracker has the node's connections.

    `undo` takes its slots away, waits for its jobs, and has it stop.
    """
    settings = settings_of(fleet)
    return Call(
        scripts=SCRIPTS,
        verb="join",
        undo="leave",
        settings={
            "NODE_NAME": node.name,
            "NODE_IP": machine.private_ip,
            "SLOTS": settings.slots_of(node.pool, node.gpus),
            "STORAGE_PATH": str(fleet.config.storage.mount_path),
            "DRAIN_MINUTES": settings.drain_minutes,
        },
        timeout=MEMBERSHIP_SECONDS + settings.drain_minutes * 60,
    )


def urls() -> Mapping[str, str]:
    """A firewall rule opens them to `access.users` alone."""
    return {
        "atlasDashboard": f"http://{TUNNEL}:5555",
        "atlasArchive": f"http://{TUNNEL}:5557",
        "atlasApi": f"http://{TUNNEL}:{API}",
        "atlasTensorboard": f"http://{TUNNEL}:5959",
        "atlasLogin": f"https://{TUNNEL}:8443/auth/realms/Atlas/account",
    }


def client_config(fleet: Fleet, keys: Keys, machine: Machine) -> Mapping[str, pulumi.Input[object]]:
    """What `foundations submit` needs, each person's first password, and the administrator's."""
    settings, host = settings_of(fleet), _host(fleet, machine)
    users = settings.users
    passwords = {user.name: _password(keys, user.name, user.password_generation) for user in users}
    return {
        "endpoint": host.apply(atlas_client.endpoint),
        "files": host.apply(lambda name: atlas_client.files(fleet, settings, name)),
        **(
            {
                "login": host.apply(atlas_client.login),
                "adminPassword": _administrator(fleet, keys),
                "passwords": passwords,
            }
            if settings.authentication
            else {}
        ),
    }


def settings_of(fleet: Fleet) -> AtlasSettings:
    settings = atlas_settings(fleet.config)
    if settings is None:
        raise ValueError("the stack has no cluster of Atlas")
    return settings


def _host(fleet: Fleet, machine: Machine) -> pulumi.Output[str]:
    """Where browsers and clients find the master."""
    settings = settings_of(fleet)
    given = settings.dashboard_host or ("" if fleet.config.access.users else TUNNEL)
    return machine.public_ip.apply(lambda address: given or address)


def _administrator(fleet: Fleet, keys: Keys) -> pulumi.Output[str]:
    return keys.token("atlasAdminPassword", fleet.config.key_generations.token)


def _password(keys: Keys, name: str, generation: int) -> pulumi.Output[str]:
    """Temporary: Keycloak asks for another one at the first login."""
    return keys.token(f"atlas/user/{name}", generation).apply(lambda value: value[:20])


def _common(fleet: Fleet, gpus: int) -> dict[str, pulumi.Input[Setting]]:
    settings = settings_of(fleet)
    downloads = {"INSTALLER": settings.installer, "ARCHIVE": settings.archive, "PYTHON": settings.python}
    return {
        **{f"{name}_URL": download.url for name, download in downloads.items()},
        **{f"{name}_SHA256": download.sha256 for name, download in downloads.items()},
        "VERSION": settings.tag or settings.archive.sha256[:8],
        "INDEX_URL": fleet.config.packages.index_url or "",
        "STORAGE_PATH": str(fleet.config.storage.mount_path),
        "DAEMON": json.dumps(docker.daemon(fleet, gpus)),
    }
