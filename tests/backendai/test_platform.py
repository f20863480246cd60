"""The platform as data: ports, keys, what reaches the machines and how."""

from types import SimpleNamespace
from typing import Any

import pytest

from components import keys, scripts
from components.call import Call
from components.platforms import backendai
from tests.backendai.hosts import fleet
from tests.cluster_hosts import Given, GivenKeys
from tests.local.hosts import SEED


def calls(**settings: Any) -> dict[str, Call]:
    made, given = fleet(**settings), GivenKeys()
    stack_keys: Any = given
    master: Any = SimpleNamespace(id="i-1", private_ip="10.0.0.1", node=made.master)
    found = {"master": backendai.master(made, stack_keys, master, {})}
    for node in made.workers:
        machine: Any = SimpleNamespace(id="i-1", private_ip="10.0.0.2", node=node)
        found[node.name] = backendai.agent(made, node, stack_keys, machine, master)
        found[f"{node.name}-membership"] = backendai.member(made, node, stack_keys, machine)
    return found


def test_only_what_is_needed_between_hosts_is_open_and_to_people_what_asks_who_they_are() -> None:
    opened = {(port.to_role, port.first, port.last): port.sources for port in backendai.PORTS}
    assert opened == {
        ("master", 2379, 2379): ("worker", "agents"),
        ("master", 6379, 6379): ("worker", "agents"),
        ("worker", 6001, 6001): ("master",),
        ("master", 8081, 8081): ("users",),
        ("master", 8090, 8090): ("users",),
        ("master", 6021, 6021): ("users",),
    }


def test_a_pool_is_a_resource_group_and_an_agent_has_the_name_of_stack_and_node() -> None:
    found = calls()
    assert found["master"].settings["GROUPS_WANTED"] == ["docker", "pretended"]
    agent = found["docker-1"].settings
    assert (agent["GROUP"], agent["AGENT"], agent["BACKEND"]) == ("docker", "tests-docker-1", "docker")
    assert found["pretended-1"].settings["BACKEND"] == "dummy"
    assert found["docker-1-membership"].settings["GROUP"] == "docker"


def test_every_secret_is_another_one_and_none_is_a_setting() -> None:
    found = calls()
    values = [value.value for call in found.values() for value in call.secrets.values()]  # pyright: ignore
    once = set(values)
    # every agent shows the same password to etcd, of a user with few rights
    assert len(values) - len(once) == 2
    for call in found.values():
        settings = [value.value if isinstance(value, Given) else value for value in call.settings.values()]
        assert not once & {value for value in settings if isinstance(value, str)}


def test_an_agent_holds_its_own_key_and_the_managers_public_half() -> None:
    found = calls()
    first, second = found["docker-1"], found["pretended-1"]
    assert first.secrets["AGENT_PRIVATE_KEY"].value != second.secrets["AGENT_PRIVATE_KEY"].value  # pyright: ignore
    for agent in (first, second):
        known = agent.settings["MANAGER_PUBLIC_KEY"].value  # pyright: ignore
        assert known == found["master"].settings["RPC_PUBLIC_KEY"].value  # pyright: ignore
        assert set(agent.secrets) == {"AGENT_PRIVATE_KEY", "ETCD_PASSWORD"}


def test_curve_keys_are_written_as_zeromq_writes_them() -> None:
    pair = keys.curve_pair(bytes(range(32)))
    assert len(pair.private) == len(pair.public) == 40
    # the example of the RFC (32/Z85): 86 4F D2 6F B5 59 F7 5B is HelloWorld
    example = bytes.fromhex("864FD26FB559F75B") + bytes(24)
    assert keys.curve_pair(example).private.startswith("HelloWorld")
    assert keys.curve_pair(keys.derive(SEED, "x")) != keys.curve_pair(keys.derive(SEED, "x", 2))


def test_a_membership_waits_as_long_as_sessions_may_take() -> None:
    call = calls(drainMinutes=30)["docker-1-membership"]
    assert (call.verb, call.undo) == ("join", "leave")
    assert call.timeout == 30 * 60 + backendai.MEMBERSHIP_SECONDS


def test_what_a_worker_is_told_stays_small() -> None:
    for name, call in calls().items():
        if name != "master":
            told: Any = {
                key: value.value if isinstance(value, Given) else value
                for key, value in {**call.settings, **call.secrets}.items()
            }
            assert len(scripts.assignments(told)) < 2000


@pytest.mark.parametrize("pool", ["docker", "pretended"])
def test_one_script_serves_all_machines(pool: str) -> None:
    found = calls()
    assert found["master"].scripts == found[f"{pool}-1"].scripts == found[f"{pool}-1-membership"].scripts
