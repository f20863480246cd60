"""podman as functions: every call of it goes through here."""

import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from tools.local_hosts.errors import HostError

# Hosts need runc: with crun, systemd does not start where cgroups are hybrid.
RUNTIME = "runc"
INSTALL = "sudo apt-get install -y podman runc netavark uidmap iptables"

# Where podman as root remembers which address is whose; it makes the file anew.
ADDRESSES = "/run/containers/networks/ipam.db"

KEPT = "podman keeps an address for a container that was killed"

# They only talk to the kernel; a computer that swaps may still take its time.
SECONDS = 120


class PodmanError(HostError):
    """podman refused; `reason` is its own last line, `output` all that it wrote."""

    def __init__(self, verb: str, reason: str, output: str = "") -> None:
        super().__init__(f"podman {verb} failed: {reason}")
        self.reason = reason
        self.output = output


def as_root(program: str) -> list[str]:
    """Bridges with addresses of their own and systemd as PID 1 need root."""
    if os.geteuid() == 0:
        return [program]
    if shutil.which("sudo") is None:
        raise HostError("local hosts need root, and there is no sudo: run the same as root")
    return ["sudo", "-n", program]


def command() -> list[str]:
    if shutil.which("podman") is None:
        raise HostError(
            f"local hosts need podman, which is not on PATH: run `{INSTALL}`, then the same again"
        )
    return as_root("podman")


def run(*args: str, data: bytes | None = None, seconds: float = SECONDS) -> str:
    """Standard output of `podman ARGS`. Raises PodmanError."""
    try:
        done = subprocess.run(
            # conmon leaves a file `oom` where podman was started, if the kernel ends a host's process
            [*command(), *args],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=tempfile.gettempdir(),
        )
    except subprocess.TimeoutExpired as error:
        raise PodmanError(args[0], f"no answer after {seconds:.0f} s") from error
    if done.returncode != 0:
        text = (done.stdout + done.stderr).decode(errors="replace")
        raise PodmanError(args[0], _reason(done.stderr or done.stdout), text)
    return done.stdout.decode(errors="replace")


def _reason(output: bytes) -> str:
    text = output.decode(errors="replace")
    if "no space left on device" in text.lower():
        return "the disk is full (no space left on device): free some with `podman system prune`"
    if "a password is required" in text or "a terminal is required" in text:
        return "sudo asks for a password: run as root, or `sudo -v` first"
    if "runc" in text and ("not found" in text or "executable file" in text):
        return f"runc is missing: run `{INSTALL}`"
    if "is already allocated to container" in text:
        return f"{KEPT}: when no container runs, `sudo rm {ADDRESSES}`, then the same again"
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else "it said nothing"


def limits() -> list[str]:
    """podman's own default limits are refused where CAP_SYS_RESOURCE is dropped; the caller's are not."""
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1] % (1 << 63), 65536)
    processes = min(resource.getrlimit(resource.RLIMIT_NPROC)[1] % (1 << 63), 32768)
    return [f"--ulimit=nofile={files}:{files}", f"--ulimit=nproc={processes}:{processes}"]


def records(*args: str) -> list[dict[str, Any]]:
    """What `podman ARGS` lists."""
    return json.loads(run(*args, "--format=json") or "[]") or []


def exists(kind: str, name: str) -> bool:
    """Whether a container, image, network or volume is there."""
    done = subprocess.run([*command(), kind, "exists", name], capture_output=True, check=False)
    if done.returncode > 1:
        raise PodmanError(f"{kind} exists", _reason(done.stderr))
    return done.returncode == 0


def label_options(labels: Mapping[str, str]) -> list[str]:
    return [f"--label={key}={value}" for key, value in labels.items()]


def filters(labels: Mapping[str, str]) -> list[str]:
    return [f"--filter=label={key}={value}" for key, value in labels.items()]


def containers(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Containers with these labels, running or not: `Id`, `Names`, `Labels`, `State`, …"""
    return records("ps", "--all", *filters(labels))


def named(kind: str, labels: Mapping[str, str]) -> list[str]:
    """Names of the networks or volumes that have all these labels: podman 4.3 lists volumes that have any."""
    return [
        str(one.get("name") or one.get("Name"))
        for one in records(kind, "ls")
        if labels.items() <= (one.get("labels") or one.get("Labels") or {}).items()
    ]


def remove(kind: str, name: str) -> None:
    """Removes a container (running or not), network or volume; fine if it is gone already."""
    options = ["--force", "--time=0", "--volumes"] if kind == "container" else []
    for left in (2, 1, 0):
        try:
            run(kind, "rm", *options, name)
            return
        except PodmanError:
            if not exists(kind, name):
                return
            if not left:
                raise
        # a container that is just ending refuses for a moment
        time.sleep(1)


def running(name: str) -> bool:
    return bool(records("ps", f"--filter=name=^{name}$"))
