import dataclasses

import pytest

from components.operated import Machine
from fleet.facts import Facts, Seen
from fleet.judge import judge

REPORT = {
    "service": "ray",
    "unit": "active",
    "version": "2.55.1",
    "uptimeSeconds": 100,
    "load1": 0.5,
    "memoryMiB": 8192,
    "freeMemoryMiB": 4096,
}
ADDRESSES = {"master": "10.89.0.2", "workers-1": "10.89.8.2", "workers-2": "10.89.8.3"}


def machines(*more, **states):
    """The stack's machines, all of them running but those that are named with another state."""
    own = [
        Machine(f"i-{node}", states.get(node, "running"), node, None, address)
        for node, address in ADDRESSES.items()
    ]
    return Seen([*own, *more])


@pytest.fixture
def well():
    return Facts(
        machines=machines(),
        agents=Seen([{"ip": ip, "state": "ALIVE"} for ip in ADDRESSES.values()]),
        reports={name: Seen(dict(REPORT)) for name in ADDRESSES},
    )


def changed(facts, **values):
    return dataclasses.replace(facts, **values)


def with_report(facts, node, seen):
    return changed(facts, reports={**facts.reports, node: seen})


def with_agents(facts, *agents):
    return changed(facts, agents=Seen(list(agents)))


def row(verdict, name):
    return next(row for row in verdict.rows if row.name == name)


def test_all_is_well_where_every_machine_unit_and_agent_is(inventory, well):
    verdict = judge(inventory, well)
    assert verdict.well
    assert verdict.next_commands == ()


def test_a_dead_machine_is_to_be_replaced(inventory, well):
    stopped = changed(well, machines=machines(**{"workers-1": "stopped"}))
    facts = with_report(stopped, "workers-1", Seen(error="no answer within 10 s"))
    verdict = judge(inventory, facts)
    assert not verdict.well
    assert row(verdict, "workers-1").problems == ("its machine is stopped",)
    assert verdict.next_commands == ("python -m fleet replace dev workers-1",)


def test_a_machine_that_the_cloud_does_not_know_is_missing(inventory, well):
    seen = Seen([machine for machine in machines().value or [] if machine.node != "workers-2"])
    verdict = judge(inventory, changed(well, machines=seen))
    assert row(verdict, "workers-2").problems == ("its machine is missing",)


def test_a_stopped_service_is_named_and_to_be_repaired(inventory, well):
    verdict = judge(inventory, with_report(well, "workers-2", Seen({**REPORT, "unit": "inactive"})))
    assert row(verdict, "workers-2").problems == ("its service ray is inactive",)
    assert verdict.next_commands == ("python -m fleet repair dev workers-2",)


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ({"unit": "failed"}, "its service is failed"),
        ({}, "its step is from an earlier version of the program, and does not say how its service is"),
    ],
)
def test_a_step_of_an_earlier_version_says_less_and_its_words_are_whole(inventory, well, report, problem):
    seen = judge(inventory, with_report(well, "workers-2", Seen({"version": "2.55.1", **report})))
    assert row(seen, "workers-2").problems == (problem,)
    assert row(seen, "workers-2").remedy == "repair"


def test_a_node_that_knows_no_version_of_its_own_is_told(inventory, well):
    seen = judge(inventory, with_report(well, "workers-1", Seen({**REPORT, "version": ""})))
    assert row(seen, "workers-1").problems == ("it runs no version that it knows, the others 2.55.1",)


def test_an_agent_that_lacks_a_service_is_to_be_repaired(inventory, well):
    report = {**REPORT, "connected": False, "unreachable": ["docker", "etcd"]}
    verdict = judge(inventory, with_report(well, "workers-2", Seen(report)))
    assert row(verdict, "workers-2").problems == ("it does not reach docker and etcd",)
    assert verdict.next_commands == ("python -m fleet repair dev workers-2",)


def test_a_drained_agent_is_seen_by_its_controller_though_its_unit_is_active(inventory, well):
    agents = [{"ip": ip, "state": "DEAD" if ip.endswith("8.2") else "ALIVE"} for ip in ADDRESSES.values()]
    verdict = judge(inventory, with_agents(well, *agents))
    assert row(verdict, "workers-1").problems == ("the controller sees it as DEAD",)
    assert verdict.next_commands == ("python -m fleet repair dev workers-1",)


def test_an_agent_that_the_controller_never_saw_is_absent(inventory, well):
    verdict = judge(inventory, with_agents(well, *well.agents.value[:2]))
    assert row(verdict, "workers-2").agent == "ABSENT"


def test_an_agent_that_came_back_is_alive_although_it_is_listed_as_dead_too(inventory, well):
    verdict = judge(inventory, with_agents(well, *well.agents.value, {"ip": "10.89.8.2", "state": "DEAD"}))
    assert verdict.well


def test_an_agent_of_no_machine_is_shown_and_not_well(inventory, well):
    verdict = judge(inventory, with_agents(well, *well.agents.value, {"ip": "10.9.9.9", "state": "ALIVE"}))
    assert verdict.strangers == ("10.9.9.9 (10.9.9.9)",)
    assert not verdict.well


def test_dead_agents_of_machines_that_left_are_history(inventory, well):
    assert judge(inventory, with_agents(well, *well.agents.value, {"ip": "10.9.9.9", "state": "DEAD"})).well


def test_a_silent_controller_is_the_masters_problem_and_no_workers(inventory, well):
    verdict = judge(inventory, changed(well, agents=Seen(error="curl: refused")))
    assert row(verdict, "master").problems == ("its controller does not answer: curl: refused",)
    assert row(verdict, "workers-1").problems == ()
    assert verdict.next_commands == ("python -m fleet repair dev master",)


