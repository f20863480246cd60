"""The table "what may change" of docs/configuration.md for Alibaba Cloud, held against the program."""

from collections.abc import Callable
from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.alicloud.conftest import Changed
from tests.graph.alicloud.test_alicloud_changes import INSTANCES, STEADY, VM, WORKERS, pool, replaced
from tests.graph.alicloud_cloud import FILES, VPC, VSWITCH, ZONES
from tests.graph.recording import Recording

Edit = Callable[[dict[str, Any]], object]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO ann"
IMAGE = "m-bp1a2b3c4d5e6f7g8h9i0"


def existing(config: dict[str, Any]) -> None:
    config["network"] = {"vpcId": VPC, "vswitchId": VSWITCH}


def master(**said: object) -> Edit:
    return lambda config: config["cluster"]["master"].update(said)


def workers(**said: object) -> Edit:
    return lambda config: pool(config).update(said)


def vm(**said: object) -> Edit:
    return lambda config: config["gpuVms"][0].update(said)


EDITS: dict[str, Edit] = {
    "team": lambda config: config.update(team="another"),
    "access.admins": lambda config: config.update(access={"admins": ["198.51.100.0/24"]}),
    "access.users": lambda config: config["access"].update(users=["198.51.100.0/24"]),
    "access.openToTheWorld": lambda config: config.update(
        access={"admins": ["0.0.0.0/0"], "openToTheWorld": True}
    ),
    "access.sshPublicKeys": lambda config: config["access"].update(sshPublicKeys=[KEY]),
    "network.cidr": lambda config: config["network"].update(cidr="10.99.0.0/16"),
    "network.zone": lambda config: config["network"].update(zone=ZONES[0]),
    "network.vpcId": existing,
    "network.vswitchId": existing,
    "network.private": lambda config: config["network"].update(private=True),
    "storage.mountPath": lambda config: config.update(storage={"mountPath": "/data"}),
    "storage.onDestroy": lambda config: config.update(storage={"onDestroy": "delete"}),
    "storage.fileSystemId": lambda config: config.update(storage={"fileSystemId": FILES}),
    "packages.indexUrl": lambda config: config.update(
        packages={"indexUrl": "https://pypi.example.org/simple"}
    ),
    "packages.aptMirror": lambda config: config.update(
        packages={"aptMirror": "https://deb.example.org/debian"}
    ),
    "cluster.settings.rayVersion": lambda config: config["cluster"]["settings"].update(rayVersion="2.54.0"),
    "cluster.settings.pipPackages": lambda config: config["cluster"]["settings"].update(pipPackages=["six"]),
    "cluster.master.instanceType": master(instanceType="ecs.g7.large"),
    "cluster.master.diskGiB": master(diskGiB=80),
    "cluster.master.diskCategory": master(diskCategory="cloud_auto"),
    "cluster.master.imageId": master(imageId=IMAGE),
    "cluster.master.internetMbps": master(internetMbps=50),
    "cluster.pools": lambda config: config["cluster"]["pools"].pop(1),
    "cluster.pools[].name": workers(name="firm"),
    "cluster.pools[].count": workers(count=4),
    "cluster.pools[].without": workers(without=(1,)),
    "cluster.pools[].market": workers(market="spot"),
    "cluster.pools[].instanceType": workers(instanceType="ecs.c7.xlarge"),
    "cluster.pools[].diskGiB": workers(diskGiB=80),
    "cluster.pools[].diskCategory": workers(diskCategory="cloud_auto"),
    "cluster.pools[].imageId": workers(imageId=IMAGE),
    "tags": lambda config: config.update(tags={"cost-center": "1234"}),
    "keyGenerations.token": lambda config: config.update(keyGenerations={"token": 2}),
}
# Of GPU VMs only what Alibaba Cloud has; tests/graph/test_gpu_vms.py has the rest.
VM_EDITS: dict[str, Edit] = {
    "gpuVms": lambda config: config["gpuVms"].pop(1),
    "gpuVms[].name": vm(name="other"),
    "gpuVms[].instanceType": vm(instanceType="ecs.g7.large", gpus=0),
    "gpuVms[].diskGiB": vm(diskGiB=500),
    "gpuVms[].diskCategory": vm(diskCategory="cloud_auto"),
    "gpuVms[].imageId": vm(imageId=IMAGE),
    "gpuVms[].market": vm(market="spot", ephemeral=True),
    "gpuVms[].internetMbps": vm(internetMbps=50),
    "gpuVms[].stoppedMode": vm(stoppedMode="stopCharging"),
    "gpuVms[].releaseTime": vm(releaseTime="2027-01-31T18:00:00Z"),
    "gpuVms[].deletionProtection": vm(deletionProtection=True),
    "gpuVms[].ephemeral": vm(ephemeral=True),
}

TRIED_ELSEWHERE = {
    "cloud",
    "cluster.platform",
    "cluster.pools[].gpus",
    "allowLocalState",
    # of a platform with databases: test_alicloud_state_volume.py
    "storage.stateGiB",
    "storage.stateVolumeId",
    # GPU VMs alone read them
    "packages.registryMirrors",
    "packages.insecureRegistries",
    "packages.nvidiaRepository",
    "gpuVms[].platform",
    "gpuVms[].gpus",
}
IN_PLACE = (Change.IN_PLACE, Change.NEW_MACHINES, Change.WORKERS)
TABLE = change_table(with_platform("alicloud", "ray"))


def test_every_line_of_the_table_is_tried() -> None:
    lines = {path for path, _ in TABLE if not path.startswith("gpuVms[].settings")}
    assert lines == set(EDITS) | set(VM_EDITS) | TRIED_ELSEWHERE


@pytest.mark.parametrize(("path", "effect"), [line for line in TABLE if line[0] in EDITS])
def test_a_change_replaces_what_the_table_says(
    cluster: Recording, changed: Changed, path: str, effect: Change
) -> None:
    found = replaced(cluster, changed(EDITS[path]))
    if effect in IN_PLACE:
        assert found == set()
    elif path == "cluster.pools[].name":
        assert found == set(), "its machines have other names, so they are made and removed"
    elif effect is Change.MACHINE:
        assert found == ({"master-instance"} if path.startswith("cluster.master") else STEADY)
    elif effect is Change.WORKER_MACHINES:
        assert found == WORKERS
    else:
        assert found == INSTANCES


@pytest.mark.parametrize(("path", "effect"), [line for line in TABLE if line[0] in VM_EDITS])
def test_a_change_of_gpu_vms_replaces_what_the_table_says(
    gpu_vms: Recording, vms_changed: Changed, path: str, effect: Change
) -> None:
    found = replaced(gpu_vms, vms_changed(VM_EDITS[path]))
    if effect in IN_PLACE or path == "gpuVms[].name":
        assert found == set()
    else:
        assert (effect, found) == (Change.MACHINE, VM)
