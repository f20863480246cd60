"""Agents of one stack join the control plane of another one by its outputs, meet faults, and leave."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.project import Fleet, copied_project, podman, wait_until
from tests.e2e_backendai.joining import SECRETS, JoiningFleet, Peering, Tunnel, control_plane
from tests.e2e_backendai.project import sql

# not part of `make test`: two stacks at once
pytestmark = pytest.mark.exhaustive

IDS = ["t-bai-join-first", "t-bai-join-second"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = control_plane(copied_project(tmp_path_factory.mktemp("project")))
    done = made.up()
    assert done.code == 0, done.text[-3000:]
    yield made
    made.end()


@pytest.fixture(scope="module")
def tunnel(own: Fleet) -> Iterator[Tunnel]:
    made = Tunnel(own)
    made.open()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def peering() -> Iterator[None]:
    """For each test anew: podman puts the rules of a network that comes before those that are there."""
    made = Peering()
    made.open()
    yield
    made.close()


@pytest.fixture(scope="module")
def joined(own: Fleet, tunnel: Tunnel) -> Iterator[JoiningFleet]:  # noqa: ARG001 - must be open
    join = own.outputs()["clientConfig"]["join"]
    made = JoiningFleet(own.folder, join)
    made.set_secret("backendaiApiKeys", join["backendaiApiKeys"])
    made.set_secret("backendaiEtcdPassword", "wrong")
    yield made
    made.end()


def agents(own: Fleet) -> dict[str, tuple[str, str, str]]:
    rows = sql(own, "SELECT id, status, scaling_group, schedulable FROM agents ORDER BY id").split()
    return {row.split("|")[0]: tuple(row.split("|")[1:]) for row in rows}  # pyright: ignore


def test_a_group_that_the_manager_lacks_is_refused_before_a_machine_is_made(joined: JoiningFleet) -> None:
    joined.vm("first")["settings"]["resourceGroup"] = "pretend"
    done = joined.up()
    assert done.code
    assert "the manager has no resource group pretend" in done.text
    assert "it has default, pretended" in done.text
    joined.vm("first")["settings"]["resourceGroup"] = "pretended"
    assert f"agent-fleet-{joined.stack}.first" not in podman("ps", "--all", "--format={{.Names}}")


def test_a_wrong_password_is_told_before_anything_is_installed(own: Fleet, joined: JoiningFleet) -> None:
    done = joined.up()
    assert done.code
    assert "refuses the user agent: etcdserver: authentication failed" in done.text
    assert joined.inside("first", "ls /opt") == ""
    assert set(agents(own)) == {"t-bai-own-pretended-1"}


def test_a_wrong_namespace_is_told_before_anything_is_installed(own: Fleet, joined: JoiningFleet) -> None:
    join = own.outputs()["clientConfig"]["join"]
    joined.set_secret("backendaiEtcdPassword", join["backendaiEtcdPassword"])
    for name in ("first", "second"):
        joined.vm(name)["settings"]["namespace"] = "elsewhere"
    done = joined.up()
    assert done.code
    assert (
        "gives the user agent nothing of the namespace elsewhere: etcdserver: permission denied" in done.text
    )
    assert joined.inside("first", "ls /opt") == ""
    for name in ("first", "second"):
        joined.vm(name)["settings"]["namespace"] = join["namespace"]


def test_agents_join_by_the_outputs_of_the_other_stack(own: Fleet, joined: JoiningFleet) -> None:
    joined.up_well()
    found = agents(own)
    assert [found[name] for name in IDS] == [("ALIVE", "pretended", "t")] * 2
    told = joined.outputs()["gpuVms"]
    assert [one["agent"]["id"] for one in told] == IDS
    assert all("ALIVE in pretended, version 26.9.6, and reaches it" in one["seen"] for one in told)
    keys = sql(own, "SELECT public_key FROM agents").split()
    assert len(set(keys)) == 3, "each has an RPC key of its own"


def test_both_stacks_are_well_and_the_manager_knows_its_guests(own: Fleet, joined: JoiningFleet) -> None:
    assert joined.status().code == 0
    done = own.status()
    assert done.code == 0
    nodes: list[dict[str, Any]] = json.loads(done.text)["nodes"]
    assert [node["name"] for node in nodes if node["role"] == "guest"] == IDS


def test_a_second_up_changes_nothing_and_restarts_nothing(joined: JoiningFleet) -> None:
    before = [joined.pid(name) for name in ("first", "second")]
    assert set(joined.up_well().counts()) == {"unchanged"}
    assert before == [joined.pid(name) for name in ("first", "second")]


def test_only_what_the_catalogue_says_answers(own: Fleet, joined: JoiningFleet) -> None:
    master, first = own.outputs()["masterPrivateIp"], joined.ssh("first", "hostname -I").split()[0]
    ports = (22, 2379, 5432, 6001, 6003, 6021, 6379, 8081, 8090, 30000)
    probe = 'for p in {}; do (timeout 20 bash -c "</dev/tcp/{}/$p" 2>/dev/null && echo $p) & done; wait'
    listed = " ".join(map(str, ports))
    # with the gateway's address a neighbour passes for the operator's computer, which may log in
    assert set(own.ssh("master", probe.format(listed, first)).split()) == {"22", "6001"}
    assert set(joined.ssh("first", probe.format(listed, master)).split()) == {"22", "2379", "6379"}


def test_no_secret_is_in_plain_state_or_readable_on_the_machine(own: Fleet, joined: JoiningFleet) -> None:
    join = own.outputs()["clientConfig"]["join"]
    secrets = [join[key] for key in SECRETS] + [join["backendaiApiKeys"].partition(":")[2]]
    assert [secret for secret in secrets if secret in joined.state()] == []
    searched = "/etc /home /run /tmp /usr/local /var/log /var/lib/agent-fleet"
    line = f"find {searched} -xdev -type f -perm -o=r -print0 | xargs -0 grep -lE '{'|'.join(secrets)}' || :"
    assert joined.inside("first", line) == ""
    assert joined.inside("first", line.replace(" -perm -o=r", "")).split() == ["/etc/backendai/agent.toml"]


def test_another_group_moves_the_agent(own: Fleet, joined: JoiningFleet) -> None:
    joined.vm("first")["settings"]["resourceGroup"] = "default"
    joined.up_well()
    assert agents(own)["t-bai-join-first"] == ("ALIVE", "default", "t")


def test_a_dead_machine_is_made_anew_as_the_same_agent(own: Fleet, joined: JoiningFleet) -> None:
    second = joined.pid("second")
    podman("kill", joined.container("first"))
    wait_until("it is LOST", lambda: agents(own)["t-bai-join-first"][0] == "LOST", 120)
    done = joined.run("replace", joined.stack, "first")
    assert done.code == 0
    assert "the manager calls it LOST, so nothing ends there" in done.text
    assert agents(own)["t-bai-join-first"] == ("ALIVE", "default", "t")
    assert joined.pid("second") == second


def test_an_agent_that_leaves_is_drained_first_and_nobody_else_is_touched(
    own: Fleet, joined: JoiningFleet
) -> None:
    before, first = agents(own), joined.pid("first")
    joined.config["gpuVms"].pop()
    done = joined.up_well()
    assert "draining second: its sessions have 1 minutes" in done.text
    assert "no session runs on second" in done.text
    after = agents(own)
    assert after.pop("t-bai-join-second")[2] == "f"
    assert before.items() >= after.items()
    assert joined.pid("first") == first


def test_without_the_manager_the_stack_goes_and_says_what_is_left(
    own: Fleet, joined: JoiningFleet, tunnel: Tunnel
) -> None:
    tunnel.close()
    done = joined.run("down", joined.stack)
    assert done.code == 0
    assert "first goes undrained" in done.text
    assert "the manager goes on listing t-bai-join-first; set it unschedulable" in done.text
    assert joined.left() == []
    wait_until("it is LOST", lambda: agents(own)["t-bai-join-first"][0] == "LOST", 120)
    assert own.status().code == 0
