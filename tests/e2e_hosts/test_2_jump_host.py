"""The same cluster where this computer reaches one machine alone, the jump host."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.project import copied_project
from tests.e2e_hosts.conftest import NAMES
from tests.e2e_hosts.prepared import OPERATOR, Prepared
from tests.e2e_hosts.project import HostsFleet
from tests.e2e_hosts.snapshot import differences, snapshot

pytestmark = pytest.mark.exhaustive

JUMP = "jump"
Before = dict[str, dict[str, object]]


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory, prepared: Prepared, before: Before
) -> Iterator[HostsFleet]:
    """A stack whose machines let in each other and the jump host, and nobody else."""
    del before
    prepared.boot(JUMP, role="master", memory_gib=0.5)
    prepared.close_to_operator()
    made = HostsFleet(copied_project(tmp_path_factory.mktemp("behind")), "t-hosts-behind", prepared, *NAMES)
    made.config["access"]["jumpHost"] = {"address": prepared.addresses[JUMP], "user": OPERATOR}
    made.config["access"]["hostKeys"] |= made.host_keys(JUMP)
    yield made
    made.end()
    prepared.open_to_operator()


def test_the_cluster_comes_up_through_the_jump_host(behind: HostsFleet) -> None:
    assert behind.up().code == 0
    nodes = json.loads(behind.status().text)["nodes"]
    assert {node["agent"] for node in nodes} == {"ALIVE"}
    assert behind.ssh("workers-2", "hostname").strip() == "three"


def test_people_run_work_through_it(behind: HostsFleet) -> None:
    done = behind.run("run", behind.stack, "--", "ray", "status")
    assert done.code == 0
    assert done.text.count(" node_") == 3


def test_a_second_up_changes_nothing_behind_it(behind: HostsFleet) -> None:
    assert set(behind.up().counts()) == {"unchanged"}


def test_nothing_of_ours_is_on_the_jump_host(behind: HostsFleet, prepared: Prepared) -> None:
    del behind
    assert (
        prepared.inside(JUMP, "ls /var/lib/agent-fleet /usr/local/lib/agent-fleet 2>/dev/null || true") == ""
    )
    assert "fleet" not in prepared.inside(JUMP, "cut -d: -f1 /etc/passwd").split()


def test_every_machine_is_given_back_through_it_as_it_was(
    behind: HostsFleet, prepared: Prepared, before: Before
) -> None:
    assert behind.run("down", behind.stack).code == 0
    for name in NAMES:
        found = differences(before[name], snapshot(prepared, name))
        # the rules of the network that the test closed itself
        assert [line for line in found if not line.startswith("rules:")] == []
