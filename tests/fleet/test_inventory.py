import pytest

from fleet.errors import UserError
from fleet.inventory import Inventory


def test_the_inventory_is_read_from_the_secret_output(inventory):
    assert [node.name for node in inventory.nodes] == ["master", "workers-1", "workers-2"]
    assert inventory.master.port == 2201
    assert inventory.node("workers-1").proxy == "master"


def test_an_unknown_node_is_answered_with_the_nodes_that_there_are(inventory):
    with pytest.raises(UserError, match=r"no node 'worker-1'; it has: master, workers-1, workers-2"):
        inventory.node("worker-1")


def test_a_stack_without_outputs_is_answered_with_what_to_run():
    with pytest.raises(UserError, match=r"stack dev is not up.*run: python -m fleet up dev"):
        Inventory.from_outputs("dev", {})


def test_an_inventory_of_another_version_names_the_field_and_no_secret(outputs):
    del outputs["inventory"]["nodes"][1]["hostKey"]
    with pytest.raises(UserError) as caught:
        Inventory.from_outputs("dev", outputs)
    assert "nodes.1.hostKey" in str(caught.value)
    assert "LOGIN KEY" not in str(caught.value)


def test_new_fields_of_a_later_version_do_no_harm(outputs):
    outputs["inventory"]["nodes"][0]["zone"] = "a"
    assert Inventory.from_outputs("dev", outputs).master is not None
