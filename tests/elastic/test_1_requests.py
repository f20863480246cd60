"""What the autoscaler asks the cloud for, and when; nothing that it gets is a machine yet."""

import base64
import json
from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import jsonschema
import pytest

from components.platforms import ray_autoscaler
from tests.cluster_hosts import well
from tests.elastic.cloud import REGION
from tests.elastic.hosts import ElasticHosts, elastic_fleet
from tests.ray.hosts import TOKEN

SCHEMA = "cat /opt/ray/lib/python3*/site-packages/ray/autoscaler/ray-schema.json"


def soon(what: Callable[[], object], seconds: int, words: object = "") -> None:
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, f"not so after {seconds} s: {words}"
        sleep(1)


def asked_for(hosts: ElasticHosts) -> int:
    """Machines in all requests that were answered with some."""
    return len(hosts.cloud.workers("pending", "running", "terminated"))


def end_all(hosts: ElasticHosts) -> None:
    """The autoscaler, which looks every 5 s, knows all of them before, and none after."""
    while hosts.cloud.workers():
        sleep(6)
        hosts.cloud.client("ec2").terminate_instances(InstanceIds=list(hosts.cloud.workers()))
        sleep(6)


@pytest.fixture(autouse=True)
def fresh(hosts: ElasticHosts) -> None:
    """No machine from the test before, and no request of its."""
    end_all(hosts)
    hosts.cloud.requests.clear()
    hosts.cloud.dry.clear()
    before = asked_for(hosts)
    hosts.made_before = before


def made(hosts: ElasticHosts) -> int:
    return asked_for(hosts) - hosts.made_before


@pytest.mark.parametrize("elastic", [{"min": 0, "max": 40}, {"min": 3, "max": 3}], ids=str)
@pytest.mark.parametrize("spot", [True, False])
def test_the_file_is_valid_for_rays_own_schema_as_it_is(
    hosts: ElasticHosts, elastic: dict[str, Any], spot: bool
) -> None:
    schema = json.loads(hosts.inside("master", "bash", "-c", SCHEMA))
    assert hosts.launched
    made = elastic_fleet(**elastic)
    description = {**hosts.launched.description(made), "spot": spot}
    document = ray_autoscaler.configuration(made, {"burst": description})
    jsonschema.validate(document, schema)
    kind = document["available_node_types"]["burst"]
    assert (kind["min_workers"], kind["max_workers"]) == (elastic["min"], elastic["max"])
    assert document["max_workers"] == elastic["max"]
    assert ("InstanceMarketOptions" in kind["node_config"]) == spot


def test_forty_pending_tasks_lead_to_spot_launches_exactly_as_described(hosts: ElasticHosts) -> None:
    launched = hosts.launched
    assert launched
    # two run on the worker of the fixed pool, which the autoscaler leaves alone
    with hosts.work(42, 600):
        soon(lambda: made(hosts) >= 20, 90, hosts.cloud.problems)
        sleep(11)
    assert made(hosts) == 20, "and no more at the next ticks"
    requests = hosts.cloud.asked("RunInstances")
    assert sum(int(request["MaxCount"]) for request in requests) == 20
    for request in requests:
        said = {name: value for name, value in request.items() if not name.startswith("TagSpecification")}
        assert {**said, "MaxCount": "", "ClientToken": "", "Version": ""} == {
            "Action": "RunInstances",
            "InstanceType": "c5.large",
            "LaunchTemplate.LaunchTemplateId": launched.template,
            "LaunchTemplate.Version": "1",
            "InstanceMarketOptions.MarketType": "spot",
            "InstanceMarketOptions.SpotOptions.SpotInstanceType": "one-time",
            "NetworkInterface.1.DeviceIndex": "0",
            "NetworkInterface.1.SubnetId": launched.subnets[0],
            "NetworkInterface.1.SecurityGroupId.1": launched.group,
            "NetworkInterface.1.AssociatePublicIpAddress": "true",
            "NetworkInterface.1.DeleteOnTermination": "true",
            "MinCount": "1",
            "MaxCount": "",
            "ClientToken": "",
            "Version": "",
        }
    for instance in hosts.cloud.workers().values():
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        ours = {"project": "agent-fleet", "stack": "el", "team": "tests", "pool": "burst", "role": "worker"}
        rays = {"ray-cluster-name": "el", "ray-node-type": "worker", "ray-user-node-type": "burst"}
        assert {**ours, **rays, "Name": "el-burst"}.items() <= tags.items()
        assert instance["InstanceLifecycle"] == "spot"
        assert instance["ImageId"] == launched.image
        assert instance["Placement"]["AvailabilityZone"] == f"{REGION}a"
    data = hosts.user_data()
    assert TOKEN not in data
    assert len(base64.b64encode(data.encode())) < 16_384


