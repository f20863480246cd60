"""The table "what may change" of docs/configuration.md, held against what the program asks for."""

from collections.abc import Callable
from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.recording import Recording

OF_RAY = with_platform("local", "ray")

Changed = Callable[[Callable[[dict[str, Any]], object]], Recording]
Edit = Callable[[dict[str, Any]], object]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO ann"
MASTER_HOST = {"master-host"}
BIG_HOSTS = {"big-1-host", "big-2-host"}
ALL_HOSTS = {*MASTER_HOST, *BIG_HOSTS, "steady-1-host", "steady-2-host", "steady-3-host"}


def pool(config: dict[str, Any]) -> dict[str, Any]:
    return config["cluster"]["pools"][1]


def rename_pool(config: dict[str, Any]) -> None:
    pool(config)["name"] = "large"


EDITS: dict[str, Edit] = {
    "team": lambda config: config.update(team="another"),
    "access.admins": lambda config: config.update(access={"admins": ["203.0.113.0/28"]}),
    "access.users": lambda config: config.update(access={"users": ["203.0.113.0/28"]}),
    "access.openToTheWorld": lambda config: config.update(
        access={"admins": ["0.0.0.0/0"], "openToTheWorld": True}
    ),
    "access.sshPublicKeys": lambda config: config.update(access={"sshPublicKeys": [KEY]}),
    "network.cidr": lambda config: config.update(network={"cidr": "10.99.0.0/20"}),
    "storage.mountPath": lambda config: config["storage"].update(mountPath="/data"),
    "storage.onDestroy": lambda config: config["storage"].update(onDestroy="delete"),
    "packages.indexUrl": lambda config: config.update(
        packages={"indexUrl": "https://pypi.example.org/simple"}
    ),
    "packages.aptMirror": lambda config: config.update(
        packages={"aptMirror": "https://deb.example.org/debian"}
    ),
    "cluster.settings.rayVersion": lambda config: config["cluster"]["settings"].update(rayVersion="2.54.0"),
    "cluster.settings.pipPackages": lambda config: config["cluster"]["settings"].update(pipPackages=["six"]),
    "cluster.master.cpus": lambda config: config["cluster"]["master"].update(cpus=1),
    "cluster.master.memoryGiB": lambda config: config["cluster"]["master"].update(memoryGiB=4),
    "cluster.master.shmGiB": lambda config: config["cluster"]["master"].update(shmGiB=1),
    "cluster.pools": lambda config: config["cluster"]["pools"].pop(),
    "cluster.pools[].cpus": lambda config: pool(config).update(cpus=1),
    "cluster.pools[].memoryGiB": lambda config: pool(config).update(memoryGiB=5),
    "cluster.pools[].shmGiB": lambda config: pool(config).update(shmGiB=1),
    "cluster.pools[].name": rename_pool,
    "cluster.pools[].count": lambda config: pool(config).update(count=3),
    "cluster.pools[].without": lambda config: pool(config).update(without=(1,)),
    "cluster.pools[].gpus": lambda config: pool(config).update(gpus=1),
    "tags": lambda config: config.update(tags={"cost-center": "1234"}),
    "keyGenerations.token": lambda config: config.update(keyGenerations={"token": 2}),
}

# Neither has another value that goes with the rest of the file.
WITHOUT_ANOTHER_VALUE = {"cloud", "cluster.platform"}
# in test_gpu_vms.py
OF_GPU_VMS = {"packages.registryMirrors", "packages.insecureRegistries", "packages.nvidiaRepository"}


def replaced(before: Recording, after: Recording) -> set[str]:
    """Resources of both runs that the engine would replace: their triggers changed, or what those name."""
    old = {request.name: request for request in before.requests.values() if request.raw.custom}
    new = {request.name: request for request in after.requests.values() if request.raw.custom}
    both = set(old) & set(new)
    found = {name for name in both if old[name].inputs.get("triggers") != new[name].inputs.get("triggers")}
    while True:
        urns = {new[name].urn for name in found}
        more = {
            name for name in both - found if urns & set(new[name].raw.propertyDependencies["triggers"].urns)
        }
        if not more:
            return found
        found |= more


def hosts(names: set[str]) -> set[str]:
    return {name for name in names if name.endswith("-host")}


def test_every_line_of_the_table_is_tried() -> None:
    table = {path for path, _ in change_table(OF_RAY) if not path.startswith("gpuVms")}
    assert table == set(EDITS) | WITHOUT_ANOTHER_VALUE | OF_GPU_VMS


@pytest.mark.parametrize(("path", "effect"), [line for line in change_table(OF_RAY) if line[0] in EDITS])
def test_a_change_replaces_what_the_table_says(
    dev: Recording, changed: Changed, path: str, effect: Change
) -> None:
    found = hosts(replaced(dev, changed(EDITS[path])))
    if effect in (Change.IN_PLACE, Change.NEW_MACHINES, Change.WORKERS):
        assert found == set()
    elif effect is Change.MACHINE and path.startswith("cluster.master"):
        assert found == MASTER_HOST
    elif path == "cluster.pools[].name":
        assert found == set(), "its machines have other names, so they are made and removed"
    elif effect is Change.MACHINE:
        assert found == BIG_HOSTS
    else:
        assert found == ALL_HOSTS


def test_the_network_is_replaced_only_with_its_range_or_its_team(dev: Recording, changed: Changed) -> None:
    for path in ("network.cidr", "team"):
        assert "network-podman" in replaced(dev, changed(EDITS[path])), path


# No port is for users yet, and `onDestroy` is an option of the resource, not an input (test_options.py).
NOT_IN_INPUTS = {"access.users", "storage.onDestroy"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, change in change_table(OF_RAY)
        if change is Change.IN_PLACE and path in EDITS and path not in NOT_IN_INPUTS
    ],
)
def test_a_change_in_place_reaches_a_resource(dev: Recording, changed: Changed, path: str) -> None:
    after = changed(EDITS[path])
    custom = [request for request in after.requests.values() if request.raw.custom]
    assert [request.name for request in custom if request.inputs != dev[request.name].inputs]
