"""The words for ports: every listener that another machine or a person must reach is one `Port`.

A platform lists its ports; `firewall.rules` turns the list into rules. Nothing else opens a port.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["master", "worker", "gpuVm"]
# `agents` and `managers` are machines of other stacks, by the networks that a platform's settings name.
Source = Literal["master", "worker", "gpuVm", "admins", "users", "agents", "managers"]

MASTER: Role = "master"
WORKER: Role = "worker"
GPU_VM: Role = "gpuVm"


@dataclass(frozen=True)
class Port:
    """TCP ports `first` to `last` on machines of role `to_role`, reachable by `sources` and nobody else."""

    name: str
    first: int
    last: int
    to_role: Role
    sources: tuple[Source, ...]
    description: str


# Only the machines that are a way in listen to people; workers are reached through the master.
SSH: tuple[Port, ...] = (
    Port("ssh", 22, 22, MASTER, ("admins",), "login and the way in to the workers"),
    Port("ssh-worker", 22, 22, WORKER, ("master",), "steps and people come through the master"),
    Port("ssh-gpu-vm", 22, 22, GPU_VM, ("admins",), "a GPU VM is its own way in"),
)
