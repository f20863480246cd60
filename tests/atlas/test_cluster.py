"""A cluster as the steps leave it: what it is, what a second run and changes do, who comes and goes."""

import json
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest
import yaml

from components import keys
from tests.atlas.hosts import AtlasHosts, fleet
from tests.atlas.standins import Standins
from tests.cluster_hosts import well
from tests.local.hosts import SEED, podman

pytestmark = pytest.mark.exhaustive

WORKERS = ("plain-1", "wide-1")
HOME = "/shared/atlas"
ACCOUNTS = "/var/lib/atlas/h2/data/keycloak.json"
ALL = {
    "foundations-tracker",
    "foundations-archive-server",
    "atlas-rest-api",
    "atlas-gui",
    "atlas-authentication-proxy",
    "foundations-scheduler",
    "atlas-tensorboard-server",
    "atlas-tensorboard-rest-api",
}


def soon(what: Callable[[], bool], seconds: int) -> None:
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, f"not so after {seconds} s"
        sleep(1)


def read(hosts: AtlasHosts, node: str, path: str) -> Any:
    return yaml.safe_load(hosts.inside(node, "cat", f"{HOME}/config/{path}"))


def token(hosts: AtlasHosts, user: str, password: str, realm: str = "Atlas") -> dict[str, Any]:
    url = f"http://127.0.0.1:8080/auth/realms/{realm}/protocol/openid-connect/token"
    form = f"grant_type=password&client_id=foundations&username={user}&password={password}"
    return json.loads(hosts.inside("master", "curl", "-sS", "-d", "@-", url, data=form))


def through_the_proxy(hosts: AtlasHosts, session: str) -> str:
    """The status of an answer, asked as `foundations` asks."""
    asked = f"curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer {session}'"
    return hosts.shell("master", f"{asked} http://127.0.0.1:5558/workers")


def test_every_node_has_the_containers_that_it_should(hosts: AtlasHosts) -> None:
    assert set(hosts.containers("master")) == {*ALL, "foundations-authentication-server"}
    for worker in WORKERS:
        # pages that nobody opens come after the scheduler that the master waits for
        soon(lambda worker=worker: set(hosts.containers(worker)) == ALL, 60)


def test_all_nodes_read_the_same_files_with_the_masters_address(hosts: AtlasHosts) -> None:
    master = hosts.addresses["master"]
    for node in ("master", *WORKERS):
        databases = read(hosts, node, "local_docker_scheduler/database.config.yaml")
        assert {(one["args"]["host"], one["args"]["port"]) for one in databases.values()} == {(master, 5556)}
        of_jobs = "local_docker_scheduler/worker_config"
        submission = read(hosts, node, f"{of_jobs}/submission/scheduler.config.yaml")
        assert submission["scheduler_url"] == f"http://{master}:5558"
        assert (
            read(hosts, node, "submission/scheduler.config.yaml")["working_dir_root"] == "/var/lib/atlas/work"
        )
    owner = hosts.shell("plain-1", f"stat -c %U {HOME}/config/atlas.config.yaml {HOME}/job_data")
    assert owner.split() == ["atlas", "atlas"]


def test_what_differs_by_node_is_in_the_environment(hosts: AtlasHosts) -> None:
    slots = {"master": "0", "plain-1": "1", "wide-1": "2"}
    for node, count in slots.items():
        said = hosts.shell(node, "docker inspect -f '{{json .Config.Env}}' foundations-scheduler")
        told = dict(item.split("=", 1) for item in json.loads(said))
        assert told["SCHEDULER_HOST_URL"] == f"http://{hosts.addresses[node]}:5000/"
        assert told["REDIS_HOST"] == hosts.addresses["master"]
        assert told["NUM_WORKERS"] == count


def test_every_worker_is_known_with_its_slots(hosts: AtlasHosts) -> None:
    nodes = hosts.nodes()
    assert {name: node["work"] for name, node in nodes.items()} == {
        "plain-1": "0 jobs, 1 slots",
        "wide-1": "0 jobs, 2 slots",
    }
    for name in ("master", *WORKERS):
        assert hosts.status(name)["unit"] == "active"


def test_only_what_the_catalogue_says_answers(hosts: AtlasHosts) -> None:
    """Docker publishes all of them on every node."""
    master, plain, wide = (hosts.addresses[name] for name in ("master", *WORKERS))
    assert hosts.stack.answering("plain-1", master) == {5556, 5558}
    assert hosts.stack.answering("master", plain) == {22, 5000}
    assert hosts.stack.answering("plain-1", wide) == set()


