"""What breaks on the operator's computer and in the shared storage."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import inside, is_well

WORKER = "workers-1"
PUBLISHED = "/shared/.agent-fleet"


@fault(
    "the SSH agent that the environment names is dead",
    holds="it is told before anything is made",
    remedy="`unset SSH_AUTH_SOCK`, then the same again",
    guard=Guard(
        "fleet/engine/__init__.py",
        "    environment.check_operator(env)\n",
        "",
        "the agent is asked once before each run",
        seconds=120,
    ),
)
def test_a_dead_ssh_agent(cluster: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere/agent")
    done = cluster.run("repair", cluster.stack, WORKER)
    assert "Updating" not in done.text
    assert done.code == 2
    assert "no SSH agent answers at SSH_AUTH_SOCK=/nowhere/agent" in done.text
    assert "unset SSH_AUTH_SOCK" in done.text


@fault(
    "the passphrase of the state is gone",
    holds="no new one is made in its place; with the old one back all is as before",
    remedy="put `.fleet/passphrase` back from a backup",
    guard=Guard(
        "fleet/engine/environment.py",
        '    if any(paths.state(root).glob(".pulumi/stacks/*/*.json*")):\n',
        "    if False:\n",
        "a passphrase is made only where there is no state",
        seconds=60,
    ),
)
def test_a_lost_passphrase(cluster: Fleet) -> None:
    file = cluster.folder / ".fleet/passphrase"
    kept = file.rename(file.with_name("passphrase.kept"))
    try:
        done = cluster.up()
        assert not file.exists()
        assert done.code == 2
        assert ".fleet/passphrase is gone" in done.text
    finally:
        kept.rename(file)
    assert is_well(cluster)


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """A folder on a disk of its own that has no room left."""
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "full", folder], check=True)
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        with contextlib.suppress(OSError):
            (folder / "filler").write_bytes(bytes(4 << 20))
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(kept)


@pytest.mark.exhaustive
@fault(
    "the operator's disk is full",
    holds="it is told before anything is made",
    remedy="make room, then the same again",
    guard=Guard(
        "fleet/engine/__init__.py",
        "    environment.check_room(root)\n    with stacks.one_at_a_time(root, stack):\n        return _run_",
        "    with stacks.one_at_a_time(root, stack):\n        return _run_",
        "room for the state is looked for before each run",
        seconds=180,
    ),
)
def test_a_full_disk(cluster: Fleet) -> None:
    state = cluster.folder / ".fleet/state"
    with full_disk(state):
        done = cluster.run("repair", cluster.stack, WORKER)
    assert f"disk full: {state} has 0 MiB left" in done.text
    assert "Updating" not in done.text
    assert done.code == 2
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@fault(
    "people's work alters or deletes the script that workers take from the shared storage",
    holds="nothing altered runs, and the error says what to do",
    remedy="`fleet repair master`, then the same again",
    guard=Guard(
        "components/commands.py",
        " && echo {digest} $new | sha256sum --status -c",
        "",
        "a worker compares the script's digest",
    ),
)
def test_a_script_that_somebody_altered(cluster: Fleet) -> None:
    for damage in (f"echo 'touch /shared/evil' | tee -a {PUBLISHED}/*", f"rm {PUBLISHED}/*"):
        inside(cluster, "master", damage)
        done = cluster.run("repair", cluster.stack, WORKER)
        assert done.code == 1
        assert "is missing or not what the master put there" in done.text
        assert "python -m fleet repair STACK master" in done.text
        assert inside(cluster, "master", "ls /shared").split() == []
    assert cluster.run("repair", cluster.stack, "master").code == 0
    assert cluster.run("repair", cluster.stack, WORKER).code == 0


@pytest.mark.exhaustive
@fault(
    "the computer with the local hosts reboots",
    holds="hosts that are started again rejoin by themselves",
    remedy="`python3 -m tools.local_hosts start --stack STACK`",
    guard=Guard(
        "tools/local_hosts/listing.py",
        "        machine.start(stack, node)\n",
        "",
        "every host that does not run is started",
        seconds=300,
    ),
)
def test_all_hosts_stop_and_start_again(cluster: Fleet) -> None:
    nodes = ("master", "workers-1", "workers-2")
    podman("kill", *map(cluster.container, nodes))
    assert not is_well(cluster)
    start = [sys.executable, "-m", "tools.local_hosts", "start", "--stack", cluster.stack]
    subprocess.run(start, cwd=cluster.folder, check=True)
    wait_until("the cluster is well", lambda: is_well(cluster), 240)