def test_what_has_no_capacity_is_left_for_the_next_zone_and_then_the_next_type(hosts: ElasticHosts) -> None:
    assert hosts.launched
    first, second, third = hosts.launched.subnets
    hosts.cloud.dry = {("c5.large", first), ("c5.large", second), ("c5.large", third), (None, first)}
    with hosts.work(12, 600):
        soon(lambda: made(hosts) >= 5, 60)
        sleep(6)
    assert made(hosts) == 5
    tried = [
        (request["InstanceType"], request["NetworkInterface.1.SubnetId"])
        for request in hosts.cloud.asked("RunInstances")
    ]
    refused = [("c5.large", first), ("c5.large", second), ("c5.large", third), ("c5a.large", first)]
    assert Counter(tried) == Counter([*refused, ("c5a.large", second)])


@pytest.mark.exhaustive
def test_a_changed_maximum_holds_at_once_and_restarts_nothing(hosts: ElasticHosts) -> None:
    before = hosts.pid("master"), hosts.pid("steady-1")
    hosts.fleet = elastic_fleet(max=3)
    well(hosts.step("master"))
    assert (hosts.pid("master"), hosts.pid("steady-1")) == before
    with hosts.work(42, 600):
        soon(lambda: made(hosts) >= 3, 60)
        sleep(11)
        assert made(hosts) == 3
    hosts.fleet = elastic_fleet()
    well(hosts.step("master"))


def test_work_may_ask_for_a_pool_by_its_name(hosts: ElasticHosts) -> None:
    with hosts.work(2, 600, pool="burst"):
        soon(lambda: made(hosts) == 1, 60)


@pytest.mark.exhaustive
def test_nowhere_capacity_is_asked_for_with_patience_and_then_again(hosts: ElasticHosts) -> None:
    hosts.cloud.dry = {(None, None)}
    with hosts.work(6, 600):
        soon(lambda: len(hosts.cloud.asked("RunInstances")) >= 6, 60)
        sleep(30)
        assert len(hosts.cloud.asked("RunInstances")) == 6, "each type in each zone once a minute"
        said = hosts.inside("master", "bash", "-c", "cat /var/lib/ray/ray/session_latest/logs/monitor.log")
        assert "nodes of type burst: Node Launch Exception (InsufficientInstanceCapacity)" in said
        assert "(Waiting): after this answer: Node Launch Exception (InsufficientInstanceCapacity)" in said
        hosts.cloud.dry.clear()
        soon(lambda: made(hosts) == 2, 90)


@pytest.mark.exhaustive
def test_machines_that_are_gone_before_they_were_seen_are_asked_for_again(hosts: ElasticHosts) -> None:
    with hosts.work(4, 600):
        soon(lambda: made(hosts) == 1, 60)
        (first,) = hosts.cloud.workers()
        hosts.cloud.client("ec2").terminate_instances(InstanceIds=[first])
        soon(lambda: made(hosts) == 2, 180)


@pytest.mark.exhaustive
def test_machines_that_never_join_are_ended_and_others_tried(hosts: ElasticHosts) -> None:
    call = hosts.call("master")
    short = str(call.settings["HEAD_ENVIRONMENT"]).replace("_TIMEOUT_S=1200", "_TIMEOUT_S=20")
    well(hosts.step("master", HEAD_ENVIRONMENT=short))
    with hosts.work(4, 600):
        soon(lambda: made(hosts) >= 1, 60)
        first = set(hosts.cloud.workers())
        soon(lambda: first <= hosts.cloud.terminated(), 90)
        soon(lambda: set(hosts.cloud.workers()) - first, 60)
    well(hosts.step("master"))