def test_a_dead_master_is_the_first_thing_to_mend(inventory):
    silence = Seen(error="not asked, master cannot be reached")
    facts = Facts(
        machines=machines(master="stopped"),
        agents=Seen(error="master cannot be reached"),
        reports={"master": Seen(error="refused"), "workers-1": silence, "workers-2": silence},
    )
    verdict = judge(inventory, facts)
    assert verdict.next_commands == ("python -m fleet replace dev master",)
    assert row(verdict, "workers-1").problems == ("not asked, master cannot be reached",)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ssh: connect to host 10.89.8.2 port 22: Connection refused", "replace"),
        ("Host key verification failed.", "replace"),
        ("bash: /usr/local/lib/agent-fleet/ray.sh: No such file or directory", "repair"),
    ],
)
def test_a_machine_without_ssh_is_replaced_and_one_without_its_script_repaired(
    inventory, well, error, remedy
):
    facts = with_report(well, "workers-1", Seen(error=error))
    assert judge(inventory, facts).next_commands == (f"python -m fleet {remedy} dev workers-1",)


def test_another_version_than_the_others_is_named(inventory, well):
    facts = with_report(well, "workers-1", Seen({**REPORT, "version": "2.54.0"}))
    assert row(judge(inventory, facts), "workers-1").problems == (
        "it runs version 2.54.0, the others 2.55.1",
    )


def test_an_unknown_state_of_machines_is_said_and_hides_nothing_else(inventory, well):
    verdict = judge(inventory, changed(well, machines=Seen(error="podman is not installed")))
    assert verdict.problems == ("the machines' state is unknown: podman is not installed",)
    assert row(verdict, "workers-1").agent == "ALIVE"


def elastic(age=60, state="running"):
    return Machine("i-0e", state, None, "burst", "10.90.3.4", "c5.large", age)


def with_elastic(facts, machine, *agents):
    return changed(with_agents(facts, *facts.agents.value, *agents), machines=machines(machine))


def test_a_machine_of_an_elastic_pool_is_a_row_and_no_stranger(inventory, well):
    agent = {"ip": "10.90.3.4", "state": "ALIVE", "load1": 1.5, "instance": "i-0e"}
    verdict = judge(inventory, with_elastic(well, elastic(), agent))
    assert verdict.well
    shown = row(verdict, "i-0e")
    assert (shown.pool, shown.machine, shown.agent, shown.load) == ("burst", "running", "ALIVE", 1.5)
    assert shown.elastic
    assert not row(verdict, "workers-1").elastic


@pytest.mark.parametrize("state", ["terminated", "shutting-down"])
def test_an_elastic_machine_that_goes_is_fine(inventory, well, state):
    verdict = judge(inventory, with_elastic(well, elastic(state=state), {"ip": "10.90.3.4", "state": "DEAD"}))
    assert verdict.well
    assert len(verdict.rows) == 3


def test_an_elastic_machine_may_boot_but_not_for_ever(inventory, well):
    assert judge(inventory, with_elastic(well, elastic(age=600))).well
    verdict = judge(inventory, with_elastic(well, elastic(age=2400)))
    assert row(verdict, "i-0e").problems == ("it has run for 40 minutes, and the controller never saw it",)
    assert verdict.next_commands == ()


def test_an_elastic_agent_whose_machine_was_taken_back_is_no_stranger(inventory, well):
    agent = {"ip": "10.90.3.9", "state": "ALIVE", "instance": "i-0f"}
    verdict = judge(inventory, with_agents(well, *well.agents.value, agent))
    assert verdict.well
    assert row(verdict, "i-0f").machine is None


def test_where_the_cloud_is_not_asked_elastic_agents_are_rows_still(inventory, well):
    agent = {"ip": "10.90.3.4", "state": "ALIVE", "instance": "i-0e"}
    facts = with_agents(changed(well, machines=Seen(error="no credentials")), *well.agents.value, agent)
    verdict = judge(inventory, facts)
    assert verdict.strangers == ()
    assert row(verdict, "i-0e").agent == "ALIVE"
    assert verdict.problems == ("the machines' state is unknown: no credentials",)


def test_an_agent_that_gets_no_work_is_not_well_and_its_work_is_shown(inventory, well):
    agents = [{"ip": ip, "state": "ALIVE", "accepts": True, "work": "1 session"} for ip in ADDRESSES.values()]
    verdict = judge(inventory, with_agents(well, *agents))
    assert verdict.well
    assert row(verdict, "workers-1").work == "1 session"

    agents[1]["accepts"] = False
    verdict = judge(inventory, with_agents(well, *agents))
    problem = "its controller gives it no work: it is not schedulable"
    assert row(verdict, "workers-1").problems == (problem,)
    assert verdict.next_commands == ("python -m fleet repair dev workers-1",)


def test_an_agent_of_another_stack_is_a_guest_and_no_stranger(inventory, well):
    guest = {"ip": "10.91.0.2", "state": "ALIVE", "name": "other-trainer", "guest": True, "work": "1 session"}
    verdict = judge(inventory, with_agents(well, *well.agents.value, guest))
    assert verdict.well
    found = row(verdict, "other-trainer")
    assert (found.role, found.agent, found.work, found.remedy) == ("guest", "ALIVE", "1 session", None)
    gone = judge(inventory, with_agents(well, *well.agents.value, {**guest, "state": "LOST"}))
    assert [one.name for one in gone.rows] == list(ADDRESSES), "its own stack tells what became of it"