def test_a_job_runs_on_a_worker_and_its_result_is_shared(hosts: AtlasHosts) -> None:
    hosts.submit("first")
    soon(lambda: "first" in hosts.jobs("completed"), 30)
    where = hosts.shell("master", f"cat {HOME}/job_data/archive/first")
    assert where in {f"http://{hosts.addresses[name]}:5000/" for name in WORKERS}


def test_what_atlas_ships_opens_nothing(hosts: AtlasHosts) -> None:
    for user in ("test", "test2"):
        assert token(hosts, user, user) == {"error": "invalid_grant"}
    assert token(hosts, "admin", "admin", "master") == {"error": "invalid_grant"}


def test_a_person_changes_the_temporary_password_before_anything_else(hosts: AtlasHosts) -> None:
    password = keys.derive(SEED, "atlas/user/ann").hex()[:20]
    assert token(hosts, "ann", password) == {"error_description": "Account is not fully set up"}
    assert through_the_proxy(hosts, "") == "401"


def test_a_person_with_a_password_of_their_own_is_let_through(hosts: AtlasHosts) -> None:
    """They choose it in the browser, which the administrator does here in their place."""
    password = keys.derive(SEED, "atlasAdminPassword").hex()
    admin = token(hosts, "admin", password, "master")["access_token"]
    accounts = json.loads(hosts.inside("master", "cat", ACCOUNTS))
    (bob,) = [user["id"] for user in accounts["Atlas"]["users"] if user["username"] == "bob"]
    chosen = json.dumps({"value": "chosen-by-bob", "temporary": False})
    url = f"http://127.0.0.1:8080/auth/admin/realms/Atlas/users/{bob}/reset-password"
    asked = ("curl", "-fsS", "-X", "PUT", "-H", f"Authorization: Bearer {admin}", "-d", "@-", url)
    hosts.inside("master", *asked, data=chosen)

    assert through_the_proxy(hosts, token(hosts, "bob", "chosen-by-bob")["access_token"]) == "200"
    assert through_the_proxy(hosts, "of-nobody") == "401"


def test_no_password_is_in_a_log(hosts: AtlasHosts) -> None:
    logs = hosts.shell("master", "cat /var/log/agent-fleet/*.log; journalctl -u atlas --no-pager")
    for label in ("atlas/user/ann", "atlasAdminPassword"):
        assert keys.derive(SEED, label).hex()[:20] not in logs


def test_a_second_run_changes_nothing_and_restarts_nothing(hosts: AtlasHosts) -> None:
    before = {node: hosts.containers(node) for node in ("master", *WORKERS)}
    written = hosts.shell("master", f"find {HOME}/config -type f -printf '%p %T@\\n' | sort")
    for name in ("master", *WORKERS):
        said = well(hosts.step(name)).said
        assert "starting" not in said
        assert "getting" not in said
    assert {node: hosts.containers(node) for node in ("master", *WORKERS)} == before
    assert hosts.shell("master", f"find {HOME}/config -type f -printf '%p %T@\\n' | sort") == written


def test_people_come_and_go_without_a_restart(hosts: AtlasHosts, standins: Standins) -> None:
    before, all_of_them = hosts.containers("master"), hosts.fleet
    hosts.fleet = fleet(standins.settings(), users=[{"name": "carol", "email": "carol@example.org"}])
    well(hosts.step("master"))
    for name in ("ann", "carol"):
        password = keys.derive(SEED, f"atlas/user/{name}").hex()[:20]
        assert "not fully set up" in token(hosts, name, password)["error_description"]
    accounts = json.loads(hosts.inside("master", "cat", ACCOUNTS))
    enabled = {user["username"]: user["enabled"] for user in accounts["Atlas"]["users"]}
    assert enabled == {"ann": False, "bob": False, "carol": True}
    hosts.fleet = all_of_them
    well(hosts.step("master"))
    assert hosts.containers("master") == before


