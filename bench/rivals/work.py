"""What every method does on the hosts: the product's own steps and memberships."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.rivals.hosts import MOUNT, Hosts
from components import commands, keys, scripts
from components.call import Call
from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import ray
from tests.e2e_hosts.prepared import SEED, TEAM

TOKEN = keys.derive(SEED, "rayToken").hex()
CLIENT = SimpleNamespace(public=keys.public_line(TEAM))


@dataclass(frozen=True)
class Work:
    """`command` runs on `node` with `stdin`; a membership at the master is of a `worker`."""

    node: str
    command: str
    stdin: str
    worker: str = ""


class _Keys:
    """As the stack's, with values in place of Outputs."""

    def token(self, *_: object) -> str:
        return TOKEN

    def key_pair(self, _: str) -> SimpleNamespace:
        return SimpleNamespace(apply=lambda use: use(CLIENT))


def config_of(hosts: Hosts) -> dict[str, Any]:
    """The cluster that `ours` makes there, as one of local hosts: the steps are the same."""
    return {
        "team": "bench",
        "storage": {"mountPath": MOUNT, "onDestroy": "delete"},
        "cluster": {
            "platform": "ray",
            "settings": {"rayVersion": "2.55.1"},
            "master": {"cpus": 1, "memoryGiB": 2},
            "pools": [{"name": "workers", "count": hosts.count, "cpus": 1, "memoryGiB": 2}],
        },
    }


def work_of(hosts: Hosts, config: Mapping[str, Any], userdata: Path) -> dict[str, list[Work]]:
    """By kind: `master`, `steps`, `memberships`; scripts come from `userdata`."""
    scripts.USERDATA = userdata
    scripts.script_of.cache_clear()
    fleet = fleet_of(validate({**config, "cloud": "local"}, set(), "bench"), "bench", ray.PORTS, {})
    nodes = {node.name: node for node in (fleet.master, *fleet.workers) if node}
    machines = {
        name: SimpleNamespace(id=name, private_ip=hosts.addresses[name], node=node)
        for name, node in nodes.items()
    }
    given: Any = _Keys()
    master: Any = machines["master"]
    call = ray.master(fleet, given, master, {})
    script = f"{scripts.packed(scripts.script_of(call.scripts))}\n"
    found = {"master": [Work("master", commands._from_stdin(call), script + _input(call))]}
    found["steps"] = [_step(fleet, nodes, machines, name) for name in hosts.workers]
    found["memberships"] = [_membership(fleet, nodes, machines, name) for name in hosts.workers]
    return found


def _step(fleet: Fleet, nodes: Mapping[str, Any], machines: Mapping[str, Any], name: str) -> Work:
    given: Any = _Keys()
    call = ray.agent(fleet, nodes[name], given, machines[name], machines["master"])
    return Work(name, commands._from_storage(call, MOUNT), _input(call))


def _membership(fleet: Fleet, nodes: Mapping[str, Any], machines: Mapping[str, Any], name: str) -> Work:
    given: Any = _Keys()
    call = ray.member(fleet, nodes[name], given, machines[name])
    # whenever the agent was started: the product asks for one that runs since the step saw it
    return Work(
        "master", commands._run_installed(call, call.verb), _input(call, STEP="digest 0 since @0"), name
    )


def _input(call: Call, **more: str) -> str:
    logins = {"AUTHORIZED_KEYS": keys.public_line(TEAM)}
    values: Any = {**call.settings, **call.secrets, **logins, **more}
    return scripts.assignments(values)


def written(folder: Path, works: Mapping[str, list[Work]]) -> list[dict[str, str]]:
    """Files that the methods read, mode 0600: `<name>.command` and `<name>.stdin`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listed: list[dict[str, str]] = []
    for kind, ones in works.items():
        for one in ones:
            name = f"{one.worker}-join" if one.worker else one.node
            for suffix, text in {"command": one.command, "stdin": one.stdin}.items():
                file = folder / f"{name}.{suffix}"
                file.touch(0o600)
                file.write_text(text)
            listed.append({"kind": kind, "name": name, "node": one.node})
    (folder / "works.json").write_text(json.dumps(listed))
    return listed
