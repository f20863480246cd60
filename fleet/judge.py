"""From facts to a verdict: a row per node, what is wrong with it and what heals it. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from fleet import elastic
from fleet.clouds import Machine
from fleet.facts import Facts, Report, Seen
from fleet.inventory import Inventory, Node

Remedy = Literal["repair", "replace"]

# An elastic machine installs what a step would, and gives up after as long.
JOIN_SECONDS = 1800
_NOTHING: Report = {}
GPU_VM = "gpuVm"


@dataclass(frozen=True)
class Row:
    """A node as it is now. None is what could not be learnt. `problems` is empty where all is well.

    A machine of an elastic pool is named by its id, and nobody asks it: it may go at any time. `work` is in
    the words of a controller that tells it.
    """

    name: str
    role: str
    pool: str | None
    address: str
    machine: str | None
    agent: str | None
    unit: str | None
    version: str | None
    load: float | None
    memory_mib: int | None
    free_memory_mib: int | None
    uptime_seconds: int | None
    problems: tuple[str, ...]
    remedy: Remedy | None
    elastic: bool = False
    work: str | None = None


@dataclass(frozen=True)
class Verdict:
    """`problems` are those of the stack as a whole, `strangers` agents that no machine of it stands for."""

    stack: str
    rows: tuple[Row, ...]
    strangers: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def well(self) -> bool:
        return not self.problems and not self.strangers and not any(row.problems for row in self.rows)

    @property
    def next_commands(self) -> tuple[str, ...]:
        """What heals the stack, the master first: workers may be well once it is."""
        ordered = sorted(self.rows, key=lambda row: row.role != "master")
        return tuple(f"python -m fleet {row.remedy} {self.stack} {row.name}" for row in ordered if row.remedy)


def judge(inventory: Inventory, facts: Facts) -> Verdict:
    usual = _usual_version(facts.reports[node.name] for node in inventory.nodes if node.role != GPU_VM)
    pools = [_elastic_row(machine, facts.agents) for machine in elastic.of(facts.machines.value)]
    addresses = {node.private_ip for node in inventory.nodes} | {row.address for row in pools}
    unseen = [agent for agent in facts.agents.value or () if agent["ip"] not in addresses and _alive(agent)]
    problems: list[str] = []
    if facts.machines.error:
        problems.append(f"the machines' state is unknown: {facts.machines.error}")
    known = [agent for agent in unseen if _is_elastic(agent) or agent.get("guest")]
    return Verdict(
        stack=inventory.stack,
        rows=(
            *(_row(node, facts, usual) for node in inventory.nodes),
            *pools,
            *(_row_of_agent(agent) for agent in known),
        ),
        strangers=tuple(
            f"{agent.get('name') or agent['ip']} ({agent['ip']})" for agent in unseen if agent not in known
        ),
        problems=tuple(problems),
    )


def _row(node: Node, facts: Facts, usual: str | None) -> Row:
    report = facts.reports[node.name]
    said: Report = report.value or {}
    machine = _machine_state(node, facts.machines)
    agent = _agent_state(node.private_ip, facts.agents)
    if node.role == "master" and agent == "ABSENT":
        agent = None
    if node.role == GPU_VM:
        # its controller is elsewhere: its own log says whether it is connected
        agent = None if report.value is None else "ALIVE" if said.get("connected") else "not connected"
        usual = None
    problems, remedy = _problems(machine, agent, report, usual)
    if node.role == "master" and facts.agents.error and not problems:
        problems, remedy = (f"its controller does not answer: {facts.agents.error}",), "repair"
    known = next((one for one in facts.agents.value or () if one["ip"] == node.private_ip), _NOTHING)
    if agent == "ALIVE" and known.get("accepts") is False:
        problems, remedy = (*problems, "its controller gives it no work: it is not schedulable"), "repair"
    return Row(
        name=node.name,
        role=node.role,
        pool=node.pool,
        address=node.private_ip,
        machine=machine,
        agent=agent,
        unit=said.get("unit"),
        version=said.get("version"),
        load=said.get("load1"),
        memory_mib=said.get("memoryMiB"),
        free_memory_mib=said.get("freeMemoryMiB"),
        uptime_seconds=said.get("uptimeSeconds"),
        problems=problems,
        remedy=remedy,
        work=known.get("work") if agent == "ALIVE" else None,
    )


def _problems(
    machine: str | None, agent: str | None, report: Seen[Report], usual: str | None
) -> tuple[tuple[str, ...], Remedy | None]:
    if machine is not None and machine != "running":
        return (f"its machine is {machine}",), "replace"
    if report.error.startswith("not asked"):
        return (report.error,), None
    if report.error:
        return (f"no report by SSH: {report.error}",), _remedy_of_silence(report.error)
    problems: list[str] = []
    said: Report = report.value or {}
    if said.get("unit") != "active":
        problems.append(_of_service(said))
    if agent is not None and agent != "ALIVE":
        problems.append(f"the controller sees it as {agent}")
    if said.get("unreachable"):
        problems.append(f"it does not reach {' and '.join(said['unreachable'])}")
    if usual and said.get("version") != usual:
        version = f"version {said['version']}" if said.get("version") else "no version that it knows"
        problems.append(f"it runs {version}, the others {usual}")
    return tuple(problems), "repair" if problems else None


def _of_service(said: Report) -> str:
    """A step that an earlier version of the program made says less."""
    if "unit" not in said:
        return "its step is from an earlier version of the program, and does not say how its service is"
    name = f" {said['service']}" if "service" in said else ""
    return f"its service{name} is {said['unit']}"


def _remedy_of_silence(error: str) -> Remedy:
    """sshd answered but the script did not: its step mends that. Without sshd no step can run."""
    no_ssh = ("ssh: connect", "Connection", "Host key verification", "Permission denied", "no answer within")
    return "replace" if any(sign in error for sign in no_ssh) else "repair"


def _machine_state(node: Node, machines: Seen[list[Machine]]) -> str | None:
    if machines.value is None:
        return None
    return next((machine.state for machine in machines.value if machine.node == node.name), "missing")


def _elastic_row(machine: Machine, agents: Seen[list[Report]]) -> Row:
    """One that goes is fine. One that costs money and never joined is not."""
    agent = _agent_state(machine.address, agents)
    problems: tuple[str, ...] = ()
    if agent == "ABSENT" and machine.state == "running" and (machine.age or 0) > JOIN_SECONDS:
        problems = (f"it has run for {(machine.age or 0) // 60} minutes, and the controller never saw it",)
    said: Report = next((one for one in agents.value or () if one["ip"] == machine.address), _NOTHING)
    return _bare_row(machine.id, machine.pool, machine.address or "", said, problems, machine.state, agent)


def _row_of_agent(agent: Report) -> Row:
    """An elastic agent without a machine: AWS was not asked, or took it back a moment ago. Or a guest, the
    agent of another stack, which knows how its machine is."""
    name = str(agent.get("instance") or agent["name"])
    row = _bare_row(name, None, agent["ip"], agent, (), None, str(agent["state"]))
    return replace(row, role="guest", work=agent.get("work")) if agent.get("guest") else row


def _is_elastic(agent: Report) -> bool:
    """The scaler's own agents know the machine that they run on."""
    return bool(agent.get("instance"))


def _bare_row(
    name: str,
    pool: str | None,
    address: str,
    said: Report,
    problems: tuple[str, ...],
    machine: str | None,
    agent: str | None,
) -> Row:
    return Row(
        name=name,
        role="worker",
        pool=pool,
        address=address,
        machine=machine,
        agent=agent,
        unit=None,
        version=None,
        load=said.get("load1"),
        memory_mib=None,
        free_memory_mib=None,
        uptime_seconds=None,
        problems=problems,
        remedy=None,
        elastic=True,
    )


def _agent_state(address: str | None, agents: Seen[list[Report]]) -> str | None:
    """None where nobody can tell."""
    if agents.value is None:
        return None
    states = [str(agent["state"]) for agent in agents.value if agent["ip"] == address]
    if not states:
        return "ABSENT"
    # A node that came back is listed twice: once dead, once alive.
    return "ALIVE" if "ALIVE" in states else states[-1]


def _alive(agent: Report) -> bool:
    return agent["state"] == "ALIVE"


def _usual_version(reports: Iterable[Seen[Report]]) -> str | None:
    versions = Counter(
        str(report.value["version"]) for report in reports if report.value and report.value.get("version")
    )
    return versions.most_common(1)[0][0] if versions else None
