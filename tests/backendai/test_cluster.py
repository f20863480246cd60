"""A cluster as the steps leave it: what it is, what a second run and changes do, who comes and goes."""

from collections.abc import Callable
from time import monotonic, sleep

import pytest

from tests.backendai.hosts import STACK, BackendaiHosts
from tests.cluster_hosts import well
from tests.local.hosts import podman

# not part of `make test` until a whole run of it was seen
pytestmark = pytest.mark.exhaustive

AGENTS = ("docker-1", "pretended-1")
PARTS = ("backendai-manager", "backendai-storage", "backendai-web", "etcd", "redis-server")
# What the package ships, and every guide repeats.
SHIPPED = {
    "BACKEND_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE",
    "BACKEND_SECRET_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


def soon(what: Callable[[], bool], seconds: int) -> None:
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, f"not so after {seconds} s"
        sleep(1)


def test_every_agent_is_alive_in_the_group_of_its_pool_with_an_encrypted_rpc(hosts: BackendaiHosts) -> None:
    nodes = hosts.nodes()
    assert {name: (node["state"], node["group"], node["accepts"]) for name, node in nodes.items()} == {
        "docker-1": ("ALIVE", "docker", True),
        "pretended-1": ("ALIVE", "pretended", True),
    }
    assert {node["version"] for node in nodes.values()} == {"26.9.6"}
    keys = hosts.sql("SELECT id, public_key FROM agents").splitlines()
    for name in AGENTS:
        key = hosts.member(name).settings["AGENT_PUBLIC_KEY"].value  # pyright: ignore
        assert f"{STACK}-{name}|{key}" in keys


def test_an_agent_offers_what_its_machine_has_and_not_what_the_computer_has(hosts: BackendaiHosts) -> None:
    assert hosts.nodes()["docker-1"]["work"] == "0 sessions, cpu 0/1, mem 0.0 GiB/1.5 GiB"


def test_a_node_says_how_it_is(hosts: BackendaiHosts) -> None:
    for name in ("master", *AGENTS):
        said = hosts.status(name)
        assert (said["unit"], said["version"]) == ("active", "26.9.6")


def test_the_platforms_own_client_lists_the_agents(hosts: BackendaiHosts) -> None:
    listed = hosts.client("--output", "json", "admin", "agent", "list").out
    assert all(f"{STACK}-{name}" in listed for name in AGENTS)


def test_nothing_of_what_the_package_ships_opens_anything(hosts: BackendaiHosts) -> None:
    assert hosts.client("admin", "agent", "list", check=False, **SHIPPED).code
    assert hosts.sql("SELECT count(*) FROM keypairs") == "1"
    assert hosts.sql("SELECT email FROM users") == "admin@agent-fleet.internal"
    assert hosts.sql("SELECT count(*) FROM keypairs WHERE access_key LIKE '%EXAMPLE%'") == "0"
    bare = "etcdctl --endpoints=http://127.0.0.1:2379 get --prefix / 2>&1; redis-cli ping"
    said = hosts.inside("master", "bash", "-c", f"{bare}; :")
    assert "user name is empty" in said
    assert "NOAUTH" in said


def test_a_second_run_changes_nothing_and_restarts_nothing(hosts: BackendaiHosts) -> None:
    before = {part: hosts.pid("master", part) for part in PARTS}
    agents = {name: hosts.pid(name) for name in AGENTS}
    for name in ("master", *AGENTS):
        said = well(hosts.step(name)).said
        assert "starting" not in said
        assert "installing" not in said
    assert {part: hosts.pid("master", part) for part in PARTS} == before
    assert {name: hosts.pid(name) for name in AGENTS} == agents
    assert hosts.sql("SELECT count(*) FROM scaling_groups") == "3"


def test_only_what_the_catalogue_says_answers(hosts: BackendaiHosts) -> None:
    master, worker, other = hosts.addresses["master"], *(hosts.addresses[name] for name in AGENTS)
    assert hosts.stack.answering("docker-1", master) == {2379, 6379}
    assert hosts.stack.answering("master", worker) == {22, 6001}
    assert hosts.stack.answering("docker-1", other) == set()


def test_an_agent_that_leaves_leaves_no_trace_and_comes_back_with_its_step(hosts: BackendaiHosts) -> None:
    other = hosts.pid("docker-1")
    well(hosts.leave("pretended-1"))
    assert set(hosts.nodes()) == {"docker-1"}
    assert "pretended" not in hosts.inside("master", "bash", "-c", everything_in_etcd())
    again = well(hosts.leave("pretended-1"))
    assert "draining" not in again.said
    sleep(5)
    assert set(hosts.nodes()) == {"docker-1"}, "no heartbeat brings it back"
    well(hosts.step("pretended-1"))
    well(hosts.join("pretended-1"))
    assert hosts.pid("docker-1") == other


def everything_in_etcd() -> str:
    return (
        f"ETCDCTL_USER=root:$(cat /etc/backendai/etcd-root) etcdctl get --prefix /sorna/{STACK}/nodes/agents"
    )


def test_a_dead_agent_can_leave(hosts: BackendaiHosts) -> None:
    podman("kill", hosts.stack.container("pretended-1"))
    soon(lambda: hosts.nodes()["pretended-1"]["state"] == "LOST", 90)
    well(hosts.leave("pretended-1"))
    assert set(hosts.nodes()) == {"docker-1"}
    podman("start", hosts.stack.container("pretended-1"))
    well(hosts.join("pretended-1"))


def test_another_version_is_refused_with_both_named(hosts: BackendaiHosts) -> None:
    refused = hosts.step("pretended-1", VERSION="26.9.7")
    assert refused.code
    assert "has Backend.AI 26.9.6, and the stack asks for 26.9.7" in refused.said
    well(hosts.step("pretended-1"))


def test_a_wrong_password_and_a_wrong_namespace_are_told_before_anything_is_made(
    hosts: BackendaiHosts,
) -> None:
    pid = hosts.pid("pretended-1")
    refused = hosts.step("pretended-1", ETCD_PASSWORD="0" * 64)
    assert "refuses the user agent: etcdserver: authentication failed" in refused.said
    refused = hosts.step("pretended-1", NAMESPACE="elsewhere")
    assert "gives the user agent nothing of the namespace elsewhere" in refused.said
    assert hosts.pid("pretended-1") == pid
    well(hosts.step("pretended-1"))


def test_a_rebooted_master_is_the_same_cluster(hosts: BackendaiHosts) -> None:
    podman("restart", hosts.stack.container("master"))
    soon(lambda: hosts.step("master").code == 0, 300)
    for name in AGENTS:
        well(hosts.join(name))
