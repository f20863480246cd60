"""The outputs are a contract."""

from fleet.inventory import Inventory
from tests.graph.recording import Recording


def test_the_outputs_have_the_names_that_people_rely_on(dev: Recording) -> None:
    assert set(dev.outputs) == {
        "masterPrivateIp",
        "masterPublicIp",
        "workers",
        "urls",
        "ssh",
        "clientConfig",
        "inventory",
    }


def test_every_worker_is_listed_with_name_pool_and_address(dev: Recording) -> None:
    workers = dev.outputs["workers"]
    assert [worker["name"] for worker in workers] == ["steady-1", "steady-2", "steady-3", "big-1", "big-2"]
    assert {frozenset(worker) for worker in workers} == {frozenset({"name", "pool", "privateIp"})}


def test_there_is_a_login_command_for_every_node(dev: Recording) -> None:
    commands = dev.outputs["ssh"]
    assert set(commands) == {"master", "steady-1", "steady-2", "steady-3", "big-1", "big-2"}
    assert commands["big-2"] == "ssh -F .fleet/ssh/dev/config big-2"


def test_what_holds_keys_is_secret_and_the_rest_is_not(dev: Recording) -> None:
    assert dev.secret_outputs == {"clientConfig", "inventory"}


def test_the_operators_commands_read_the_inventory_as_it_is_written(dev: Recording) -> None:
    inventory = Inventory.from_outputs("dev", dev.outputs)
    assert [node.name for node in inventory.nodes] == sorted(
        (node.name for node in inventory.nodes), key=lambda name: (name != "master", not name.startswith("s"))
    )
    assert {node.proxy for node in inventory.nodes} == {None, "master"}
