"""Machines of the elastic pool as real hosts, booted from their launch template's user data alone."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import sleep

import pytest
import yaml

from tests.cluster_hosts import well
from tests.elastic.cloud import KEYS
from tests.elastic.hosts import PARAMETER, ElasticHosts, elastic_fleet
from tests.elastic.test_1_requests import end_all, soon
from tests.local.hosts import made, podman
from tests.ray.hosts import SECOND_TOKEN, TOKEN

FIXED = "steady-1"


@pytest.fixture(scope="module", autouse=True)
def workers(hosts: ElasticHosts) -> Iterator[None]:
    """Two at most, the first of which stays; instances are hosts from here on."""
    end_all(hosts)
    hosts.cloud.requests.clear()
    hosts.cloud.dry.clear()
    hosts.fleet = elastic_fleet(min=1, max=2, idleMinutes=1)
    well(hosts.step("master"))
    with hosts.bridge():
        yield


def elastic(hosts: ElasticHosts) -> dict[str, str]:
    """Instances whose Ray node lives, with its address."""
    live = hosts.live()
    return {instance: ip for instance, ip in hosts.bridged.items() if ip in live}


def tags_of(hosts: ElasticHosts, key: str) -> set[str]:
    machines = hosts.cloud.workers().values()
    return {tag["Value"] for each in machines for tag in each["Tags"] if tag["Key"] == key}


def started(hosts: ElasticHosts, instance: str) -> str:
    """When the host started: podman starts one again that powered itself off; a cloud ends it."""
    return podman("inspect", "--format={{.State.StartedAt}}", hosts.stack.container(instance))


def test_a_worker_boots_joins_and_stays_without_work_as_the_pool_says(hosts: ElasticHosts) -> None:
    soon(lambda: elastic(hosts), 240, hosts.cloud.problems)
    ((instance, ip),) = elastic(hosts).items()
    node = hosts.live()[ip]
    assert (node["type"], node["instance"], node["resources"]["CPU"]) == ("burst", instance, 2)
    assert hosts.cloud.problems == []
    assert set(hosts.cloud.parameters_read) == {PARAMETER}


def test_the_token_and_the_roles_keys_lie_nowhere_but_where_they_are_read(hosts: ElasticHosts) -> None:
    (instance,) = elastic(hosts)
    for secret, places in ((TOKEN, ["/etc/ray/token"]), (KEYS.secret_key, [])):
        searched = "/etc /home /opt/ray/requirements /root /run /tmp /usr/local /var"
        found = hosts.inside(
            instance, "bash", "-c", f"grep -rlsI --devices=skip {secret} {searched} || :"
        ).split()
        assert found == places
    assert hosts.inside(instance, "stat", "-c%a %U", "/etc/ray/token") == "600 ray\n"


def test_more_work_brings_a_second_one_and_all_of_them_do_it(hosts: ElasticHosts) -> None:
    with hosts.work(30, 10):
        soon(lambda: len(elastic(hosts)) == 2, 240, hosts.cloud.problems)
    with hosts.work(12, 5) as work:
        ran = hosts.ran_at(work)
    assert ran == {hosts.addresses[FIXED], *elastic(hosts).values()}


def test_a_spot_notice_drains_the_node_within_the_two_minutes(hosts: ElasticHosts) -> None:
    soon(lambda: len(elastic(hosts)) == 2, 240)
    instance, ip = sorted(elastic(hosts).items())[-1]
    with hosts.work(6, 25) as work:
        sleep(8)
        at = datetime.now(UTC) + timedelta(seconds=120)
        notice = {"action": "terminate", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        hosts.cloud.instances[ip]["spot/instance-action"] = json.dumps(notice)
        ran = hosts.ran_at(work)
        assert ip in ran, "what ran there when the notice came has ended well"
    soon(lambda: instance in hosts.cloud.terminated(), 60)
    assert datetime.now(UTC) < at


@pytest.mark.exhaustive
def test_an_idle_worker_goes_and_fixed_and_minimal_ones_stay(hosts: ElasticHosts) -> None:
    with hosts.work(16, 5):
        soon(lambda: len(elastic(hosts)) == 2, 240)
    soon(lambda: len(hosts.cloud.workers()) == 1, 180)
    sleep(11)
    assert len(elastic(hosts)) == 1
    assert hosts.addresses[FIXED] in hosts.live()


@pytest.mark.exhaustive
def test_the_head_is_never_ended_also_when_its_raylet_is_stopped(hosts: ElasticHosts) -> None:
    assert hosts.launched
    before = hosts.pid("master")
    hosts.inside("master", "pkill", "-9", "-x", "raylet")
    soon(lambda: hosts.pid("master") not in (before, "0"), 60)
    soon(lambda: elastic(hosts) and hosts.addresses[FIXED] in hosts.live(), 240)
    # and when the autoscaler outlives it: Ray's own parent is stopped, so that it ends nothing
    parent = hosts.pid("master")
    hosts.inside("master", "bash", "-c", f"kill -STOP {parent}; pkill -9 -x raylet")
    sleep(20)
    hosts.inside("master", "kill", "-CONT", parent)
    soon(lambda: hosts.pid("master") not in (parent, "0"), 60)
    soon(lambda: elastic(hosts) and hosts.addresses[FIXED] in hosts.live(), 240)
    log = hosts.inside("master", "bash", "-c", "cat /var/lib/ray/ray/session_*/logs/monitor.log")
    assert re.search(r"RAY_STOPPED->TERMINATING .*" + hosts.launched.head, log), "Ray did want to"
    assert hosts.launched.head not in hosts.cloud.terminated()


@pytest.mark.exhaustive
def test_a_new_token_reaches_workers_that_no_step_visits(hosts: ElasticHosts) -> None:
    soon(lambda: elastic(hosts), 240)
    (instance,) = elastic(hosts)
    hosts.token = SECOND_TOKEN
    hosts.put_token(SECOND_TOKEN)
    well(hosts.step("master"))
    soon(lambda: instance in elastic(hosts), 240)
    assert hosts.inside(instance, "cat", "/etc/ray/token") == SECOND_TOKEN
    well(hosts.step(FIXED))
    well(hosts.join(FIXED))


@pytest.mark.exhaustive
def test_a_pool_that_is_taken_out_loses_its_workers_and_the_others_go_on(hosts: ElasticHosts) -> None:
    soon(lambda: elastic(hosts), 240)
    (instance,) = elastic(hosts)
    hosts.fleet = elastic_fleet("el", "other", max=1)
    well(hosts.step("master"))
    soon(lambda: instance in hosts.cloud.terminated(), 60)
    with hosts.work(4, 600):
        soon(lambda: "other" in tags_of(hosts, "pool"), 60)


@pytest.mark.exhaustive
def test_a_worker_that_has_lost_its_cluster_ends_itself(hosts: ElasticHosts) -> None:
    soon(lambda: elastic(hosts), 240)
    instance = next(iter(elastic(hosts)))
    hosts.inside(instance, "sed", "-i", "s/LOST_SECONDS=.*/LOST_SECONDS=20/", "/etc/agent-fleet/boot.conf")
    hosts.inside(instance, "systemctl", "restart", "ray-watch")
    before = started(hosts, instance)
    hosts.inside("master", "systemctl", "stop", "ray")
    soon(lambda: started(hosts, instance) != before, 240)


@pytest.mark.exhaustive
def test_a_machine_whose_boot_does_not_succeed_ends_itself(hosts: ElasticHosts) -> None:
    document = yaml.safe_load(hosts.user_data())
    for file in document["write_files"]:
        if file["path"].endswith("/boot.sh"):
            file["content"] = "exit 1"
    data = "#cloud-config\n" + yaml.safe_dump(document)
    made(*hosts.stack.machine_arguments("i-faulty", "worker"), data=data)
    before = started(hosts, "i-faulty")
    soon(lambda: started(hosts, "i-faulty") != before, 180)
