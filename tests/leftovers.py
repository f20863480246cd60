"""What a run of the tests that was killed has left goes before the next one begins.

The tests' own stacks are called `t-...`. Their names lead to podman's objects also where the folder that made
them is gone.
"""

import fcntl
import json
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from tests.simcloud import disks, names
from tests.simcloud.remove import take_down
from tools.local_hosts import podman

OURS = ("agent-fleet-t-", "agent-fleet-sim-t-", "agent-fleet-standins-t-")


def alone() -> tuple[IO[str], bool]:
    """A lock that lasts as long as its file is open, and whether no other run of tests holds it."""
    file = (Path(tempfile.gettempdir()) / f"agent-fleet-tests-{os.getuid()}.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file, False
    return file, True


def shared(file: IO[str]) -> None:
    fcntl.flock(file, fcntl.LOCK_SH)


def _left() -> list[tuple[str, str]]:
    found = [("container", str(one["Names"][0])) for one in podman.records("ps", "--all")]
    found += [("network", str(one["name"])) for one in podman.records("network", "ls")]
    found += [("volume", str(one["Name"])) for one in podman.records("volume", "ls")]
    return [(kind, name) for kind, name in found if name.startswith(OURS)]


def _simulated() -> set[str]:
    hosts = podman.containers({"project": names.PROJECT})
    return {stack for host in hosts if (stack := str(host["Labels"]["stack"])).startswith("t-")}


def _bridges() -> set[str]:
    """Bridges that no network of podman has any more: their ranges would be taken for ever."""
    shown = subprocess.run(["ip", "-json", "link", "show", "type", "bridge"], capture_output=True, check=True)
    there = {str(link.get("ifname", "")) for link in json.loads(shown.stdout or b"[]")}
    owned = {str(network["network_interface"]) for network in podman.records("network", "ls")}
    return {name for name in there - owned if re.fullmatch(r"podman\d+", name)}


def _rules() -> list[list[str]]:
    """Of simulated stacks of tests, whose account is gone with its folder."""
    command = [*podman.as_root("iptables"), "--table", "nat"]
    shown = subprocess.run([*command, "--list-rules"], capture_output=True, text=True, check=True)
    ours = [line for line in shown.stdout.splitlines() if '--comment "simcloud t-' in line]
    return [[*command, "--delete", *shlex.split(line)[1:]] for line in ours]


def _nothing_runs() -> bool:
    """In no store of podman's: all of them share the addresses."""
    return subprocess.run(["pgrep", "-x", "conmon"], capture_output=True, check=False).returncode == 1


def _loops() -> set[str]:
    """Of files that are the tests' own, or gone: what is attached to nothing keeps its space for ever."""
    ours = re.compile(rf"/{names.PROJECT}-t-|/{names.PROJECT}-.* \(deleted\)$")
    return {loop for loop, file in disks.loops().items() if ours.search(file)}


def remove() -> None:
    for stack in sorted(_simulated()):
        print(f"removing the simulated stack {stack}, which a run of the tests that was killed has left")
        take_down(stack)
    left = _left()
    for kind, name in [one for one in left if one[0] == "container"]:
        print(f"removing the {kind} {name}, which a run of the tests that was killed has left")
        podman.remove(kind, name)
    for loop in sorted(_loops()):
        print(f"releasing {loop}, which a run of the tests that was killed has left")
        disks.release(loop)
    for kind, name in [one for one in left if one[0] != "container"]:
        print(f"removing the {kind} {name}, which a run of the tests that was killed has left")
        podman.remove(kind, name)
    for rule in _rules():
        subprocess.run(rule, check=True)
    for name in sorted(_bridges()):
        print(f"removing the bridge {name}, which no network has")
        subprocess.run([*podman.as_root("ip"), "link", "delete", name], check=True)
    # a container that was killed together with its conmon keeps its address for ever
    if _nothing_runs():
        subprocess.run([*podman.as_root("rm"), "--force", podman.ADDRESSES], check=True)
