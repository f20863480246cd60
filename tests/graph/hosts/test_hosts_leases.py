"""Leases of machines that exist already: order, options, secrets, who is reached how."""

import json
from typing import Any

from tests.graph.hosts.conftest import (
    JUMP,
    KEY,
    MASTER,
    VM,
    WORKERS,
    Changed,
    with_firewall,
    with_jump_host,
)
from tests.graph.recording import Recording, Request
from tests.graph.test_secrets import visible

LEASES = {"master-lease", "workers-1-lease", "workers-2-lease", "annotator-lease"}


def told(request: Request) -> dict[str, Any]:
    return json.loads(request.plain("stdin"))


def replacing(request: Request, recording: Recording) -> set[str]:
    return recording.names(set(request.raw.replace_with))


def test_every_machine_is_a_lease_of_its_address_and_nothing_else_is_made(hosts: Recording) -> None:
    assert {request.name for request in hosts.commands("-lease")} == LEASES
    addresses = {request.name: request.inputs["triggers"][0] for request in hosts.commands("-lease")}
    assert addresses == dict(zip(sorted(LEASES), [VM, MASTER, *WORKERS], strict=True))
    local = {request.name for request in hosts.requests.values() if request.type == "command:local:Command"}
    assert local == {*LEASES, "seed", "annotator-enrolment", "annotator-membership"}


def test_no_lease_waits_for_another_machine(hosts: Recording) -> None:
    for lease in hosts.commands("-lease"):
        assert hosts.names(hosts.ancestors(lease)) <= {"seed", "annotator-enrolment"}, lease.name


def test_a_machine_is_given_back_before_another_is_taken_in_its_place(hosts: Recording) -> None:
    for lease in hosts.commands("-lease"):
        assert lease.raw.deleteBeforeReplace, lease.name
        assert lease.inputs["create"] == "python3 -m components.clouds.hosts.lease take"
        assert lease.inputs["delete"] == "python3 -m components.clouds.hosts.lease give-back"


def test_steps_and_memberships_follow_their_lease(hosts: Recording) -> None:
    for kind in ("step", "membership"):
        request = hosts[f"workers-1-{kind}"]
        assert "workers-1-lease" in replacing(request, hosts)
    assert hosts["workers-1-membership"].raw.deletedWith == hosts["master-lease"].urn


def test_every_machine_is_dialled_itself_with_its_own_host_key(hosts: Recording) -> None:
    for node, address in {"master": MASTER, "workers-2": WORKERS[1], "annotator": VM}.items():
        connection = hosts[f"{node}-step"].plain("connection")
        assert (connection["host"], connection["hostKey"], connection["user"]) == (address, KEY, "fleet")
        assert not connection.get("proxy")


def test_a_jump_host_is_the_one_hop_to_every_machine(changed: Changed) -> None:
    recording = changed(with_jump_host)
    for name in ("master-step", "workers-1-step", "workers-1-membership", "annotator-step"):
        proxy = recording[name].plain("connection")["proxy"]
        assert (proxy["host"], proxy["user"], proxy["hostKey"]) == (JUMP, "jumper", KEY)
    for lease in recording.commands("-lease"):
        assert told(lease)["jump"] == {"address": JUMP, "user": "jumper", "hostKey": KEY}
    inventory = recording.outputs["inventory"]
    assert inventory["jumpHost"]["host"] == JUMP
    assert {node["proxy"] for node in inventory["nodes"]} == {inventory["jumpHost"]["name"]}


def test_the_teams_key_is_nowhere_in_plain(hosts: Recording, changed: Changed) -> None:
    for recording in (hosts, changed(with_jump_host), changed(with_firewall)):
        assert "canary-of-the-team" not in visible(recording)
    assert "canary-of-the-team" in told(hosts["master-lease"])["key"], "it is looked for where it is"


def test_the_firewall_is_left_alone_unless_the_stack_says_so(hosts: Recording) -> None:
    assert not hosts.commands("-firewall")


def test_a_managed_firewall_has_the_catalogue_by_address_and_a_way_in_for_the_lease(changed: Changed) -> None:
    recording = changed(with_firewall)
    rules = {
        node: told(recording[f"{node}-firewall"])["settings"]["RULES"] for node in ("master", "workers-1")
    }
    assert {rule for rule in rules["workers-1"] if rule.endswith(" 22 22")} == {
        "198.51.100.0/24 22 22",
        f"{MASTER} 22 22",
    }
    assert f"{WORKERS[0]} 6379 6379" in rules["master"]
    assert not [rule for rule in rules["workers-1"] if " 6379 " in rule or rule.startswith(VM)]


def test_behind_a_jump_host_a_managed_firewall_lets_it_in(changed: Changed) -> None:
    recording = changed(with_firewall, with_jump_host, lambda config: config["access"].pop("admins"))
    for request in recording.commands("-firewall"):
        assert f"{JUMP} 22 22" in told(request)["settings"]["RULES"], request.name


def test_steps_wait_until_the_firewall_is_loaded(changed: Changed) -> None:
    recording = changed(with_firewall)
    assert "workers-1-firewall" in recording.names(recording.ancestors(recording["workers-1-step"]))


def test_at_a_destroy_the_firewall_goes_with_the_lease(changed: Changed) -> None:
    recording = changed(with_firewall)
    assert recording["master-firewall"].raw.deletedWith == recording["master-lease"].urn


def test_databases_of_the_master_lie_in_a_folder_that_stays_unless_the_stack_says_otherwise(
    changed: Changed,
) -> None:
    def with_databases(config: dict[str, Any]) -> None:
        config["cluster"].update(platform="backendai", settings={})

    kept = told(changed(with_databases)["master-lease"])["settings"]
    assert (kept["STATE_PATH"], kept["KEEP_STATE"]) == ("/var/lib/agent-fleet-state", True)
    deleted = changed(with_databases, lambda config: config.update(storage={"onDestroy": "delete"}))
    assert told(deleted["master-lease"])["settings"]["KEEP_STATE"] is False
    assert told(deleted["workers-1-lease"])["settings"]["STATE_PATH"] == ""
