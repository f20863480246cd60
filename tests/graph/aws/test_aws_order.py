"""What waits for what, as the engine is told; a destroy goes the other way."""

import copy
from typing import Any

from tests.graph.aws.conftest import CONFIG
from tests.graph.recording import Recording, record
from tests.graph.test_order import longest_chain

NAMED = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]


def before(aws: Recording, name: str) -> set[str]:
    return aws.names(aws.ancestors(aws[name]))


def test_a_machine_waits_for_rules_routes_and_the_storage_of_every_zone(aws: Recording) -> None:
    for node in NAMED:
        role = "master" if node == "master" else "worker"
        found = before(aws, f"{node}-instance")
        rules = {request.name for request in aws.requests.values() if "SecurityGroup" in request.type}
        assert {name for name in rules if name.startswith(f"security-groups-{role}-")} <= found, node
        assert {"network-public-way-out", "network-public-eu-central-1a-routes", "network-s3"} <= found
        assert {f"storage-eu-central-1{letter}" for letter in "abc"} <= found
        assert {"storage-policy", "storage-backup", "security-groups-storage-from-worker"} <= found


def test_no_machine_waits_for_a_step_or_for_another_machine(aws: Recording) -> None:
    for node in NAMED:
        found = before(aws, f"{node}-instance") - {f"{node}-instance"}
        assert not [name for name in found if name.endswith(("-step", "-instance"))], node


def test_the_master_is_made_after_the_reaper_so_that_it_goes_before_it(aws: Recording) -> None:
    for name in ("master-instance", "master-interface", "master-address"):
        assert "reaper-command" in before(aws, name), name


def test_the_reaper_is_made_after_all_that_elastic_workers_use(aws: Recording) -> None:
    found = before(aws, "reaper-command")
    assert {"network", "network-public-eu-central-1c", "security-groups-worker"} <= found
    assert {"security-groups-worker-out", "storage-eu-central-1c", "identities-worker-profile"} <= found
    assert not [name for name in found if name.endswith("-instance")]


def test_there_is_no_reaper_without_elastic_pools(changed: Any) -> None:
    after = changed(lambda config: config["cluster"]["pools"].pop())
    assert not [request.name for request in after.requests.values() if "reaper" in request.name]


def test_what_launches_workers_is_there_before_the_masters_step(aws: Recording) -> None:
    found = before(aws, "master-step")
    assert {"burst-template-debian-x86_64", "worker-secret-parameter", "identities-worker-rights"} <= found


def test_a_launch_template_waits_for_no_machine(aws: Recording) -> None:
    found = before(aws, "burst-template-debian-x86_64")
    assert "master-interface" in found, "it says where the head is"
    assert not [name for name in found if name.endswith("-instance")]


def test_a_step_waits_for_the_address_by_which_the_master_is_reached(aws: Recording) -> None:
    for node in NAMED:
        assert "master-address" in before(aws, f"{node}-step")


def test_the_longest_chain_is_the_same_for_1_and_for_60_workers() -> None:
    def with_workers(count: int) -> Recording:
        config = copy.deepcopy(CONFIG)
        config["cluster"]["pools"][0]["count"] = count
        return record(config)

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


def test_nothing_waits_for_what_comes_after_it(aws: Recording) -> None:
    for request in aws.requests.values():
        assert request.urn not in aws.ancestors(request), request.name
