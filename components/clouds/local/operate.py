"""What the operator's commands ask of local hosts. No Pulumi."""

from tools.local_hosts import listing


def machine_states(stack: str) -> dict[str, str]:
    """By node name: running, stopped or paused. A node that is not named has no machine."""
    return {node: str(host["state"]) for node, host in listing.states(stack).items()}


def leftovers(stack: str) -> list[str]:
    """What is left of the stack: containers, network, volume, folder. Kept storage is among them."""
    return listing.leftovers(stack)


def start(stack: str) -> list[str]:
    """Starts machines that do not run, as after a reboot of the computer; returns their names."""
    return listing.start_all(stack)


def run_inside(stack: str, node: str, *command: str) -> str:
    """Output of a command inside a host, without SSH: for logs of a host that nobody can log in to."""
    return listing.run_inside(stack, node, *command)
