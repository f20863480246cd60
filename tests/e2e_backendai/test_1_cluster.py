"""A control plane and its agents on the real engine: sessions, agents that leave, a master made anew."""

import json
import subprocess

import pytest

from tests.e2e.conftest import Argvs
from tests.e2e.project import wait_until
from tests.e2e_backendai.project import BackendaiFleet, sql

NODES = ("master", "docker-1", "docker-2", "pretended-1")
AGENTS = NODES[1:]


def test_every_agent_is_alive_in_the_group_of_its_pool(up: BackendaiFleet) -> None:
    found = json.loads(up.status().text)
    assert {node["name"] for node in found["nodes"]} == set(NODES)
    rows = dict(row.split("|") for row in sql(up, "SELECT id, scaling_group FROM agents").splitlines())
    assert rows == {f"t-bai-{name}": name.rpartition("-")[0] for name in AGENTS}


def test_a_second_up_changes_nothing_and_restarts_nothing(up: BackendaiFleet) -> None:
    before = {node: up.pid(node) for node in NODES}
    assert set(up.up_well().counts()) == {"unchanged"}
    assert before == {node: up.pid(node) for node in NODES}


@pytest.fixture(scope="module")
def secrets(up: BackendaiFleet) -> dict[str, str]:
    told = up.outputs()["clientConfig"]
    redis = "sudo sed -n 's/^requirepass //p' /etc/redis/redis.conf"
    return {
        "administrator's password": told["password"],
        "administrator's secret key": told["secretKey"],
        "password of redis": up.ssh("master", redis).strip(),
        "password of etcd's root": up.ssh("master", "sudo cat /etc/backendai/etcd-root").strip(),
        "login key": up.outputs()["inventory"]["loginKey"].splitlines()[3],
    }


def test_no_secret_is_in_plain_state_or_in_an_argv(
    up: BackendaiFleet, argvs: Argvs, secrets: dict[str, str]
) -> None:
    state, seen = up.pulumi("stack", "export"), "\n".join(argvs.seen)
    assert "backend.ai" in seen
    assert [name for name, value in secrets.items() if value in state or value in seen] == []


@pytest.mark.parametrize("node", NODES)
def test_no_secret_is_where_others_can_read_it(
    up: BackendaiFleet, secrets: dict[str, str], node: str
) -> None:
    pattern = "|".join(secrets.values())
    searched = "/etc /home /opt/backendai/requirements /run /tmp /usr/local /var/log /var/lib/agent-fleet"
    line = f"sudo find {searched} -xdev -type f -perm -o=r -print0 | sudo xargs -0 grep -lE '{pattern}' || :"
    assert up.inside(node, line.replace("sudo ", "")) == ""


def test_a_batch_session_succeeds_on_a_kernel_image_of_a_registry(up: BackendaiFleet) -> None:
    up.batch("first", "python3 -c 'print(6 * 7)'")
    wait_until("the session is over", lambda: up.session("first")[0] == "TERMINATED", 180)
    assert up.session("first") == ("TERMINATED", "SUCCESS")


def test_an_account_comes_and_goes_in_place(up: BackendaiFleet) -> None:
    before = {node: up.pid(node) for node in NODES}
    settings = up.config["cluster"]["settings"]
    settings["users"] = [{"email": "bob@example.org"}]
    assert set(up.up_well().counts()) == {"updated", "unchanged"}
    (bob,) = up.outputs()["clientConfig"]["users"]
    up.client("session", "list", keys=bob)
    settings["users"] = []
    up.up_well()
    with pytest.raises(subprocess.CalledProcessError):
        up.client("session", "list", keys=bob)
    assert before == {node: up.pid(node) for node in NODES}


@pytest.mark.exhaustive
def test_an_agent_that_leaves_lets_its_session_end_first(up: BackendaiFleet) -> None:
    other = up.pid("docker-1"), up.pid("master")
    up.batch("last", "sleep 40", "docker", "--assign-agent", "t-bai-docker-2")
    wait_until("the session runs", lambda: up.session("last")[0] == "RUNNING", 120)
    up.config["cluster"]["pools"][0]["without"] = [2]
    done = up.up_well()
    assert "draining docker-2" in done.text
    assert up.session("last") == ("TERMINATED", "SUCCESS")
    assert done.touched("deleted") == {"docker-2-host", "docker-2-step", "docker-2-membership"}
    assert sql(up, "SELECT count(*) FROM agents WHERE id = 't-bai-docker-2'") == "0"
    assert "docker-2" not in json.dumps(up.nodes())
    assert other == (up.pid("docker-1"), up.pid("master"))


@pytest.mark.exhaustive
def test_a_master_made_anew_is_the_same_cluster(up: BackendaiFleet) -> None:
    before = sql(up, "SELECT name, result FROM sessions ORDER BY name")
    host = up.outputs()["masterPrivateIp"]
    assert up.run("replace", up.stack, "master").code == 0
    assert up.status().code == 0
    assert sql(up, "SELECT name, result FROM sessions ORDER BY name") == before != ""
    assert up.outputs()["masterPrivateIp"] == host
    up.batch("after", "python3 -c 'print(1)'")
    wait_until("the session is over", lambda: up.session("after")[0] == "TERMINATED", 180)
    assert up.session("after")[1] == "SUCCESS"
