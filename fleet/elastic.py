"""Machines of elastic pools: the platform's scaler makes and ends them, Pulumi does not know them."""

import sys
from pathlib import Path

from fleet.clouds import Machine, operate_of, place_of
from fleet.errors import UserError
from fleet.inventory import Inventory

GONE = ("terminated", "shutting-down")
SSH_PORT = 22


def of(machines: list[Machine] | None) -> list[Machine]:
    """Those of elastic pools that are there."""
    return [machine for machine in machines or () if machine.node is None and machine.state not in GONE]


def target(inventory: Inventory, config: Path, name: str) -> tuple[str, list[str]]:
    """The ssh host, and the options for it, of a node or of an elastic machine by its id or address.

    Raises:
        UserError: there is none; names those that there are.
    """
    if any(node.name == name for node in inventory.nodes):
        return name, []
    elastic = _now(inventory)
    machine = next((one for one in elastic if name in (one.id, one.address)), None)
    if machine is None or machine.address is None or inventory.master is None:
        inventory.node(name, [one.id for one in elastic])
        raise UserError(f"{name} has no address yet; try again in a moment")
    print(
        f"{name} is a machine of an elastic pool: it shares no key with the stack, so its host key is taken "
        f"as true at the first contact, which goes through {inventory.master.name}.",
        file=sys.stderr,
    )
    known = str(config.parent / "known_elastic").replace("%", "%%")
    options = {
        "HostName": machine.address,
        "Port": str(SSH_PORT),
        "User": inventory.master.user,
        "ProxyJump": inventory.master.name,
        # addresses are used again, ids are not
        "HostKeyAlias": machine.id,
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{known}"',
    }
    return machine.id, [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _now(inventory: Inventory) -> list[Machine]:
    """Empty where the cloud cannot be asked: then the name is simply unknown."""
    try:
        place = place_of(inventory.stack, inventory.team)
        return of(operate_of(inventory.cloud).machines(place))
    except Exception:
        return []
