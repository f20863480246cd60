"""What rows do to the engine: they kill it with all that belongs to it, and read what it left."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.project import Fleet, podman, wait_until

PROGRAM = "pulumi-language-python-exec"
PLUGIN = "command_plugin"


def processes(run: subprocess.Popen[str]) -> dict[int, str]:
    """Command lines of a run of `fleet` and of what it started, as long as that kept its session."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            if session == run.pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def runs(run: subprocess.Popen[str], part: str) -> bool:
    return any(part in line for line in processes(run).values())


def kill(run: subprocess.Popen[str]) -> None:
    """As a computer that runs out of memory: `fleet`, CLI, language host, program and plugins, by `kill -9`.

    Drivers of local hosts, which a cloud has elsewhere, go on.
    """
    for pid, line in processes(run).items():
        if any(part in line for part in ("-m fleet ", "pulumi", PLUGIN)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    run.communicate(timeout=60)


def stop_plugin(run: subprocess.Popen[str]) -> None:
    """From now on the engine hears of nothing that a command did."""
    for pid, line in processes(run).items():
        if PLUGIN in line:
            os.kill(pid, signal.SIGSTOP)


def hosts(cluster: Fleet) -> dict[str, str]:
    """Ids of the containers there are, by node, running or not."""
    label = f"--filter=label=stack={cluster.stack}"
    shown = podman("ps", "--all", label, '--format={{index .Labels "node"}} {{.ID}}').splitlines()
    return dict(sorted(line.split() for line in shown))


def state_file(cluster: Fleet) -> Path:
    return cluster.folder / f".fleet/state/.pulumi/stacks/agent-fleet/{cluster.stack}.json"


def note(cluster: Fleet, operations: list[dict[str, Any]]) -> None:
    """What a run that was cut off leaves in the state."""
    document = json.loads(state_file(cluster).read_text())
    document["checkpoint"]["latest"]["pending_operations"] = operations
    state_file(cluster).write_text(json.dumps(document))


def in_state(cluster: Fleet) -> dict[str, Any]:
    """Resources as the state has them, by name."""
    latest = json.loads(state_file(cluster).read_text())["checkpoint"]["latest"]
    return {resource["urn"].rpartition("::")[2]: resource for resource in latest["resources"]}


def booted(cluster: Fleet, node: str) -> bool:
    """Whether a host was made and has booted."""
    done = subprocess.run(
        ["podman", "exec", cluster.container(node), "ls", "/var/lib/cloud/instance/boot-finished"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def new_host(cluster: Fleet, node: str, before: str) -> str:
    """The id of a host as soon as there is another one, booted or not."""
    wait_until(f"there is another {node}", lambda: hosts(cluster).get(node, before) != before, 240)
    return hosts(cluster)[node]
