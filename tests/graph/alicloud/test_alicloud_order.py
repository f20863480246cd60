"""What waits for what, as the engine is told; a destroy goes the other way."""

import copy
from typing import Any

from tests.graph.alicloud.conftest import CLUSTER, Changed, recorded
from tests.graph.recording import Recording
from tests.graph.test_order import longest_chain

NAMED = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]


def before(recording: Recording, name: str) -> set[str]:
    return recording.names(recording.ancestors(recording[name]))


def test_a_machine_waits_for_its_rules_and_the_storage(cluster: Recording) -> None:
    for node in NAMED:
        role = "master" if node == "master" else "worker"
        found = before(cluster, f"{node}-instance")
        rules = {request.name for request in cluster.requests.values() if "SecurityGroup" in request.type}
        assert {name for name in rules if name.startswith(f"security-groups-{role}-")} <= found, node
        assert {"network-vswitch", "storage-mount-target", "storage-access-rule", "storage-files"} <= found


def test_what_lets_a_machine_out_comes_after_what_lets_others_in(cluster: Recording) -> None:
    found = before(cluster, "security-groups-worker-out")
    rules = {name for name in cluster.names(set(cluster.requests)) if "-from-" in name}
    assert {name for name in rules if name.startswith("security-groups-worker-")} <= found


def test_machines_without_an_address_wait_for_the_way_out(changed: Changed) -> None:
    after = changed(lambda config: config["network"].update(private=True))
    for node in NAMED:
        assert "network-way-out" in before(after, f"{node}-instance"), node
    assert "network-nat-address-given" in before(after, "network-way-out")


def test_no_machine_waits_for_a_step_or_for_another_machine(cluster: Recording) -> None:
    for node in NAMED:
        found = before(cluster, f"{node}-instance")
        assert not [name for name in found if name.endswith(("-step", "-instance"))], node


def test_a_step_waits_until_its_way_in_has_its_address(cluster: Recording, gpu_vms: Recording) -> None:
    for node in NAMED:
        assert "master-address-given" in before(cluster, f"{node}-step"), node
    for node in ("annotator-1", "annotator-2"):
        assert f"{node}-address-given" in before(gpu_vms, f"{node}-step")


def test_an_agents_token_is_there_before_anything_that_costs_money(gpu_vms: Recording) -> None:
    for kind in ("address", "instance"):
        assert "annotator-1-enrolment" in before(gpu_vms, f"annotator-1-{kind}")


def test_what_a_machine_waits_for_is_a_short_list(cluster: Recording) -> None:
    for kind in ("instance", "step", "membership"):
        raw = cluster[f"steady-1-{kind}"].raw
        assert raw.object.ByteSize() < 6 * 1024, f"{kind}: {raw.object.ByteSize()} bytes"
        assert len(raw.dependencies) < 8, list(raw.dependencies)


def test_the_longest_chain_is_the_same_for_1_and_for_60_workers() -> None:
    def with_workers(count: int) -> Recording:
        config: dict[str, Any] = copy.deepcopy(CLUSTER)
        config["cluster"]["pools"][0]["count"] = count
        return recorded(config)

    def everything(recording: Recording) -> int:
        depths: dict[str, int] = {}

        def depth(urn: str) -> int:
            if urn not in depths:
                before = [one for one in recording.requests[urn].after if one in recording.requests]
                depths[urn] = 1 + max(map(depth, before), default=0)
            return depths[urn]

        return max(map(depth, recording.requests))

    one, many = with_workers(1), with_workers(60)
    assert longest_chain(one) == longest_chain(many) == 3
    assert everything(one) == everything(many)


def test_nothing_waits_for_what_comes_after_it(cluster: Recording, gpu_vms: Recording) -> None:
    for recording in (cluster, gpu_vms):
        for request in recording.requests.values():
            assert request.urn not in recording.ancestors(request), request.name
