"""The program's requests for Backend.AI agents on GPU VMs, whose manager is there already."""

import copy
import json
from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.alicloud_cloud import ZONES
from tests.graph.recording import Recording, record
from tests.graph.test_backendai import CONFIG as OWN
from tests.graph.test_change_table import hosts, replaced
from tests.graph.test_secrets import visible

SECRETS = {
    "backendaiEtcdPassword": "canary-of-an-etcd-password",
    "backendaiApiKeys": "AKIACANARYCANARY0000:canary-of-a-secret-key",
}
SETTINGS: dict[str, Any] = {
    "etcdAddress": "10.89.16.2:2379",
    "namespace": "platform",
    "managerPublicKey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "apiEndpoint": "http://10.89.16.2:8081",
    "managerNetworks": ["10.89.16.0/20"],
    "resourceGroup": "gpu",
}


def vm(name: str, **settings: object) -> dict[str, Any]:
    known = {"name": name, "platform": "backendai", "cpus": 2, "memoryGiB": 4}
    return {**known, "settings": {**SETTINGS, **settings}}


CONFIG: dict[str, Any] = {"team": "vision", "cloud": "local", "gpuVms": [vm("trainer"), vm("other")]}


@pytest.fixture(scope="module")
def joined() -> Recording:
    return record(CONFIG, SECRETS)


def told(recording: Recording, name: str) -> dict[str, Any]:
    return json.loads(recording[name].plain("stdin"))


def test_the_manager_is_asked_before_the_machine_is_made_and_after_its_step(joined: Recording) -> None:
    assert joined["trainer-enrolment"].urn in joined["trainer-host"].after
    assert joined["trainer-step"].urn in joined["trainer-membership"].after
    asked = told(joined, "trainer-enrolment")
    assert (asked["id"], asked["version"], asked["group"]) == ("dev-trainer", "26.9.6", "gpu")
    assert "delete" not in joined["trainer-enrolment"].inputs, "it makes nothing at the manager"


def test_the_membership_ends_before_the_machine_and_drains_it(joined: Recording) -> None:
    member = joined["trainer-membership"]
    assert member.inputs["delete"] == "python3 -m components.platforms.backendai_api leave"
    assert list(member.raw.replace_with) == [joined["trainer-host"].urn]
    assert not member.raw.deletedWith, "the manager outlives the stack"
    assert joined["trainer-host"].urn in joined.ancestors(member)
    assert told(joined, "trainer-membership")["drainMinutes"] == 10
    assert "delete" not in joined["trainer-step"].inputs


def test_the_manager_reaches_the_agent_and_nobody_else_does(joined: Recording) -> None:
    assert json.loads(joined["security-groups-gpuVm"].plain("stdin")) == [
        {"source": "operator", "first": 22, "last": 22},
        {"source": "10.89.16.0/20", "first": 6001, "last": 6001},
    ]


def test_secrets_are_on_standard_input_alone(joined: Recording) -> None:
    for request in joined.requests.values():
        for name, value in request.inputs.items():
            if "canary" in json.dumps(value, default=str):
                assert (name, request.is_secret(name)) == ("stdin", True), request.name
    assert "canary" not in visible(joined)
    assert told(joined, "trainer-membership")["apiKeys"] == SECRETS["backendaiApiKeys"]
    assert SECRETS["backendaiApiKeys"] not in joined["trainer-step"].plain("stdin"), "agents get no keypair"


def test_an_agent_shares_nothing_and_has_no_master_to_tell_it_to_leave(joined: Recording) -> None:
    step = joined["trainer-step"].plain("stdin")
    for line in (
        "STORAGE_PATH=''",
        "LEAVER=0",
        "NAMESPACE=platform",
        "ETCD_HOST=10.89.16.2",
        "ETCD_PORT=2379",
    ):
        assert f"\n{line}\n" in step
    assert not [one for one in joined.requests.values() if one.name.startswith("storage")]


def test_inputs_stay_small(joined: Recording) -> None:
    assert joined["trainer-step"].raw.object.ByteSize() < 11 * 1024
    for name in ("trainer-enrolment", "trainer-membership"):
        assert joined[name].raw.object.ByteSize() < 4096


def test_the_outputs_tell_id_and_who_saw_it(joined: Recording) -> None:
    (first, _) = joined.outputs["gpuVms"]
    assert first["agent"] == {"id": 11, "name": "Agent 11"}
    assert first["seen"] == "the server lists agent 11"
    assert joined.secret_outputs == {"inventory"}


def test_agents_of_both_platforms_stand_in_one_stack() -> None:
    supervisely = {
        **{"name": "annotator", "platform": "supervisely", "cpus": 2, "memoryGiB": 2},
        "settings": {"serverAddress": "https://app.example.org", "teamId": 7},
    }
    config = {**CONFIG, "gpuVms": [supervisely, vm("trainer")]}
    both = record(config, {**SECRETS, "superviselyApiTokens": "token-of-an-api-0123456789"})
    platforms = {node["name"]: node["platform"] for node in both.outputs["inventory"]["nodes"]}
    assert platforms == {"annotator": "supervisely", "trainer": "backendai"}
    assert "supervisely_api" in both["annotator-enrolment"].inputs["create"]
    assert "backendai_api" in both["trainer-enrolment"].inputs["create"]


RENTED: dict[str, dict[str, Any]] = {
    "aws": {"instanceType": "g4dn.xlarge", "network": {"zones": ["eu-central-1a"]}},
    "alicloud": {"instanceType": "ecs.gn6i-c4g1.xlarge", "network": {"zone": ZONES[-1]}},
}


