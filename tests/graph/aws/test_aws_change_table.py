"""The table "what may change" of docs/configuration.md for AWS, held against what the program asks for."""

from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.aws.conftest import Change as Edit
from tests.graph.aws.conftest import Changed
from tests.graph.aws.test_aws_changes import INSTANCES, STEADY, WORKERS, pool, replaced
from tests.graph.aws_cloud import VPC
from tests.graph.recording import Recording, record

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO ann"
IMAGE = "ami-0123456789abcdef0"
SUBNETS = [f"subnet-0000000000000000{number}" for number in range(3)]


def existing(*subnets: str) -> Edit:
    return lambda config: config.update(network={"vpcId": VPC, "subnetIds": list(subnets)})


EDITS: dict[str, Edit] = {
    "team": lambda config: config.update(team="another"),
    "access.admins": lambda config: config.update(access={"admins": ["198.51.100.0/24"]}),
    "access.users": lambda config: config["access"].update(users=["198.51.100.0/24"]),
    "access.openToTheWorld": lambda config: config.update(
        access={"admins": ["0.0.0.0/0"], "openToTheWorld": True}
    ),
    "access.sshPublicKeys": lambda config: config["access"].update(sshPublicKeys=[KEY]),
    "network.cidr": lambda config: config["network"].update(cidr="10.99.0.0/16"),
    "network.zones": lambda config: config["network"]["zones"].pop(),
    "network.vpcId": existing(*SUBNETS),
    "network.private": lambda config: config["network"].update(private=True),
    "storage.mountPath": lambda config: config.update(storage={"mountPath": "/data"}),
    "storage.onDestroy": lambda config: config.update(storage={"onDestroy": "delete"}),
    "storage.fileSystemId": lambda config: config.update(storage={"fileSystemId": "fs-0123456789abcdef0"}),
    "storage.backup": lambda config: config.update(storage={"backup": False}),
    "packages.indexUrl": lambda config: config.update(
        packages={"indexUrl": "https://pypi.example.org/simple"}
    ),
    "packages.aptMirror": lambda config: config.update(
        packages={"aptMirror": "https://deb.example.org/debian"}
    ),
    "cluster.settings.rayVersion": lambda config: config["cluster"]["settings"].update(rayVersion="2.54.0"),
    "cluster.settings.pipPackages": lambda config: config["cluster"]["settings"].update(pipPackages=["six"]),
    "cluster.master.instanceType": lambda config: config["cluster"]["master"].update(instanceType="m5.large"),
    "cluster.master.diskGiB": lambda config: config["cluster"]["master"].update(diskGiB=80),
    "cluster.master.imageId": lambda config: config["cluster"]["master"].update(imageId=IMAGE),
    "cluster.pools": lambda config: config["cluster"]["pools"].pop(1),
    "cluster.pools[].name": lambda config: pool(config).update(name="firm"),
    "cluster.pools[].count": lambda config: pool(config).update(count=4),
    "cluster.pools[].without": lambda config: pool(config).update(without=(1,)),
    "cluster.pools[].elastic.min": lambda config: pool(config, 2)["elastic"].update(min=1),
    "cluster.pools[].elastic.max": lambda config: pool(config, 2)["elastic"].update(max=20),
    "cluster.pools[].elastic.idleMinutes": lambda config: pool(config, 2)["elastic"].update(idleMinutes=9),
    "cluster.pools[].market": lambda config: pool(config).update(market="spot"),
    "cluster.pools[].instanceTypes": lambda config: pool(config).update(instanceTypes=["c5a.large"]),
    "cluster.pools[].diskGiB": lambda config: pool(config).update(diskGiB=80),
    "cluster.pools[].imageId": lambda config: pool(config).update(imageId=IMAGE),
    "cluster.maxElasticWorkers": lambda config: config["cluster"].update(maxElasticWorkers=40),
    "tags": lambda config: config.update(tags={"cost-center": "1234"}),
    "keyGenerations.token": lambda config: config.update(keyGenerations={"token": 2}),
}

# The first two have no other value here, subnets only in a VPC that is there, GPUs need another type.
TRIED_ELSEWHERE = {
    "cloud",
    "cluster.platform",
    "network.subnetIds",
    "cluster.pools[].gpus",
    "allowLocalState",
    # of a platform with databases: test_aws_state_volume.py
    "storage.stateGiB",
    "storage.stateVolumeId",
    # GPU VMs alone read them: test_aws_gpu_vms.py, ../test_gpu_vms.py
    "packages.registryMirrors",
    "packages.insecureRegistries",
    "packages.nvidiaRepository",
}
OF_THE_MASTER = "cluster.master"


def test_every_line_of_the_table_is_tried() -> None:
    lines = {path for path, _ in change_table(with_platform("aws", "ray")) if not path.startswith("gpuVms")}
    assert lines == set(EDITS) | TRIED_ELSEWHERE


@pytest.mark.parametrize(
    ("path", "effect"), [line for line in change_table(with_platform("aws", "ray")) if line[0] in EDITS]
)
def test_a_change_replaces_what_the_table_says(
    aws: Recording, changed: Changed, path: str, effect: Change
) -> None:
    found = replaced(aws, changed(EDITS[path]))
    if effect in (Change.IN_PLACE, Change.NEW_MACHINES, Change.WORKERS, Change.SUBNETS):
        assert found == set()
    elif path == "cluster.pools[].name":
        assert found == set(), "its machines have other names, so they are made and removed"
    elif effect is Change.MACHINE:
        assert found == ({"master-instance"} if path.startswith(OF_THE_MASTER) else STEADY)
    elif effect is Change.WORKER_MACHINES:
        assert found == WORKERS
    elif path == "network.cidr":
        assert found == set(), "its subnets are replaced, and with them the machines"
    elif effect is Change.NETWORK:
        # the master's with its interface, which moves to another subnet
        assert found == WORKERS
    else:
        assert found == INSTANCES


def test_another_range_replaces_the_network(aws: Recording, changed: Changed) -> None:
    after = changed(EDITS["network.cidr"])
    assert after["network"].inputs["cidrBlock"] == "10.99.0.0/16" != aws["network"].inputs["cidrBlock"]


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [(SUBNETS[:2], set()), ([SUBNETS[1], SUBNETS[0]], WORKERS)],
)
def test_other_subnets_move_machines_only_where_the_first_one_is_another(
    config: dict[str, Any], subnets: list[str], expected: set[str]
) -> None:
    existing(*SUBNETS)(config)
    before = record(config)
    existing(*subnets)(config)
    assert replaced(before, record(config)) == expected


def test_the_masters_interface_moves_with_the_first_subnet(config: dict[str, Any]) -> None:
    existing(SUBNETS[1], SUBNETS[0])(config)
    assert record(config)["master-interface"].inputs["subnetId"] == SUBNETS[1]
