"""The table "what may change" of docs/configuration.md for hosts, held against the program."""

from collections.abc import Callable
from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.hosts.conftest import KEY, WORKERS, Changed, with_firewall, with_jump_host
from tests.graph.recording import Recording
from tests.graph.test_change_table import replaced

Edit = Callable[[dict[str, Any]], object]

OTHER = "192.0.2.99"
LEASES = {"master-lease", "workers-1-lease", "workers-2-lease", "annotator-lease"}


def known(config: dict[str, Any]) -> dict[str, str]:
    return config["access"]["hostKeys"]


def another_master(config: dict[str, Any]) -> None:
    known(config)[OTHER] = known(config).pop(config["cluster"]["master"]["address"])
    config["cluster"]["master"]["address"] = OTHER


def another_vm(config: dict[str, Any]) -> None:
    known(config)[OTHER] = known(config).pop(config["gpuVms"][0]["address"])
    config["gpuVms"][0]["address"] = OTHER


def one_more(config: dict[str, Any]) -> None:
    known(config)[OTHER] = KEY
    config["cluster"]["pools"][0]["addresses"] = [*WORKERS, OTHER]


def another_key(config: dict[str, Any]) -> None:
    known(config)[WORKERS[0]] = f"{KEY[:-4]}gFzE"


def one_pool_more(config: dict[str, Any]) -> None:
    known(config)[OTHER] = KEY
    pool = {"name": "more", "addresses": [OTHER], "cpus": 1, "memoryGiB": 4}
    config["cluster"]["pools"].append(pool)


def master(**said: object) -> Edit:
    return lambda config: config["cluster"]["master"].update(said)


def pool(**said: object) -> Edit:
    return lambda config: config["cluster"]["pools"][0].update(said)


def vm(**said: object) -> Edit:
    return lambda config: config["gpuVms"][0].update(said)


def jumper(config: dict[str, Any]) -> None:
    with_jump_host(config)
    config["access"]["jumpHost"]["user"] = "other"


EDITS: dict[str, Edit] = {
    "team": lambda config: config.update(team="another"),
    "access.admins": lambda config: (with_firewall(config), config["access"].update(admins=["10.9.0.0/24"])),
    "access.sshPublicKeys": lambda config: config["access"].update(sshPublicKeys=[f"{KEY} ann"]),
    "access.user": lambda config: config["access"].update(user="other"),
    "access.hostKeys": another_key,
    "access.jumpHost.address": with_jump_host,
    "access.jumpHost.user": jumper,
    "network.firewall": with_firewall,
    "storage.mountPath": lambda config: config.update(storage={"mountPath": "/data"}),
    "packages.indexUrl": lambda config: config.update(
        packages={"indexUrl": "https://pypi.example.org/simple"}
    ),
    "cluster.settings.rayVersion": lambda config: config["cluster"]["settings"].update(rayVersion="2.54.0"),
    "cluster.settings.pipPackages": lambda config: config["cluster"]["settings"].update(pipPackages=["six"]),
    "cluster.master.address": another_master,
    "cluster.master.cpus": master(cpus=2),
    "cluster.master.memoryGiB": master(memoryGiB=12),
    "cluster.pools": one_pool_more,
    "cluster.pools[].name": pool(name="others"),
    "cluster.pools[].addresses": one_more,
    "cluster.pools[].without": pool(without=(1,)),
    "cluster.pools[].cpus": pool(cpus=4),
    "cluster.pools[].memoryGiB": pool(memoryGiB=16),
    "cluster.pools[].gpus": pool(gpus=1),
    "keyGenerations.token": lambda config: config.update(keyGenerations={"token": 2}),
    "gpuVms[].name": vm(name="other"),
    "gpuVms[].address": another_vm,
    "gpuVms[].cpus": vm(cpus=4),
    "gpuVms[].memoryGiB": vm(memoryGiB=16),
    "gpuVms[].gpus": vm(gpus=0),
}
TRIED_ELSEWHERE = {
    "cloud",
    "cluster.platform",
    "allowLocalState",
    # nothing listens to people
    "access.users",
    "access.openToTheWorld",
    # of a platform with databases: test_hosts_leases.py
    "storage.onDestroy",
    # refused
    "packages.aptMirror",
    "tags",
    # GPU VMs alone read them
    "packages.registryMirrors",
    "packages.insecureRegistries",
    "packages.nvidiaRepository",
    "gpuVms",
    "gpuVms[].platform",
    "gpuVms[].ephemeral",
}
TABLE = change_table(with_platform("hosts", "ray"))
IN_PLACE = (Change.IN_PLACE, Change.WORKERS)


def test_every_line_of_the_table_is_tried() -> None:
    lines = {path for path, _ in TABLE if not path.startswith("gpuVms[].settings")}
    assert lines == set(EDITS) | TRIED_ELSEWHERE


@pytest.mark.parametrize(("path", "effect"), [line for line in TABLE if line[0] in EDITS])
def test_a_change_replaces_what_the_table_says(
    hosts: Recording, changed: Changed, path: str, effect: Change
) -> None:
    after = changed(EDITS[path])
    found = {name for name in replaced(hosts, after) if name.endswith("-lease")}
    if effect in IN_PLACE or path.endswith("[].name"):
        assert found == set()
    elif effect is Change.MACHINE:
        assert found == {"master-lease" if path.startswith("cluster.master") else "annotator-lease"}
    else:
        assert found == LEASES


@pytest.mark.parametrize(
    "path", [path for path, change in TABLE if change is Change.IN_PLACE and path in EDITS]
)
def test_a_change_in_place_reaches_a_resource(hosts: Recording, changed: Changed, path: str) -> None:
    after = changed(EDITS[path])
    before = {request.name: request for request in hosts.requests.values()}
    custom = [request for request in after.requests.values() if request.raw.custom]
    assert [one.name for one in custom if one.name not in before or one.inputs != before[one.name].inputs]
