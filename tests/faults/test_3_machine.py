"""A machine that is not as a step or an agent needs it: disk, memory, clock, mounts, time."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.project import Fleet, podman, wait_until
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import edited, inside, is_well, machine_id, worker, workers

# One file system of 4 MiB without a free block, in place of every folder to which a step writes.
FULL = """
mount -t tmpfs -o size=4M full /mnt
mkdir /mnt/opt /mnt/log
chgrp adm /mnt/log
dd if=/dev/zero of=/mnt/filler bs=64k 2>/dev/null || true
mount --bind /mnt/opt /opt
mount --bind /mnt/log /var/log/agent-fleet
"""
FREE = "umount /opt /var/log/agent-fleet /mnt 2>/dev/null || true"
EATER = "  python3 -c 'x = b\"x\" * (8 << 30)'\n"


@pytest.fixture
def changed(request: pytest.FixtureRequest, cluster: Fleet) -> Iterator[Fleet]:
    """Every step has something to do at the next `up`."""
    prepare = "  ${prepare:-:}\n"
    with edited(cluster, "userdata/ray.sh", prepare, f"{prepare}  : for {request.node.name}\n"):
        yield cluster


@pytest.mark.exhaustive
@fault(
    "a worker's disk is full",
    holds="`up` fails and says which folder is full and how much it needs; the running agent stays as it is",
    remedy="make room, then `make up` again",
    guard=Guard(
        "userdata/common.sh",
        '  need_space "${log%/*}" 16\n',
        "",
        "a step looks for room before it writes",
    ),
)
def test_a_full_disk_is_told_and_leaves_the_agent_alone(changed: Fleet) -> None:
    name = worker(changed)
    pid = changed.pid(name)
    inside(changed, name, FULL)
    try:
        done = changed.up()
    finally:
        inside(changed, name, FREE)
    assert done.code != 0
    assert (
        f"error on {name}: disk full: /var/log/agent-fleet needs 16 MiB, 0 are free; make room" in done.text
    )
    assert changed.up().code == 0
    assert changed.pid(name) == pid


@pytest.mark.exhaustive
@fault(
    "memory runs out in a step",
    holds="`up` fails and says that it was memory; the running agent stays as it is",
    remedy="give the machine more memory, or the step less to do; then `make up` again",
    guard=Guard(
        "userdata/common.sh",
        "  ((code != 137)) || what+=",
        "  : what+=",
        "a step that ends by SIGKILL names the likely reason",
    ),
)
def test_a_step_that_eats_all_memory_is_told_and_leaves_the_agent_alone(cluster: Fleet) -> None:
    pid = cluster.pid("master")
    with edited(cluster, "userdata/ray.sh", "  ${prepare:-:}\n", f"  say 'eating'\n{EATER}"):
        done = cluster.up()
    assert done.code != 0
    assert "error on master: eating: it was killed, most likely because memory ran out" in done.text
    assert cluster.up().code == 0
    assert cluster.pid("master") == pid


@pytest.mark.exhaustive
@fault(
    "a script hangs",
    holds="the step is ended at its time limit, and says in what it hung",
    remedy="`make up` again",
    guard=Guard(
        "components/commands.py",
        '"timeout", "--kill-after=30", str(seconds), *command',
        '"env", *command',
        "every Command has a time limit on its machine",
        seconds=150,
    ),
)
def test_a_script_that_hangs_is_ended_at_its_limit(cluster: Fleet) -> None:
    with (
        edited(cluster, "components/call.py", "STEP_SECONDS = 1800", "STEP_SECONDS = 45"),
        edited(cluster, "userdata/ray.sh", "  ${prepare:-:}\n", "  say 'doing nothing'\n  sleep 86400\n"),
    ):
        try:
            done = cluster.up()
        finally:
            inside(cluster, "master", "pkill -f '[s]leep 86400' || true")
    assert done.code != 0
    assert "error on master: time limit: doing nothing" in done.text
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@fault(
    "a program in a step prints a line of 100 kB and fails",
    holds="`up` ends, with the beginning of that line; pulumi-command would hang for ever at it",
    remedy="mend what the error names, then `make up` again",
    guard=Guard(
        "userdata/common.sh",
        "  } | cut -c-300 >&3\n",
        "  } >&3\n",
        "lines of a log are cut before they are streamed",
    ),
)
def test_a_line_of_100_kb_does_not_hang_the_engine(cluster: Fleet) -> None:
    long = "  printf '%0100000d\\n' 7\n  false\n"
    with edited(cluster, "userdata/ray.sh", "  ${prepare:-:}\n", long):
        done = cluster.up()
    assert done.code != 0
    assert f"\n    {'0' * 300}\n" in done.text
    assert "hangs for ever" not in done.text
    assert cluster.up().code == 0


@pytest.mark.exhaustive
@fault(
    "the shared storage is not mounted on a worker",
    holds="`up` fails and says so; nothing is written to where it should be",
    remedy="restart the machine, or `fleet replace NODE`",
    guard=Guard(
        "components/commands.py",
        '{{ echo "{unmounted}" >&2; exit 1; }}; \'\n',
        "mkdir -p {storage}/.agent-fleet; '\n",
        "a worker's step begins when the storage is mounted",
    ),
)
def test_a_worker_without_the_shared_storage_is_told(changed: Fleet) -> None:
    name = worker(changed)
    with edited(changed, "components/commands.py", 'f"timeout 120 sh -c', 'f"timeout 15 sh -c'):
        inside(changed, name, "umount /shared")
        try:
            done = changed.up()
            found = inside(changed, name, "ls -A /shared")
        finally:
            podman("restart", changed.container(name))
    assert done.code != 0
    assert f"error on {name}: no shared storage is mounted at /shared: restart the machine" in done.text
    assert found == ""
    assert changed.up().code == 0


@pytest.mark.exhaustive
@fault(
    "`/tmp` is mounted noexec",
    holds="tasks with packages of their own run",
    remedy="nothing",
    guard=Guard(
        "userdata/ray.sh",
        "RAY_TMPDIR=/var/lib/ray\n",
        "RAY_TMPDIR=/tmp\n",
        "Ray's sessions are not in /tmp",
    ),
)
def test_tasks_with_packages_of_their_own_run_where_tmp_is_noexec(cluster: Fleet) -> None:
    for node in ("master", worker(cluster)):
        inside(cluster, node, "mount -o remount,noexec /tmp; systemctl restart ray")
    try:
        wait_until("the agents are back", lambda: is_well(cluster))
        code = (
            "import ray; ray.init(); "
            # compiled: noexec keeps libraries from being loaded, and programs behind a link run all the same
            "task = ray.remote(lambda: __import__('xxhash').xxh32_intdigest(b'')); "
            "print('said', ray.get(task.options(runtime_env={'pip': ['xxhash']}).remote(), timeout=120))"
        )
        done = cluster.run("run", cluster.stack, "--", "python", "-c", code, seconds=180)
    finally:
        for node in ("master", worker(cluster)):
            inside(cluster, node, "mount -o remount,exec /tmp")
    assert done.code == 0
    assert "said 46947589" in done.text


CLOCK = "/etc/systemd/system/ray.service.d"
AHEAD = f"""
apt-get -qy update
apt-get -qqy install --no-install-recommends libfaketime
mkdir -p {CLOCK}
cat >{CLOCK}/clock.conf <<END
[Service]
Environment=LD_PRELOAD=$(dpkg -L libfaketime | grep faketime.so.1)
Environment=FAKETIME=+10h FAKETIME_DONT_FAKE_MONOTONIC=1
END
systemctl daemon-reload
systemctl restart ray
"""


@pytest.fixture
def ahead(changed: Fleet) -> Iterator[Fleet]:
    """Hosts share the clock of their kernel, so libfaketime turns that of Ray's processes on the master."""
    try:
        inside(changed, "master", AHEAD)
        wait_until("the master is back", lambda: is_well(changed), 180)
        yield changed
    finally:
        inside(changed, "master", f"rm -rf {CLOCK}; systemctl daemon-reload; systemctl restart ray")
        wait_until("the master is back", lambda: is_well(changed), 180)


@pytest.mark.exhaustive
@fault(
    "the clock of Ray on the master is ten hours ahead of the workers'",
    holds="workers join and are verified",
    remedy="nothing",
    guard=Guard(
        "userdata/ray_head.sh",
        '--argjson since "${STEP##*@}"',
        "--argjson since \"$(known_nodes | jq 'map(select(.is_head_node).start_time_ms / 1000) | max')\"",
        "a membership compares times of the agent's own clock",
        seconds=300,
    ),
)
def test_a_master_with_a_wrong_clock_verifies_its_workers(ahead: Fleet) -> None:
    nodes = inside(ahead, "master", "bash /usr/local/lib/agent-fleet/ray.sh nodes </dev/null")
    started = {node["isHead"]: node["startedMs"] for node in json.loads(nodes)}
    assert started[True] - started[False] > 9 * 3600 * 1000
    before = machine_id(ahead, worker(ahead))
    done = ahead.up()
    assert done.code == 0
    assert {f"{name}-membership" for name in workers(ahead)} <= done.touched("updated")
    assert before == machine_id(ahead, worker(ahead))
