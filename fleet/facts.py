"""What is seen of a stack at one moment: by its cloud, by its controller, and by each node itself."""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from fleet.clouds import Machine, operate_of, place_of
from fleet.inventory import Inventory, Node
from fleet.ssh import Answer, Dialer, dialer

SECONDS = 10
# A login costs this computer a quarter of a second of CPU: of too many at once none would end in time.
AT_ONCE = 8 * (os.cpu_count() or 2)
INSTALLED = "/usr/local/lib/agent-fleet"

T = TypeVar("T")
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Seen(Generic[T]):
    """A fact, or in `error` why it could not be had."""

    value: T | None = None
    error: str = ""


NOT_RUNNING: Seen[Report] = Seen(error="not asked, its machine does not run")


@dataclass(frozen=True)
class Facts:
    """`machines`: the cloud's list, None without an error where nobody but the machines can be asked.
    `agents`: the controller's. `reports`: what each node says itself."""

    machines: Seen[list[Machine]]
    agents: Seen[list[Report]]
    reports: Mapping[str, Seen[Report]]


def gather(inventory: Inventory, config: Path) -> Facts:
    """Asks the cloud, the controller and every node, many at once; none takes longer than SECONDS."""
    with dialer(config, SECONDS) as dial, ThreadPoolExecutor(AT_ONCE) as pool:
        asked = pool.submit(_machines, inventory)
        hubs = {node.proxy for node in inventory.nodes if node.proxy}
        opened = dict(zip(hubs, pool.map(dial.open_hub, hubs), strict=True))
        lost = {hub: answer.error for hub, answer in opened.items() if answer.error}
        agents = pool.submit(_agents, inventory, dial, lost)
        machines = asked.result()
        running = [node for node in inventory.nodes if _runs(node, machines)]
        reports = {node.name: pool.submit(_report, inventory, node, dial, lost) for node in running}
        facts = Facts(
            machines=machines,
            agents=agents.result(),
            reports={
                node.name: reports[node.name].result() if node in running else NOT_RUNNING
                for node in inventory.nodes
            },
        )
        for hub in hubs:
            dial.close_hub(hub)
    return facts


def _machines(inventory: Inventory) -> Seen[list[Machine]]:
    try:
        place = place_of(inventory.stack, inventory.team)
        return Seen(operate_of(inventory.cloud).machines(place))
    except Exception as error:
        # A cloud's own errors are many, and the rest must still be told.
        return Seen(error=_one_line(error))


def _runs(node: Node, machines: Seen[list[Machine]]) -> bool:
    """A machine whose state is unknown is asked: it may run."""
    return machines.value is None or any(
        machine.node == node.name and machine.state == "running" for machine in machines.value
    )


def _agents(inventory: Inventory, dial: Dialer, lost: Mapping[str, str]) -> Seen[list[Report]]:
    master = inventory.master
    if master is None:
        return Seen(value=[])
    if master.name in lost:
        return Seen(error=f"{master.name} cannot be reached: {lost[master.name]}")
    return _parsed(dial.ask(master, _verb(inventory, master, "nodes")), lambda value: isinstance(value, list))


def _report(inventory: Inventory, node: Node, dial: Dialer, lost: Mapping[str, str]) -> Seen[Report]:
    hub = node.proxy or node.name
    if hub in lost:
        return Seen(error=lost[hub] if hub == node.name else f"not asked, {hub} cannot be reached")
    return _parsed(dial.ask(node, _verb(inventory, node, "status")), lambda value: isinstance(value, dict))


def _verb(inventory: Inventory, node: Node, verb: str) -> list[str]:
    return ["sudo", "-n", "bash", f"{INSTALLED}/{inventory.platform_of(node.name)}.sh", verb]


def _parsed(answer: Answer, right: Callable[[object], bool]) -> Seen[Any]:
    if answer.error:
        return Seen(error=answer.error)
    try:
        value = json.loads(answer.text)
    except ValueError:
        value = None
    if not right(value):
        return Seen(error=f"an answer that cannot be read: {answer.text.strip()[:80]!r}")
    return Seen(value=value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
