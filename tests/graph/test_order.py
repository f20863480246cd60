"""What waits for what, as the engine is told."""

import copy

from tests.graph.conftest import CONFIG
from tests.graph.recording import Recording, Request, record


def longest_chain(recording: Recording, kind: str = "command:remote:Command") -> int:
    """The number of remote Commands on the longest path through the graph."""
    depths: dict[str, int] = {}

    def depth(request: Request) -> int:
        if request.urn not in depths:
            before = [recording.requests[urn] for urn in request.after if urn in recording.requests]
            depths[request.urn] = (request.type == kind) + max(map(depth, before), default=0)
        return depths[request.urn]

    return max(map(depth, recording.requests.values()))


def test_no_machine_waits_for_a_step_or_for_another_machine(dev: Recording) -> None:
    machines = dev.commands("-host")
    assert len(machines) == 6
    for machine in machines:
        before = dev.names(dev.ancestors(machine))
        assert not [name for name in before if name.endswith(("-step", "-host"))], machine.name


def test_a_machine_waits_for_its_network_its_rules_and_the_storage(dev: Recording) -> None:
    before = dev.names(dev.ancestors(dev["steady-1-host"]))
    assert {"network-podman", "security-groups-worker", "storage-volume"} <= before


def test_a_workers_step_waits_for_the_masters_and_for_no_other_worker(dev: Recording) -> None:
    before = dev.names(dev.ancestors(dev["steady-2-step"]))
    assert "master-step" in before
    assert not [name for name in before if name.startswith(("steady-1", "steady-3", "big"))]


def test_a_membership_waits_for_its_own_step_and_for_no_other_worker(dev: Recording) -> None:
    before = dev.names(dev.ancestors(dev["big-1-membership"]))
    assert {"big-1-step", "big-1-host", "master-step"} <= before
    assert not [name for name in before if name.startswith(("steady", "big-2"))]


def test_the_longest_chain_of_remote_commands_is_the_same_for_1_and_for_60_workers() -> None:
    def with_workers(count: int) -> Recording:
        config = copy.deepcopy(CONFIG)
        config["network"] = {"cidr": "10.90.0.0/18"}
        config["cluster"]["pools"] = [{"name": "steady", "count": count, "cpus": 1, "memoryGiB": 3}]
        return record(config)

    assert longest_chain(with_workers(1)) == longest_chain(with_workers(60)) == 3


def test_nothing_waits_for_what_comes_after_it(dev: Recording) -> None:
    for request in dev.requests.values():
        assert request.urn not in dev.ancestors(request), request.name
