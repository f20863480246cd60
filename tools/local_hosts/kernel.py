"""Limits of this computer's kernel that many hosts reach."""

import subprocess
from pathlib import Path

from tools.local_hosts import podman, state
from tools.local_hosts.errors import HostError

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
# Each host takes about six, and root's 128 end with twenty hosts: systemd ends at its start there.
WANTED = 8192


def make_room() -> None:
    """Lets root have enough inotify instances for some hundred hosts, until this computer reboots."""
    found = int(INSTANCES.read_text())
    if found >= WANTED:
        return
    state.say(f"raising {INSTANCES} from {found} to {WANTED}: systemd in every host needs some")
    done = subprocess.run(
        [*podman.as_root("tee"), str(INSTANCES)],
        input=f"{WANTED}\n",
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise HostError(
            f"{INSTANCES} is {found}, and about twenty hosts use that up; it cannot be raised: "
            f"{done.stderr.strip()}: run `sudo sysctl fs.inotify.max_user_instances={WANTED}`, then the same "
            "again"
        )
