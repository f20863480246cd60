"""The volume with the master's databases: what replaces it, and what waits for it."""

import copy
import logging
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.aws.conftest import CONFIG as RAY
from tests.graph.aws.test_aws_changes import replaced
from tests.graph.aws_cloud import REGION, VOLUME, AwsCloud
from tests.graph.recording import Recording, record

Edit = Callable[[dict[str, Any]], object]

CONFIG: dict[str, Any] = {
    **RAY,
    "cluster": {
        "platform": "backendai",
        "master": {"instanceType": "m5.2xlarge"},
        "pools": [{"name": "steady", "count": 2, "instanceTypes": ["c5.large"]}],
    },
}
OWN = {"volumeId": "vol-0fedcba9876543210", "availabilityZone": f"{REGION}a", "size": 40}


def recorded(*edits: Edit, cloud: AwsCloud | None = None) -> Recording:
    config = copy.deepcopy(CONFIG)
    for edit in edits:
        edit(config)
    return record(config, cloud=cloud)


def storage(**said: object) -> Edit:
    return lambda config: config.update(storage=said)


def refused(cloud: AwsCloud, *edits: Edit) -> str:
    with pytest.raises(pulumi.RunError) as caught:
        recorded(*edits, cloud=cloud)
    return str(caught.value)


@pytest.fixture(scope="module")
def made() -> Recording:
    return recorded()


def names(recording: Recording) -> set[str]:
    return {request.name for request in recording.requests.values()}


def test_it_is_encrypted_stands_beside_the_master_and_carries_the_stacks_tags(made: Recording) -> None:
    assert made["state-volume"].inputs == {
        "availabilityZone": f"{REGION}a",
        "type": "gp3",
        "size": 20,
        "encrypted": True,
        "tags": {
            "project": "agent-fleet",
            "stack": "dev",
            "team": "earth-observation",
            "Name": "dev-state",
        },
    }


def test_the_masters_step_waits_until_it_is_attached(made: Recording) -> None:
    assert made["state-attachment"].urn in made["master-step"].after
    assert made["state-volume"].urn in made.ancestors(made["master-instance"]), "user data names it"


def test_workers_wait_for_no_disk(made: Recording) -> None:
    assert made["state-attachment"].urn not in made.ancestors(made["steady-1-instance"])


def test_a_replaced_master_takes_the_attachment_along_and_leaves_the_volume(made: Recording) -> None:
    attachment = made["state-attachment"]
    assert attachment.inputs["instanceId"] == "master-instance-id"
    assert attachment.raw.deleteBeforeReplace
    assert attachment.raw.retainOnDelete, "a dead instance cannot be stopped, and would block its successor"
    after = recorded(lambda config: config["cluster"]["master"].update(instanceType="m5.large"))
    assert replaced(made, after) == {"master-instance"}
    assert after["state-volume"].inputs == made["state-volume"].inputs


def test_no_zone_makes_another_volume_of_it(made: Recording) -> None:
    assert list(made["state-volume"].raw.ignoreChanges) == ["availabilityZone"]


@pytest.mark.parametrize(("on_destroy", "kept"), [("retain", True), ("delete", False)])
def test_a_destroy_does_with_it_what_the_stack_says(on_destroy: str, kept: bool) -> None:
    found = recorded(storage(onDestroy=on_destroy))
    assert found["state-volume"].raw.retainOnDelete is kept


def test_one_that_is_there_is_taken_up_and_not_made() -> None:
    found = recorded(storage(stateVolumeId=VOLUME))
    assert "state-volume" not in names(found)
    assert found["state-attachment"].inputs["volumeId"] == VOLUME
    assert f"Store_{VOLUME.replace('-', '')}" in found["master-instance"].plain("userData")
    assert "Store_" not in found["steady-1-instance"].plain("userData")


EDITS = {"storage.stateGiB": storage(stateGiB=40), "storage.stateVolumeId": storage(stateVolumeId=VOLUME)}


@pytest.mark.parametrize("path", EDITS)
def test_a_change_replaces_what_the_table_says(made: Recording, path: str) -> None:
    effect = dict(change_table(with_platform("aws", "backendai")))[path]
    found = replaced(made, recorded(EDITS[path]))
    assert (effect, found) in [(Change.IN_PLACE, set()), (Change.STATE, {"master-instance"})]


def test_growing_it_changes_nothing_else(made: Recording) -> None:
    after = recorded(storage(stateGiB=40))
    assert after["state-volume"].inputs == {**made["state-volume"].inputs, "size": 40}
    for name in ("state-attachment", "master-instance", "master-step"):
        assert after[name].inputs == made[name].inputs


# look-ups


def test_one_that_is_not_there_is_refused() -> None:
    text = refused(AwsCloud(volumes={}), storage(stateVolumeId=VOLUME))
    assert f"storage.stateVolumeId: {VOLUME}\n      is not in eu-central-1" in text


def test_one_in_another_zone_than_the_masters_is_refused() -> None:
    cloud = AwsCloud()
    cloud.volumes[VOLUME]["availabilityZone"] = f"{REGION}b"
    text = refused(cloud, storage(stateVolumeId=VOLUME))
    assert "is in the zone eu-central-1b, and the master stands in eu-central-1a" in text


def test_one_that_is_not_encrypted_is_refused() -> None:
    cloud = AwsCloud()
    cloud.volumes[VOLUME]["encrypted"] = False
    assert "is not encrypted, and the databases hold secrets" in refused(cloud, storage(stateVolumeId=VOLUME))


def test_one_that_cannot_be_looked_at_is_refused() -> None:
    cloud = AwsCloud(failing={"getVolume": "UnauthorizedOperation"})
    text = refused(cloud, storage(stateVolumeId=VOLUME))
    assert "cannot be looked at: " in text
    assert "allow ec2:DescribeVolumes" in text


def test_the_stacks_own_does_not_shrink() -> None:
    text = refused(AwsCloud(attached=OWN), storage(stateGiB=30))
    assert "storage.stateGiB: 30\n      is less than the disk has (40 GiB)" in text
    recorded(storage(stateGiB=40), cloud=AwsCloud(attached=OWN))


def test_the_master_does_not_move_to_a_zone_without_its_databases() -> None:
    def other(config: dict[str, Any]) -> None:
        config.update(network={"zones": [f"{REGION}b", f"{REGION}a"]}, storage={"stateGiB": 40})

    text = refused(AwsCloud(attached=OWN), other)
    assert "network.zones: eu-central-1b\n      moves the master out of eu-central-1a" in text


def test_the_stacks_own_is_not_needed_to_be_seen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    recorded(cloud=AwsCloud(failing={"getVolume": "RequestLimitExceeded"}))
    assert "not checked: the volume with the master's databases" in caplog.text


def test_a_stack_without_databases_asks_nothing() -> None:
    cloud = AwsCloud()
    record(copy.deepcopy(RAY), cloud=cloud)
    assert "getVolume" not in {name for name, _ in cloud.asked}