def test_a_worker_that_leaves_ends_its_jobs_and_touches_no_other(hosts: AtlasHosts) -> None:
    other = hosts.containers("plain-1")
    records = 'docker exec foundations-tracker python3 -c \'print(open("/data/dump.rdb","rb").read().hex())\''
    hosts.submit("long-1", 8)
    hosts.submit("long-2", 8)
    hosts.submit("long-3", 8)
    soon(lambda: len(hosts.jobs("running")) == 3, 30)
    said = well(hosts.leave("wide-1")).said
    assert "draining wide-1" in said
    assert {"long-1", "long-2", "long-3"} <= set(hosts.jobs("completed"))
    assert set(hosts.nodes()) == {"plain-1"}
    # what has no connection to the tracker may stop after it
    soon(lambda: hosts.containers("wide-1") == {}, 60)
    assert hosts.containers("plain-1") == other
    assert hosts.shell("master", records)
    well(hosts.step("wide-1"))
    well(hosts.join("wide-1"))


WRITER = """
import sys, time
sys.path.insert(0, "/usr/local/lib/agent-fleet")
from atlas_tracker import Tracker
tracker, number = Tracker(), 0
while True:
    tracker.ask("SET", "written", str(number))
    number += 1
    time.sleep(0.01)
"""


def test_a_workers_own_redis_never_touches_the_masters(hosts: AtlasHosts) -> None:
    """It is killed and stopped while the master writes."""
    hosts.inside("master", "install", "/dev/stdin", "/run/writer.py", data=WRITER)
    hosts.shell("master", "systemd-run --unit=writer python3 /run/writer.py")
    hosts.shell("plain-1", "docker kill foundations-tracker; systemctl restart atlas")
    well(hosts.step("plain-1"))
    well(hosts.join("plain-1"))
    # its redis saves once more when it is stopped
    hosts.shell("plain-1", "docker stop foundations-tracker; systemctl restart atlas")
    hosts.shell("master", "systemctl stop writer")
    ask = "from atlas_tracker import Tracker; print(Tracker().ask('GET', 'written').decode())"
    read_back = f'cd /usr/local/lib/agent-fleet; python3 -c "{ask}"'
    last = hosts.shell("master", read_back)
    assert int(last) > 100
    hosts.shell("master", "docker restart foundations-tracker")
    soon(lambda: hosts.shell("master", f"{read_back} || :") == last, 30)
    assert "first" in hosts.jobs("completed")
    for node in ("master", "plain-1"):
        assert hosts.shell(node, "find /shared -name dump.rdb") == ""
    soon(lambda: hosts.join("plain-1").code == 0, 60)


def test_the_units_stop_is_the_end_of_the_containers(hosts: AtlasHosts) -> None:
    hosts.shell("plain-1", "systemctl stop atlas")
    assert hosts.shell("plain-1", "docker ps -aq") == ""
    hosts.shell("plain-1", "systemctl start atlas")
    soon(lambda: set(hosts.containers("plain-1")) == ALL, 60)
    # without atlas-server's own stop as well
    hosts.shell("plain-1", "systemctl kill -s KILL --kill-whom=main atlas")
    well(hosts.join("plain-1"))


def test_a_dead_workers_job_is_named_and_marked(hosts: AtlasHosts) -> None:
    hosts.submit("lost-1", 600)
    hosts.submit("lost-2", 600)
    hosts.submit("lost-3", 600)
    soon(lambda: len(hosts.jobs("running")) == 3, 30)
    podman("kill", hosts.stack.container("wide-1"))
    said = well(hosts.leave("wide-1")).said
    assert "marked as failed" in said
    assert "submit them again" in said
    assert len(hosts.jobs("running")) == 1
    podman("start", hosts.stack.container("wide-1"))
    well(hosts.step("wide-1"))
    well(hosts.join("wide-1"))


def test_a_replaced_master_is_the_same_cluster(hosts: AtlasHosts) -> None:
    accounts = hosts.inside("master", "cat", ACCOUNTS)
    hosts.stack.remove_machine("master")
    hosts.boot("master")
    well(hosts.step("master"))
    assert "the account " not in hosts.shell("master", "cat /var/log/agent-fleet/atlas.log")
    for name in WORKERS:
        well(hosts.step(name))
        well(hosts.join(name))
    assert hosts.inside("master", "cat", ACCOUNTS) == accounts
    assert "first" in hosts.jobs("completed")
    assert hosts.shell("master", "findmnt -no TARGET --target /var/lib/atlas") == "/var/lib/atlas"


def test_a_rebooted_master_is_the_same_cluster(hosts: AtlasHosts) -> None:
    podman("restart", hosts.stack.container("master"))
    soon(lambda: hosts.step("master").code == 0, 300)
    assert "first" in hosts.jobs("completed")
    for name in WORKERS:
        well(hosts.join(name))
