"""A small Ray cluster with NAS on simulated Alibaba Cloud, on the real engine."""

import json

import pytest

from tests.e2e_alicloud.project import ClusterFleet
from tests.e2e_aws.project import touched

NODES = ("master", "steady-1", "steady-2")

pytestmark = pytest.mark.exhaustive


def test_head_and_workers_are_ray_nodes_and_share_nas(cluster: ClusterFleet) -> None:
    done = cluster.status()
    assert done.code == 0
    assert {node["name"] for node in json.loads(done.text)["nodes"]} == set(NODES)
    cluster.ssh("master", "echo from-master | sudo tee /shared/note")
    assert cluster.ssh("steady-2", "cat /shared/note") == "from-master\n"


def test_workers_have_no_way_in_from_outside(cluster: ClusterFleet) -> None:
    workers = {worker["name"]: worker["privateIp"] for worker in cluster.outputs()["workers"]}
    assert not cluster.reaches(workers["steady-1"], 22)
    own = cluster.account("instance")["steady-1-instance"]["props"]["publicIp"]
    assert not cluster.reaches(own, 22), "its address lets it out and nobody in"
    assert cluster.reaches(cluster.outputs()["masterPublicIp"], 22)
    assert not cluster.reaches(cluster.outputs()["masterPublicIp"], 6379)


def test_a_second_up_changes_nothing(cluster: ClusterFleet) -> None:
    before = {node: cluster.pid(node) for node in NODES}
    assert set(cluster.up().counts()) == {"unchanged"}
    assert before == {node: cluster.pid(node) for node in NODES}


def test_a_changed_script_replaces_no_instance(cluster: ClusterFleet) -> None:
    before = cluster.instances()
    script = cluster.folder / "userdata/common.sh"
    script.write_text(script.read_text() + "\nunused_function() { :; }\n")
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"updated", "unchanged"}
    assert cluster.instances() == before
    assert not {name for name in touched(done, "updated") if name.endswith("-instance")}


def test_the_sample_pipeline_runs_on_the_workers(cluster: ClusterFleet) -> None:
    assert cluster.run("job", cluster.stack).code == 0


def test_storage_comes_back_after_a_reboot(cluster: ClusterFleet) -> None:
    cluster.ssh("steady-1", "sudo systemd-run --on-active=1 systemctl reboot")
    cluster.wait_for_boot("steady-1")
    wait = "timeout 60 sh -c 'until mountpoint -q /shared; do sleep 1; done'"
    assert cluster.ssh("steady-1", f"{wait}; cat /shared/note") == "from-master\n"


def test_a_replaced_head_keeps_its_address(cluster: ClusterFleet) -> None:
    public, instance = cluster.outputs()["masterPublicIp"], cluster.instances()["master"]
    assert cluster.run("replace", cluster.stack, "master").code == 0
    assert cluster.instances()["master"] != instance
    assert cluster.outputs()["masterPublicIp"] == public


def test_destroy_leaves_nothing(cluster: ClusterFleet) -> None:
    assert cluster.run("down", cluster.stack).code == 0
    assert cluster.left() == []
    assert cluster.run("leftovers", cluster.stack).code == 0


def test_storage_that_is_kept_is_taken_up_by_its_id(cluster: ClusterFleet) -> None:
    cluster.config["storage"] = {"mountPath": "/shared", "onDestroy": "retain"}
    cluster.pool.update(count=1)
    assert cluster.up().code == 0
    cluster.ssh("master", "echo precious | sudo tee /shared/kept")
    assert cluster.run("down", cluster.stack).code == 0
    (kept,) = cluster.account("fileSystem").values()
    cluster.config["storage"] = {"mountPath": "/shared", "fileSystemId": kept["id"]}
    assert cluster.up().code == 0
    assert cluster.ssh("steady-1", "cat /shared/kept") == "precious\n"
    assert cluster.run("down", cluster.stack).code == 0
    assert len(cluster.account("fileSystem")) == 1, "a file system that was taken up stays"