@pytest.mark.parametrize("cloud", RENTED)
def test_on_a_cloud_that_rents_machines_it_is_the_same(cloud: str, joined: Recording) -> None:
    said = RENTED[cloud]
    machine = {"name": "trainer", "platform": "backendai", "gpus": 1, "settings": SETTINGS}
    config = {
        **{"team": "vision", "cloud": cloud, "network": said["network"]},
        "access": {"admins": ["203.0.113.0/28"]},
        "gpuVms": [{**machine, "instanceType": said["instanceType"]}],
    }
    made = record(config, SECRETS)
    rule = made["security-groups-gpuVm-6001-6001-from-10.89.16.0-20"].inputs
    assert "10.89.16.0/20" in (rule.get("cidrIpv4"), rule.get("cidrIp"))
    step = made["trainer-step"].plain("stdin")
    for line in (f"REGION={cloud}", f"INSTANCE_TYPE={said['instanceType']}", "GPUS=1", "AGENT=dev-trainer"):
        assert f"\n{line}\n" in step
    assert told(made, "trainer-membership")["gpus"] == 1
    assert made["trainer-membership"].inputs["delete"] == joined["trainer-membership"].inputs["delete"]


@pytest.fixture(scope="module")
def own() -> Recording:
    config = copy.deepcopy(OWN)
    config["cluster"]["settings"]["agentNetworks"] = ["10.91.0.0/20"]
    return record(config)


def test_an_own_control_plane_lets_agents_of_other_stacks_in_and_nobody_else(own: Recording) -> None:
    rules = json.loads(own["security-groups-master"].plain("stdin"))
    opened = {(rule["source"], rule["first"]) for rule in rules if rule["source"] != "operator"}
    assert opened == {("worker", 2379), ("worker", 6379), ("10.91.0.0/20", 2379), ("10.91.0.0/20", 6379)}
    assert "AGENT_NETWORKS=(10.91.0.0/20)" in own["master-step"].plain("stdin")


def test_a_stack_joins_another_one_by_its_outputs(own: Recording) -> None:
    join = own.outputs["clientConfig"]["join"]
    secrets = {key: join.pop(key) for key in SECRETS}
    assert set(join) == {"etcdAddress", "namespace", "managerPublicKey", "apiEndpoint"}
    assert own.secret_outputs == {"clientConfig", "inventory"}
    assert not [secret for secret in secrets.values() if secret in visible(own)]
    joining = record({**CONFIG, "gpuVms": [vm("trainer", **join)]}, secrets)
    for name in ("NAMESPACE=dev", f"ETCD_PASSWORD={secrets['backendaiEtcdPassword']}"):
        assert f"\n{name}\n" in joining["trainer-step"].plain("stdin")
        assert f"\n{name}\n" in own["docker-1-step"].plain("stdin")
    assert join["managerPublicKey"] in own["docker-1-step"].plain("stdin")
    assert join["managerPublicKey"] in joining["trainer-step"].plain("stdin")
    client = own.outputs["clientConfig"]
    assert secrets["backendaiApiKeys"] == f"{client['accessKey']}:{client['secretKey']}"
    assert told(joining, "trainer-enrolment")["endpoint"] == f"http://{own.outputs['masterPrivateIp']}:8081"


EDITS: dict[str, Any] = {
    "etcdAddress": "10.89.16.3:2379",
    "etcdUser": "joining",
    "namespace": "another",
    "managerPublicKey": "HelloWorld" * 4,
    "apiEndpoint": "http://10.89.16.3:8081",
    "managerNetworks": ["10.89.32.0/20"],
    "resourceGroup": "default",
    "mountPath": "/vfroot",
    "dummy": True,
    "kernelImages": ["cr.example.org/python:1"],
    "reservedCpus": 1,
    "reservedMemoryGiB": 2,
    "reservedDiskGiB": 9,
    "scratchRoot": "/data/scratches",
    "scratchType": "memory",
    "drainMinutes": 11,
}


def test_every_setting_is_tried() -> None:
    start = "gpuVms[].settings."
    table = {
        path.removeprefix(start): effect
        for path, effect in change_table(with_platform("local", "ray", ("backendai",)))
        if path.startswith(start)
    }
    assert set(table) == set(EDITS) | {"version"}, "of the version there is one"
    assert set(table.values()) == {Change.IN_PLACE}


@pytest.mark.parametrize("name", EDITS)
def test_another_setting_reaches_a_command_and_replaces_nothing(joined: Recording, name: str) -> None:
    config = copy.deepcopy(CONFIG)
    for machine in config["gpuVms"]:
        machine["settings"][name] = EDITS[name]
    after = record(config, SECRETS)
    made = {request.name for request in joined.requests.values() if request.raw.custom}
    differ = {one for one in made if after[one].inputs != joined[one].inputs}
    kinds = ("-enrolment", "-step", "-membership")
    assert differ
    assert all(one.endswith(kinds) or one == "security-groups-gpuVm" for one in differ)
    assert replaced(joined, after) == set()


def test_another_size_replaces_the_machine_alone(joined: Recording) -> None:
    config = copy.deepcopy(CONFIG)
    config["gpuVms"][0]["cpus"] = 3
    found = replaced(joined, record(config, SECRETS))
    assert hosts(found) == {"trainer-host"}
    assert "trainer-enrolment" not in found
