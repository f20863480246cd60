"""`up`, `preview`, `down`, `repair`, `replace`, `leftovers`: what changes a stack, and what is left of it."""

import re
from collections.abc import Callable

from components.config.model import Config
from components.config.problems import ConfigError
from components.config.stack_file import read_stack_file
from components.config.validation import ENCRYPTED, validate
from components.fleet import worker_names
from fleet import checks, engine, ssh_files, stack, urns
from fleet.clouds import CloudError, operate_of, place_of
from fleet.engine import paths, stacks, standins
from fleet.errors import UserError
from fleet.inventory import Inventory
from fleet.status import status


def up(name: str) -> int:
    """Makes the stack what its file says; green only if every node is well afterwards."""
    _check_file(name)
    checks.before(name, making=True)
    standins.start(name)
    return _judged(name, engine.up(name))


def _judged(name: str, code: int) -> int:
    if code == 0:
        ssh_files.end_shared_connections(ssh_files.folder_of(name))
        return status(name)
    print(
        f"==> stack {name} is not yet what its file says. Mend what the error names, then run `make up "
        f"STACK={name}` again: it goes on from here.\n"
        f"    python -m fleet status {name}          how every node is\n"
        f"    python -m fleet logs {name} NODE       what its step and its agent wrote\n"
        f"    python -m fleet replace {name} NODE    a new machine for one that cannot be reached"
    )
    return code


def preview(name: str) -> int:
    _check_file(name)
    checks.before(name, making=False)
    return engine.preview(name)


def _check_file(name: str) -> Config | None:
    """The configuration that the stack's file asks for, if the file tells it all.

    The program checks it too; here it is told before a stack is made.
    What an `environment:` of Pulumi's adds, the program alone sees.
    """
    file = paths.stack_file(paths.ROOT, name)
    if re.search(r"^environment:", file.read_text(), re.MULTILINE):
        return None
    try:
        told = read_stack_file(file)
        given = standins.secrets(name).keys()
        values = {**told.values, **dict.fromkeys(given, ENCRYPTED)}
        return validate(values, told.secret_keys | given, paths.short_name(name), *told[2:])
    except (ConfigError, ValueError) as error:
        raise UserError(str(error)) from None


def down(name: str) -> int:
    checks.before(name, making=False)
    code = engine.down(name)
    if code == 0:
        ssh_files.remove(name)
        standins.remove(name)
    return code


def repair(name: str, node: str) -> int:
    """Runs the node's step again, and with it what verifies the agent; its machine stays."""
    return _again(name, node, urns.of_step)


def replace(name: str, node: str) -> int:
    """Makes the node's machine anew; its step and membership follow."""
    return _again(name, node, urns.of_machine)


def _again(name: str, node: str, what: Callable[[urns.State, str], list[str]]) -> int:
    inventory = stack.read(name)[0]
    inventory.node(node)
    _refuse_unmade(name, inventory)
    checks.before(name, making=True)
    state = engine.export_state(name)
    replaced = what(state, node)
    around = urns.around(state, node, inventory.master.name if inventory.master else None)
    return _judged(name, engine.up_replace(name, replaced, [urn for urn in around if urn not in replaced]))


def _refuse_unmade(name: str, inventory: Inventory) -> None:
    """A run of chosen resources cannot leave out machines that were never made."""
    config = _check_file(name)
    wanted = worker_names(config) if config else []
    unmade = sorted(set(wanted) - {node.name for node in inventory.nodes})
    if unmade:
        raise UserError(
            f"Pulumi.{paths.short_name(name)}.yaml asks for {', '.join(unmade)}, which is not made yet; run "
            f"`make up STACK={name}` first, or take that change back, then try this again"
        )


def leftovers(name: str) -> int:
    """Lists what still carries the stack's tags, by the cloud that its file names; 1 if there is anything."""
    # From the stack's file: after `down` there are no outputs to ask.
    cloud = stacks.config_of(paths.ROOT, name).get("cloud")
    try:
        found = operate_of(cloud).leftovers(place_of(name))
    except CloudError as error:
        raise UserError(f"stack {name} on {cloud}: {error}", 1) from None
    for thing in found:
        print(thing)
    print(f"{len(found)} things of stack {name} are there." if found else f"Nothing is left of stack {name}.")
    return 1 if found else 0
