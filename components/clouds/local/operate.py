"""What the operator's commands ask of local hosts. No Pulumi."""

from components.operated import Machine, Place
from tools.local_hosts import listing


def machines(place: Place) -> list[Machine]:
    """A node that is not among them has no container."""
    return [
        Machine(str(host["id"]), str(host["state"]), node, None, str(host["privateIp"]))
        for node, host in listing.states(place.stack).items()
    ]


def leftovers(place: Place) -> list[str]:
    """What is left of the stack: containers, network, volume, folder. Kept storage is among them."""
    return listing.leftovers(place.stack)


def start(place: Place) -> list[str]:
    """Starts machines that do not run, as after a reboot of the computer; returns their names."""
    return listing.start_all(place.stack)


def check(place: Place) -> str:  # noqa: ARG001 - the face of every cloud
    """Setup and the driver say what this computer lacks."""
    return "local hosts on this computer"


def run_inside(stack: str, node: str, *command: str) -> str:
    """Output of a command inside a host, without SSH: for logs of a host that nobody can log in to."""
    return listing.run_inside(stack, node, *command)
