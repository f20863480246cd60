"""What a stack keeps: a podman volume that every host mounts, and one of the master's databases.

They outlive the stack if they are told to.
"""

from tools.local_hosts import podman, state
from tools.local_hosts.errors import HostError


def create(stack: str, team: str, of: str) -> dict[str, object]:
    """Makes the volume, or takes up the one that an earlier stack of this name kept."""
    name = state.volume_name(stack, of)
    found = podman.exists("volume", name)
    if found:
        state.say(f"{of} storage: taking up {name} with the data that it holds")
    else:
        labels = state.labels(stack, team=team, folder=str(state.FOLDER))
        podman.run("volume", "create", *podman.label_options(labels), name)
    return {"id": name}


def remove(stack: str, of: str) -> None:
    """Removes the volume with its data; fine if it is gone already."""
    name = state.volume_name(stack, of)
    try:
        podman.remove("volume", name)
    except podman.PodmanError as error:
        raise HostError(
            f"stack {stack}: its storage {name} cannot be removed: {error.reason}: "
            f"`podman ps --all --filter volume={name}` shows what still uses it"
        ) from error
