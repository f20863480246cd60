"""What there is of a stack, and what is left of it."""

from tools.local_hosts import machine, network, podman, state

# podman's words for a container that is not up
_STOPPED = ("created", "configured", "initialized", "exited", "stopped", "dead")


def states(stack: str) -> dict[str, dict[str, object]]:
    """By node: `state` (running, stopped, paused, …), role, address and id."""
    return {
        str(host["Labels"].get("node", host["Names"][0])): {
            "state": "stopped" if host["State"] in _STOPPED else str(host["State"]),
            "role": host["Labels"].get("role", ""),
            **machine.output(host),
        }
        for host in machine.all_of(stack)
    }


def leftovers(stack: str) -> list[str]:
    """Everything that still carries the stack's labels, and its folder."""
    found = [f"container {host['Names'][0]}" for host in machine.all_of(stack)]
    if podman.exists("network", state.network_name(stack)):
        found.append(f"network {state.network_name(stack)}")
    volumes = [state.volume_name(stack, of) for of in state.VOLUMES]
    found += [f"volume {name}" for name in volumes if podman.exists("volume", name)]
    folder = state.stack_folder(stack)
    if folder.exists():
        found.append(f"folder {folder.relative_to(state.FOLDER)}")
    return found


def start_all(stack: str) -> list[str]:
    """Starts the hosts that do not run, as after a reboot of the computer. Returns their names."""
    network.get(stack)
    stopped = [node for node, host in states(stack).items() if host["state"] == "stopped"]
    for node in stopped:
        state.say(f"starting {node}")
        machine.start(stack, node)
    return stopped


def run_inside(stack: str, node: str, *command: str) -> str:
    """Output of a command inside a host, without SSH. Raises HostError."""
    machine.describe(stack, node)
    return podman.run("exec", state.container_name(stack, node), *command)
