"""The engine and its state: killed at any moment, run twice, told of what a dead run did not finish."""

import re

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults import engine
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import inside, is_well

pytestmark = pytest.mark.exhaustive

NODE = "workers-2"
LOCK = Guard(
    "fleet/engine/stacks.py",
    "    return bool(holders(root, stack))",
    "    return False",
    "the lock of a run that is dead is removed",
    seconds=120,
)

ONE_AT_A_TIME = Guard(
    "fleet/engine/__init__.py",
    "    with stacks.one_at_a_time(root, stack):\n        return _run_on",
    "    if True:\n        return _run_on",
    "a run holds its stack before it starts the engine",
)


@fault(
    "the engine is killed before it made anything",
    holds="the next `up` removes the lock, and makes what is missing",
    remedy="`make up` again",
    guard=LOCK,
)
def test_killed_while_the_program_runs(cluster: Fleet) -> None:
    run = cluster.start("up", cluster.stack)
    wait_until("the program runs", lambda: engine.runs(run, engine.PROGRAM), 60)
    engine.kill(run)
    done = cluster.up()
    assert done.code == 0
    assert "was killed: removing its lock" in done.text
    assert set(done.counts()) == {"unchanged"}


@fault(
    "the engine is killed while a machine is made",
    holds="there is one of it: it is taken up, or made anew if it never ran",
    remedy="`make up` again",
    guard=Guard(
        "tools/local_hosts/machine.py",
        "    found = find(spec.stack, spec.node)\n    if found is not None and",
        "    found = None\n    if found is not None and",
        "what is there of a machine is looked for first",
        seconds=150,
    ),
)
def test_killed_while_a_machine_is_made(cluster: Fleet) -> None:
    before = engine.hosts(cluster)
    run = cluster.start("replace", cluster.stack, NODE)
    engine.new_host(cluster, NODE, before[NODE])
    engine.kill(run)
    assert cluster.up().code == 0
    assert list(engine.hosts(cluster)) == list(before)


@fault(
    "the engine is killed when a machine is made and the state does not say so",
    holds="the machine is taken up: there is one of it, and its step runs",
    remedy="`make up` again",
    guard=Guard(
        "tools/local_hosts/machine.py",
        "    if found is not None and not _reusable(found, spec):\n",
        "    if found is not None:\n",
        "a machine of the same spec that is there is kept",
        seconds=150,
    ),
)
def test_killed_between_a_machine_and_its_step(cluster: Fleet) -> None:
    before = engine.hosts(cluster)
    run = cluster.start("replace", cluster.stack, NODE)
    made = engine.new_host(cluster, NODE, before[NODE])
    engine.stop_plugin(run)
    wait_until("it has booted", lambda: engine.booted(cluster, NODE), 60)
    wait_until("its driver has ended", lambda: not engine.runs(run, "machine create"), 30)
    engine.kill(run)
    done = cluster.up()
    assert f"the last run was cut off during {NODE}-host: this one does that again" in done.text
    assert done.code == 0
    assert engine.hosts(cluster) == {**before, NODE: made}


@fault(
    "two `make up` at once",
    holds="the second names the first, waits for its end, and finds nothing to do",
    remedy="nothing",
    guard=(
        ONE_AT_A_TIME,
        Guard(
            "fleet/engine/stacks.py",
            "        found.append(pid if _is_pulumi(pid) else 0)",
            "        pass",
            "it waits for the one that holds the engine's lock as well",
        ),
    ),
)
def test_the_second_of_two_runs_waits_for_the_first(cluster: Fleet) -> None:
    before = engine.hosts(cluster)
    first = cluster.start("replace", cluster.stack, NODE)
    engine.new_host(cluster, NODE, before[NODE])
    second = cluster.up()
    text, _ = first.communicate(timeout=300)
    assert first.returncode == 0, text
    assert second.code == 0
    assert set(second.counts()) == {"unchanged"}
    assert list(engine.hosts(cluster)) == list(before)
    assert re.search(rf"another run \(pid \d+\) is at work on stack {cluster.stack}; waiting", second.text)


@fault(
    "four `make up` begin at the same moment",
    holds="one goes first, three wait their turn, and none of them finds anything to do",
    remedy="nothing",
    guard=ONE_AT_A_TIME,
)
def test_runs_that_begin_together_end_well_one_after_the_other(cluster: Fleet) -> None:
    runs = [cluster.start("up", cluster.stack) for _ in range(4)]
    texts = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, "\n=====\n".join(texts)
    assert sum("waiting for its end" in text for text in texts) == 3


@fault(
    "the state says that a run was cut off in an agent's update",
    holds="the step runs again, though nothing in the stack file changed since",
    remedy="`make up` again",
    guard=Guard(
        "fleet/engine/stacks.py",
        '[_urn(operation)] if operation["type"] == "updating" and',
        '[_urn(operation)] if operation["type"] == "never" and',
        "a step that was cut off in an update is replaced",
        seconds=120,
    ),
)
def test_a_state_with_an_update_that_never_ended(cluster: Fleet) -> None:
    assert cluster.up().code == 0
    step = engine.in_state(cluster)["workers-1-step"]
    engine.note(cluster, [{"type": "updating", "resource": step}])
    inside(cluster, "workers-1", "systemctl stop ray")
    done = cluster.up()
    assert "the last run was cut off during workers-1-step: this one does that again" in done.text
    assert done.code == 0
    assert is_well(cluster)


@fault(
    "the state says that a run was cut off in the delete of a machine, or of a membership",
    holds="a machine that is gone is made anew, and an agent that was drained joins again",
    remedy="`make up` again",
    guard=Guard(
        "fleet/engine/stacks.py",
        '    if operation["type"] != "deleting":\n',
        "    if True:\n",
        "what was cut off in its delete is made again",
        seconds=300,
    ),
)
def test_a_state_with_deletes_that_never_ended(cluster: Fleet) -> None:
    assert cluster.up().code == 0
    known = engine.in_state(cluster)
    cut_off = [known["workers-1-membership"], known[f"{NODE}-host"]]
    engine.note(cluster, [{"type": "deleting", "resource": resource} for resource in cut_off])
    podman("rm", "--force", "--time=0", cluster.container(NODE))
    inside(cluster, "workers-1", "systemctl stop ray")
    done = cluster.up()
    assert f"the last run was cut off during workers-1-membership, {NODE}-host: this one does" in done.text
    assert done.code == 0
    assert is_well(cluster)
