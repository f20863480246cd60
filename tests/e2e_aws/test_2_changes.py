"""Changes of a cluster on simulated AWS: only what they name is touched."""

import pytest

from tests.e2e_aws.project import SimulatedFleet, touched


def test_a_changed_script_replaces_no_instance(cluster: SimulatedFleet) -> None:
    before = cluster.instances()
    script = cluster.folder / "userdata/common.sh"
    script.write_text(script.read_text() + "\nunused_function() { :; }\n")
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"updated", "unchanged"}
    assert cluster.instances() == before
    assert not {name for name in touched(done, "updated") if name.endswith("-instance")}


@pytest.mark.exhaustive
def test_one_worker_more_adds_only_its_own_resources(cluster: SimulatedFleet) -> None:
    before = cluster.instances()
    cluster.pool["count"] = 3
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"created", "unchanged"}
    assert "steady-3-instance" in touched(done, "created")
    assert {node: before[node] for node in before} == {node: cluster.instances()[node] for node in before}


@pytest.mark.exhaustive
def test_one_chosen_worker_leaves_and_nothing_else_changes(cluster: SimulatedFleet) -> None:
    before = cluster.instances()
    cluster.pool["without"] = [2]
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"deleted", "unchanged"}
    assert "steady-2-instance" in touched(done, "deleted")
    assert cluster.instances() == {node: before[node] for node in ("master", "steady-1", "steady-3")}


@pytest.mark.exhaustive
def test_a_replaced_worker_is_a_new_instance_and_nothing_else_changes(cluster: SimulatedFleet) -> None:
    before = cluster.instances()
    assert cluster.run("replace", cluster.stack, "steady-1").code == 0
    after = cluster.instances()
    assert after.pop("steady-1") != before.pop("steady-1")
    assert after == before


@pytest.mark.exhaustive
def test_a_replaced_head_keeps_its_addresses(cluster: SimulatedFleet) -> None:
    before, instance = cluster.outputs(), cluster.instances()["master"]
    assert cluster.run("replace", cluster.stack, "master").code == 0
    after = cluster.outputs()
    assert cluster.instances()["master"] != instance
    assert [after[key] for key in ("masterPrivateIp", "masterPublicIp")] == [
        before[key] for key in ("masterPrivateIp", "masterPublicIp")
    ]


@pytest.mark.exhaustive
def test_a_worker_terminated_behind_our_back_is_found_by_refresh_and_healed_by_up(
    cluster: SimulatedFleet,
) -> None:
    before = cluster.instances()
    cluster.simcloud("terminate", "steady-3")
    assert cluster.status().code != 0
    cluster.refresh()
    done = cluster.up()
    assert done.code == 0
    assert "steady-3-instance" in touched(done, "created")
    after = cluster.instances()
    assert after.pop("steady-3") != before.pop("steady-3")
    assert after == before
