import pytest

from fleet import urns
from fleet.errors import UserError
from tests.graph.aws.conftest import CONFIG as AWS
from tests.graph.conftest import CONFIG as LOCAL
from tests.graph.recording import record
from tests.graph.test_gpu_vms import CONFIG as VMS
from tests.graph.test_gpu_vms import SECRETS

PREFIX = "urn:pulumi:dev::agent-fleet::agent-fleet:components:WorkerPool$"
MACHINE = f"{PREFIX}command:local:Command::workers-1-host"


def command(name, **more):
    urn = f"{PREFIX}command:remote:Command::{name}"
    return {"urn": urn, "type": "command:remote:Command", **more}


@pytest.fixture
def state():
    resources = [
        {"urn": MACHINE, "type": "command:local:Command"},
        command("workers-1-step", replaceWith=[MACHINE]),
        command("workers-1-membership", replaceWith=[MACHINE]),
        command("workers-10-step", replaceWith=["another"]),
        command("workers-1-step", replaceWith=["an earlier one"], delete=True),
    ]
    return {"deployment": {"resources": resources}}


def test_an_agent_is_mended_by_its_step_alone(state):
    """A membership that is replaced drains the agent after it was verified (seen on a real cluster)."""
    assert urns.of_step(state, "workers-1") == [f"{PREFIX}command:remote:Command::workers-1-step"]


def test_a_machine_is_what_the_step_is_replaced_with(state):
    assert urns.of_machine(state, "workers-1") == [MACHINE]


def test_a_machine_is_found_though_its_step_failed_from_the_first(state):
    instance = "urn:pulumi:eo::agent-fleet::aws:ec2/instance:Instance::burst-1-instance"
    gone = {"urn": f"{instance}", "type": "aws:ec2/instance:Instance", "delete": True}
    state["deployment"]["resources"] += [{"urn": instance, "type": "aws:ec2/instance:Instance"}, gone]
    assert urns.of_machine(state, "burst-1") == [instance]


@pytest.mark.parametrize("of", [urns.of_step, urns.of_machine])
def test_a_node_that_the_state_does_not_hold_is_an_error_with_the_next_command(state, of):
    with pytest.raises(UserError, match="of workers-2; run `python -m fleet up` first"):
        of(state, "workers-2")
    with pytest.raises(UserError):
        of({}, "workers-2")


def names(found):
    return [urn.rpartition("::")[2] for urn in found]


def test_beside_a_worker_its_own_commands_and_the_masters_step_come_up_to_date(state):
    state["deployment"]["resources"].append(command("master-step", replaceWith=["a machine"]))
    assert names(urns.around(state, "workers-1", "master")) == [
        "workers-1-step",
        "workers-1-membership",
        "master-step",
    ]


def test_beside_the_master_the_commands_of_all_nodes_do(state):
    state["deployment"]["resources"].append(command("master-step", replaceWith=["a machine"]))
    assert set(names(urns.around(state, "master", "master"))) == {
        "workers-1-step",
        "workers-1-membership",
        "workers-10-step",
        "master-step",
    }


def test_what_is_given_to_a_machine_follows_it(state):
    address = {
        "urn": f"{PREFIX}alicloud:ecs/eipAssociation:EipAssociation::workers-1-address-given",
        "type": "alicloud:ecs/eipAssociation:EipAssociation",
        "dependencies": [MACHINE],
    }
    state["deployment"]["resources"].append(address)
    assert address["urn"] in urns.around(state, "workers-1", "master")
    assert address["urn"] not in urns.around(state, "workers-10", "master")


def test_a_step_that_never_ended_well_and_its_membership_are_made_too(state):
    pool = "urn:pulumi:eo::agent-fleet::agent-fleet:components:WorkerPool"
    instance = f"{pool}$aws:ec2/instance:Instance::burst-1-instance"
    state["deployment"]["resources"] += [{"urn": instance, "type": "aws:ec2/instance:Instance"}]
    assert urns.around(state, "burst-1", "master") == [
        f"{pool}$command:remote:Command::burst-1-step",
        f"{pool}$command:remote:Command::burst-1-membership",
    ]


@pytest.mark.parametrize("config", [LOCAL, AWS, VMS], ids=["local", "aws", "gpuVms"])
def test_what_is_beside_a_machine_is_as_components_name_it(config):
    recording = record(config, SECRETS if config is VMS else {})
    made = {request.urn for request in recording.requests.values()}
    resources = [{"urn": one.urn, "type": one.type} for one in recording.requests.values()]
    for step in recording.commands("-step"):
        node = step.name.removesuffix("-step")
        machine = [
            one for one in resources if one["urn"].rpartition("::")[2] in {f"{node}-host", f"{node}-instance"}
        ]
        found = urns.around({"deployment": {"resources": machine}}, node, "master")
        assert set(found) <= made
        assert step.urn in found


@pytest.mark.parametrize("config", [LOCAL, AWS], ids=["local", "aws"])
def test_clouds_name_machines_as_they_are_looked_for(config):
    for step in record(config).commands("-step"):
        (machine,) = step.raw.replace_with
        node = step.name.removesuffix("-step")
        assert names([machine])[0] in {f"{node}-{kind}" for kind in urns.MACHINES}
