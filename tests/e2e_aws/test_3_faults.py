"""What AWS refuses or delays: the message, and that the next `up` goes on from there."""

import pytest

from tests.e2e_aws.project import SimulatedFleet

CAPACITY = {"kind": "capacity", "instanceType": "c5.large", "zone": "eu-central-1a"}


@pytest.mark.exhaustive
def test_no_capacity_names_the_type_the_zone_and_what_is_free(cluster: SimulatedFleet) -> None:
    cluster.pool.update(count=2, without=[])
    assert cluster.up().code == 0
    cluster.faults(CAPACITY)
    cluster.pool["count"] = 3
    done = cluster.up()
    assert done.code != 0
    assert "InsufficientInstanceCapacity" in done.text
    assert "c5.large capacity in the Availability Zone you requested (eu-central-1a)" in done.text
    assert "choosing eu-central-1b, eu-central-1c" in done.text
    assert "steady-3" not in cluster.instances()


@pytest.mark.exhaustive
def test_the_next_up_goes_on_when_there_is_capacity(cluster: SimulatedFleet) -> None:
    cluster.faults({"kind": "throttle", "operation": "RunInstances", "times": 10})
    cluster.pool["count"] = 3
    assert cluster.up().code == 0, "ten refusals are waited for"


@pytest.mark.exhaustive
def test_throttling_that_does_not_end_is_told(cluster: SimulatedFleet) -> None:
    cluster.faults({"kind": "throttle", "operation": "RunInstances", "times": 1000})
    cluster.pool["count"] = 4
    done = cluster.up()
    assert done.code != 0
    assert "RequestLimitExceeded" in done.text
    cluster.faults()


@pytest.mark.exhaustive
def test_an_address_that_comes_late_is_waited_for(cluster: SimulatedFleet) -> None:
    cluster.faults({"kind": "lateAddress", "name": "steady-4-instance", "seconds": 20})
    cluster.pool["count"] = 4
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_an_instance_that_never_boots_is_given_up_and_named(cluster: SimulatedFleet) -> None:
    """A first contact may take ten minutes."""
    cluster.faults({"kind": "noBoot", "name": "steady-5-instance"})
    cluster.pool["count"] = 5
    cluster.write()
    done = cluster.run("up", cluster.stack, seconds=1100)
    assert done.code != 0
    assert "steady-5-step" in done.text
    assert "failed attempts" in done.text
    cluster.faults()
    assert cluster.run("replace", cluster.stack, "steady-5").code == 0


def test_destroy_with_a_dead_head_and_dead_workers_leaves_nothing(cluster: SimulatedFleet) -> None:
    cluster.faults()
    for node in ("master", "steady-1"):
        cluster.simcloud("terminate", node)
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.left() == []
    assert cluster.run("leftovers", cluster.stack).code == 0


@pytest.mark.exhaustive
def test_storage_that_is_kept_is_taken_up_by_its_id(cluster: SimulatedFleet) -> None:
    cluster.config["storage"] = {"mountPath": "/shared", "onDestroy": "retain"}
    cluster.pool.update(count=1)
    assert cluster.up().code == 0
    cluster.ssh("master", "echo precious | sudo tee /shared/kept")
    assert cluster.run("down", cluster.stack).code == 0
    kept = cluster.account("fileSystem")["storage-files"]["id"]
    cluster.config["storage"] = {"mountPath": "/shared", "fileSystemId": kept}
    assert cluster.up().code == 0
    assert cluster.ssh("steady-1", "cat /shared/kept") == "precious\n"
    assert cluster.run("down", cluster.stack).code == 0
    assert list(cluster.account("fileSystem")) == ["storage-files"], "a file system that was taken up stays"
