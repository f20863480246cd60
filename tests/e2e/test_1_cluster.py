"""A first `up`: what there is then, and what there is not."""

import json
import re
import subprocess

import pytest

from tests.e2e.conftest import Argvs
from tests.e2e.project import Fleet, podman


def test_a_first_up_is_green_and_says_where_everything_is(cluster: Fleet) -> None:
    outputs = cluster.outputs()
    assert re.fullmatch(r"10\.\d+\.\d+\.\d+", outputs["masterPrivateIp"])
    assert outputs["masterPublicIp"] == "127.0.0.1"
    assert [worker["name"] for worker in outputs["workers"]] == ["workers-1", "workers-2"]
    assert outputs["urls"]["rayDashboard"].startswith("http://127.0.0.1:")
    assert outputs["clientConfig"]["user"] == "ray"


def test_status_shows_every_node_alive(cluster: Fleet) -> None:
    done = cluster.status()
    assert done.code == 0
    assert {"master", "workers-1", "workers-2"} == {node["name"] for node in json.loads(done.text)["nodes"]}


def test_every_login_command_works_when_pasted(cluster: Fleet) -> None:
    for node, command in cluster.outputs()["ssh"].items():
        done = subprocess.run(  # noqa: S602 - it is pasted into a shell
            f"{command} hostname",
            shell=True,
            cwd=cluster.folder,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == node, done.stderr


def test_a_second_up_changes_nothing_and_restarts_nothing(cluster: Fleet) -> None:
    before = {node: cluster.pid(node) for node in ("master", "workers-1", "workers-2")}
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"unchanged"}
    assert before == {node: cluster.pid(node) for node in before}


def test_a_real_pipeline_runs_on_the_workers(cluster: Fleet) -> None:
    assert cluster.run("job", cluster.stack).code == 0


def test_a_job_ends_with_its_own_exit_code(cluster: Fleet) -> None:
    assert cluster.run("run", cluster.stack, "--", "python", "-c", "raise SystemExit(7)").code == 7


LISTENING = "sudo ss -ltnH | awk '{print $4}' | grep -v -e ^127 -e '^\\[::1' | sed 's/.*://' | sort -un"
PROBE = """
import socket, sys
for address in sys.argv[1].split(","):
    for port in sys.argv[2].split(","):
        with socket.socket() as dial:
            dial.settimeout(0.7)
            if dial.connect_ex((address, int(port))) == 0:
                print(f"{address}:{port}")
"""


@pytest.fixture(scope="module")
def listening(cluster_ports: dict[str, list[int]]) -> list[int]:
    return sorted({port for ports in cluster_ports.values() for port in ports})


@pytest.fixture(scope="module")
def cluster_ports(fleet: Fleet, first_up: str) -> dict[str, list[int]]:
    del first_up
    return {
        node: [int(port) for port in fleet.ssh(node, LISTENING).split()]
        for node in ("master", "workers-1", "workers-2")
    }


def test_a_stranger_in_the_network_finds_every_port_closed(cluster: Fleet, listening: list[int]) -> None:
    assert {22, 6379, 8076, 8077, 8079} <= set(listening)
    addresses = [
        cluster.outputs()["masterPrivateIp"],
        *(w["privateIp"] for w in cluster.outputs()["workers"]),
    ]
    image = podman("inspect", "--format", "{{.Image}}", cluster.container("master")).strip()
    open_ports = podman(
        "run",
        "--rm",
        "--runtime=runc",
        "--ulimit=nofile=20000:20000",
        "--ulimit=nproc=32768:32768",
        f"--network=agent-fleet-{cluster.stack}",
        "--entrypoint=python3",
        image,
        "-c",
        PROBE,
        ",".join(addresses),
        ",".join(map(str, listening)),
    )
    assert open_ports == ""


def test_a_worker_reaches_only_what_the_catalogue_says(cluster: Fleet, listening: list[int]) -> None:
    head, other = cluster.outputs()["masterPrivateIp"], cluster.outputs()["workers"][1]["privateIp"]
    ports = ",".join(map(str, listening))
    found = cluster.ssh("workers-1", f"python3 -c '{PROBE}' {head},{other} {ports}").split()
    reached = {(address == head, int(port)) for address, port in (pair.split(":") for pair in found)}
    assert {port for on_head, port in reached if on_head and port < 20000} == {6379, 8076, 8077}
    assert {port for on_head, port in reached if not on_head and port < 20000} == {8076, 8077}


@pytest.fixture(scope="module")
def secrets(fleet: Fleet, first_up: str) -> dict[str, str]:
    del first_up
    outputs = fleet.outputs()
    state = json.loads(fleet.pulumi("stack", "export", "--show-secrets"))
    (seed,) = (r for r in state["deployment"]["resources"] if r["urn"].endswith("::seed"))
    host_key = fleet.ssh("workers-1", "sudo cat /etc/ssh/ssh_host_ed25519_key")
    return {
        "seed": json.loads(seed["outputs"]["stdout"]["plaintext"]),
        "token": fleet.ssh("master", "sudo cat /etc/ray/token").strip(),
        "login key": outputs["inventory"]["loginKey"].splitlines()[3],
        "client key": outputs["clientConfig"]["privateKey"].splitlines()[3],
        "host key": host_key.splitlines()[3],
    }


def test_no_secret_is_in_what_up_printed(first_up: str, secrets: dict[str, str]) -> None:
    assert [name for name, value in secrets.items() if value in first_up] == []


def test_no_secret_was_in_any_processs_argv(argvs: Argvs, secrets: dict[str, str]) -> None:
    seen = "\n".join(argvs.seen)
    assert "ray start" in seen
    assert [name for name, value in secrets.items() if value in seen] == []


def test_no_secret_is_in_the_state_in_plain(cluster: Fleet, secrets: dict[str, str]) -> None:
    files = [file for file in (cluster.folder / ".fleet/state").rglob("*") if file.is_file()]
    text = "\n".join(file.read_text(errors="replace") for file in files)
    assert "workers-1-step" in text
    assert [name for name, value in secrets.items() if value in text] == []


@pytest.mark.parametrize("node", ["master", "workers-1"])
def test_no_secret_is_in_a_nodes_logs_or_readable_for_others(
    cluster: Fleet, secrets: dict[str, str], node: str
) -> None:
    patterns = "\\n".join(secrets.values())
    logs = "sudo sh -c 'cat /var/log/agent-fleet/* /var/log/cloud-init*.log; journalctl --no-pager'"
    assert cluster.ssh(node, f"{logs} | grep -cF -e \"$(printf '{patterns}')\" || true").strip() == "0"
    readable = (
        f"printf '{patterns}' >/tmp/patterns; chmod 644 /tmp/patterns; "
        "sudo runuser -u nobody -- grep -rlsF -f /tmp/patterns /etc /var/lib /var/log /run /shared /home "
        "/usr/local || true; rm /tmp/patterns"
    )
    assert cluster.ssh(node, readable) == ""
