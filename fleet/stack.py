"""A stack as the state tells it: outputs, inventory, ssh files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleet import engine, ssh_files
from fleet.engine import paths
from fleet.inventory import Inventory


def read(stack: str) -> tuple[Inventory, Mapping[str, Any]]:
    """The inventory and all outputs, secrets included."""
    outputs: Mapping[str, Any] = engine.outputs(stack, secrets=True)
    if not outputs:
        paths.stack_file(paths.ROOT, stack)  # says it where nobody knows such a stack
    return Inventory.from_outputs(stack, outputs), outputs


def reached(stack: str) -> tuple[Inventory, Path]:
    """The inventory, and the ssh config that its machines are reached by."""
    inventory, _ = read(stack)
    return inventory, ssh_files.write(inventory)
