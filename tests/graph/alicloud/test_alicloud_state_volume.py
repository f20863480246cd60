"""The disk with the master's databases: what replaces it, and what waits for it."""

import copy
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.alicloud.conftest import CLUSTER as RAY
from tests.graph.alicloud.test_alicloud_changes import replaced
from tests.graph.alicloud_cloud import DISK, ZONES, AlicloudCloud
from tests.graph.recording import Recording, record

Edit = Callable[[dict[str, Any]], object]

CONFIG: dict[str, Any] = {
    **RAY,
    "cluster": {
        "platform": "backendai",
        "master": {"instanceType": "ecs.g7.xlarge"},
        "pools": [{"name": "steady", "count": 2, "instanceType": "ecs.c7.large"}],
    },
}
OWN = {"diskId": "d-bp1i9h8g7f6e5d4c3b2a", "zoneId": ZONES[-1], "size": 40}


def recorded(*edits: Edit, cloud: AlicloudCloud | None = None) -> Recording:
    config = copy.deepcopy(CONFIG)
    for edit in edits:
        edit(config)
    return record(config, cloud=cloud)


def storage(**said: object) -> Edit:
    return lambda config: config.update(storage=said)


def refused(cloud: AlicloudCloud, *edits: Edit) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        recorded(*edits, cloud=cloud)
    return str(caught.value)


@pytest.fixture(scope="module")
def made() -> Recording:
    return recorded()


def test_it_is_encrypted_stands_in_the_stacks_zone_and_carries_its_tags(made: Recording) -> None:
    assert made["state-volume"].inputs == {
        "zoneId": ZONES[-1],
        "category": "cloud_essd",
        "size": 20,
        "type": "online",
        "encrypted": True,
        "deleteWithInstance": False,
        "diskName": "dev-state",
        "tags": {"project": "agent-fleet", "stack": "dev", "team": "vision"},
    }


def test_it_is_of_a_category_that_the_masters_type_takes() -> None:
    found = recorded(lambda config: config["cluster"]["master"].update(diskCategory="cloud_auto"))
    assert found["state-volume"].inputs["category"] == "cloud_auto"


def test_the_masters_step_waits_until_it_is_attached(made: Recording) -> None:
    assert made["state-attachment"].urn in made["master-step"].after
    assert made["state-volume"].urn in made.ancestors(made["master-instance"]), "user data names it"


def test_workers_wait_for_no_disk(made: Recording) -> None:
    assert made["state-attachment"].urn not in made.ancestors(made["steady-1-instance"])


def test_a_replaced_master_takes_the_attachment_along_and_leaves_the_disk(made: Recording) -> None:
    attachment = made["state-attachment"]
    assert attachment.inputs == {
        "diskId": "state-volume-id",
        "instanceId": "master-instance-id",
        "deleteWithInstance": False,
    }
    assert attachment.raw.deleteBeforeReplace
    assert attachment.raw.retainOnDelete, "it is not pulled from under databases that run"
    after = recorded(lambda config: config["cluster"]["master"].update(instanceType="ecs.g7.large"))
    assert replaced(made, after) == {"master-instance"}
    assert after["state-volume"].inputs == made["state-volume"].inputs


def test_neither_a_zone_nor_a_category_makes_another_disk_of_it(made: Recording) -> None:
    assert list(made["state-volume"].raw.ignoreChanges) == ["zoneId", "category"]


@pytest.mark.parametrize(("on_destroy", "kept"), [("retain", True), ("delete", False)])
def test_a_destroy_does_with_it_what_the_stack_says(on_destroy: str, kept: bool) -> None:
    found = recorded(storage(onDestroy=on_destroy))
    assert found["state-volume"].raw.retainOnDelete is kept


def test_one_that_is_there_is_taken_up_and_not_made() -> None:
    found = recorded(storage(stateVolumeId=DISK))
    assert "state-volume" not in {request.name for request in found.requests.values()}
    assert found["state-attachment"].inputs["diskId"] == DISK
    assert f"virtio-{DISK.removeprefix('d-')}" in found["master-instance"].plain("userData")
    assert "virtio-" not in found["steady-1-instance"].plain("userData")


EDITS = {"storage.stateGiB": storage(stateGiB=40), "storage.stateVolumeId": storage(stateVolumeId=DISK)}


@pytest.mark.parametrize("path", EDITS)
def test_a_change_replaces_what_the_table_says(made: Recording, path: str) -> None:
    effect = dict(change_table(with_platform("alicloud", "backendai")))[path]
    found = replaced(made, recorded(EDITS[path]))
    assert (effect, found) in [(Change.IN_PLACE, set()), (Change.STATE, {"master-instance"})]


def test_growing_it_changes_nothing_else(made: Recording) -> None:
    after = recorded(storage(stateGiB=40))
    assert after["state-volume"].inputs == {**made["state-volume"].inputs, "size": 40}
    for name in ("state-attachment", "master-instance", "master-step"):
        assert after[name].inputs == made[name].inputs


# look-ups


def test_one_that_is_not_there_is_refused() -> None:
    text = refused(AlicloudCloud(disks={}), storage(stateVolumeId=DISK))
    assert f"storage.stateVolumeId: {DISK}\n      is not in cn-hangzhou" in text


def test_one_in_another_zone_than_the_masters_is_refused() -> None:
    cloud = AlicloudCloud()
    cloud.disks[DISK]["zoneId"] = ZONES[0]
    text = refused(cloud, storage(stateVolumeId=DISK))
    assert f"is in the zone {ZONES[0]}, and the master stands in {ZONES[-1]}" in text


def test_one_that_is_not_encrypted_is_refused() -> None:
    cloud = AlicloudCloud()
    cloud.disks[DISK]["encrypted"] = "off"
    assert "is not encrypted, and the databases hold secrets" in refused(cloud, storage(stateVolumeId=DISK))


@pytest.mark.parametrize(
    ("said", "path"), [({"stateVolumeId": DISK}, "stateVolumeId"), ({}, "stateGiB")], ids=["there", "own"]
)
def test_one_that_cannot_be_looked_at_is_refused(said: dict[str, Any], path: str) -> None:
    """The stack's own as well: the provider makes a smaller one by making it anew."""
    cloud = AlicloudCloud(failing={"ecs/getEcsDisks": "Forbidden.RAM"})
    text = refused(cloud, storage(**said))
    assert f"storage.{path}: " in text
    assert "allow ecs:DescribeDisks" in text


def test_the_stacks_own_does_not_shrink() -> None:
    text = refused(AlicloudCloud(attached=[OWN]), storage(stateGiB=30))
    assert "storage.stateGiB: 30\n      is less than the disk has (40 GiB)" in text
    recorded(storage(stateGiB=40), cloud=AlicloudCloud(attached=[OWN]))


def test_the_master_does_not_move_to_a_zone_without_its_databases() -> None:
    def other(config: dict[str, Any]) -> None:
        config.update(network={"zone": ZONES[0]}, storage={"stateGiB": 40})

    text = refused(AlicloudCloud(attached=[OWN]), other)
    assert f"network.zone: {ZONES[0]}\n      moves the master out of {ZONES[-1]}" in text


def test_a_stack_without_databases_asks_nothing() -> None:
    cloud = AlicloudCloud()
    record(copy.deepcopy(RAY), cloud=cloud)
    assert "ecs/getEcsDisks" not in {name for name, _ in cloud.asked}
