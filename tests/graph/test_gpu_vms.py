"""GPU VMs in the recorded program: order, secrets, ports, and what a change of each value does."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from components.config.base import Change
from components.config.fields import change_table
from components.config.model import with_platform
from tests.graph.recording import Recording, record
from tests.graph.test_change_table import OF_GPU_VMS, hosts, replaced

API_TOKEN = "canary-api-" + "0" * 20
AGENT_TOKEN = "canary-agent-" + "0" * 20
SECRETS = {
    "superviselyApiTokens": API_TOKEN,
    "superviselyAgentTokens": f"by-hand={AGENT_TOKEN}",
    "superviselyRegistryPassword": "canary-password",
}


def vm(name: str, **settings: object) -> dict[str, Any]:
    known = {
        "serverAddress": "https://app.example.org",
        "teamId": 7,
        "decommission": {"call": "agents.archive"},
    }
    return {
        "name": name,
        "platform": "supervisely",
        "cpus": 2,
        "memoryGiB": 2,
        "settings": {**known, **settings},
    }


CONFIG: dict[str, Any] = {
    "team": "vision",
    "cloud": "local",
    "gpuVms": [
        vm("kept"),
        vm("renewed", identity="renewed"),
        {**vm("by-hand"), "settings": {"serverAddress": "https://app.example.org"}},
    ],
}


CLUSTER: dict[str, Any] = {
    "platform": "ray",
    "master": {"cpus": 2, "memoryGiB": 3},
    "pools": [{"name": "workers", "count": 1, "cpus": 1, "memoryGiB": 3}],
}


def names(recording: Recording) -> set[str]:
    return {request.name for request in recording.requests.values()}


@pytest.fixture(scope="module")
def gpu() -> Recording:
    return record(CONFIG, SECRETS)


def test_a_stack_needs_no_cluster(gpu: Recording) -> None:
    assert set(gpu.outputs) == {"gpuVms", "ssh", "inventory"}
    assert gpu.secret_outputs == {"inventory"}
    assert hosts(names(gpu)) == {"kept-host", "renewed-host", "by-hand-host"}


def test_storage_is_shared_by_a_cluster_and_by_nobody_else(gpu: Recording) -> None:
    assert not [name for name in names(gpu) if name.startswith("storage")]
    assert gpu.outputs["inventory"]["storage"] is None
    both = record({**CONFIG, "cluster": CLUSTER}, SECRETS)
    assert "storage-volume" in names(both)
    assert both.outputs["inventory"]["storage"] == {"mountPath": "/shared"}
    for recording in (gpu, both):
        assert "--mount-path" not in recording["kept-host"].inputs["create"]
        assert "storage-volume" not in recording.names(recording.ancestors(recording["kept-host"]))
    assert "--mount-path /shared" in both["workers-1-host"].inputs["create"]


def test_the_token_is_there_before_anything_that_costs_money(gpu: Recording) -> None:
    assert gpu["kept-enrolment"].urn in gpu["kept-host"].after
    assert gpu["kept-enrolment"].after == set(), "nothing that can fail comes before it"


def test_an_identity_is_kept_or_renewed_with_the_machine(gpu: Recording) -> None:
    assert gpu["kept-enrolment"].inputs["triggers"] == ["https://app.example.org", 7, 1]
    assert gpu["renewed-host"].urn in gpu["renewed-enrolment"].after
    assert gpu["renewed-enrolment"].inputs["triggers"][3] == "renewed-host-made"


def test_who_saw_the_agent_is_told(gpu: Recording) -> None:
    kept, renewed, by_hand = gpu.outputs["gpuVms"]
    assert (kept["agent"], kept["seen"]) == ({"id": 11, "name": "Agent 11"}, "the server lists agent 11")
    assert renewed["agent"]
    assert by_hand["agent"] is None
    assert "its server was not asked" in by_hand["seen"]
    assert not [request for request in gpu.requests.values() if request.name == "by-hand-membership"]


def test_a_step_dials_the_machine_itself_and_has_no_delete(gpu: Recording) -> None:
    for name in ("kept", "renewed", "by-hand"):
        step = gpu[f"{name}-step"]
        assert "delete" not in step.inputs
        assert "proxy" not in step.plain("connection")
        assert list(step.raw.replace_with) == [gpu[f"{name}-host"].urn]
    member = gpu["kept-membership"]
    assert "delete" not in member.inputs
    assert list(member.raw.replace_with) == [gpu["kept-host"].urn]


def test_the_input_of_a_step_that_brings_its_script_stays_below_9_kb(gpu: Recording) -> None:
    assert gpu["kept-step"].raw.object.ByteSize() < 9 * 1024
    for name in ("kept-enrolment", "kept-membership", "kept-host"):
        assert gpu[name].raw.object.ByteSize() < 4096


def test_no_port_but_ssh_is_open(gpu: Recording) -> None:
    rules = json.loads(gpu["security-groups-gpuVm"].plain("stdin"))
    assert rules == [{"source": "operator", "first": 22, "last": 22}]


def test_tokens_are_on_standard_input_alone(gpu: Recording) -> None:
    for request in gpu.requests.values():
        for name, value in request.inputs.items():
            if "canary" in json.dumps(value, default=str):
                assert (name, request.is_secret(name)) == ("stdin", True), request.name
    assert API_TOKEN in gpu["kept-enrolment"].plain("stdin")
    assert AGENT_TOKEN in gpu["by-hand-step"].plain("stdin")


def test_what_an_enrolment_answers_is_secret(gpu: Recording) -> None:
    assert set(gpu["kept-enrolment"].raw.additionalSecretOutputs) == {"stdout", "stderr"}


def test_commands_of_the_operators_computer_name_no_absolute_path(gpu: Recording) -> None:
    for name in ("kept-enrolment", "kept-membership"):
        for verb in ("create", "delete"):
            assert "/" not in gpu[name].inputs.get(verb, "")


Edit = Callable[[dict[str, Any]], object]


def setting(**values: object) -> Edit:
    return lambda config: config["gpuVms"][0]["settings"].update(values)


def package(**values: object) -> Edit:
    return lambda config: config.update(packages=values)


def size(**values: object) -> Edit:
    return lambda config: config["gpuVms"][0].update(values)


def other_server(config: dict[str, Any]) -> None:
    for machine in config["gpuVms"]:
        machine["settings"]["serverAddress"] = "https://other.example.org"


EDITS: dict[str, Edit] = {
    "packages.registryMirrors": package(registryMirrors=["https://mirror.example.org"]),
    "packages.insecureRegistries": package(insecureRegistries=["10.0.0.1:5000"]),
    "gpuVms": lambda config: config["gpuVms"].pop(1),
    "gpuVms[].name": size(name="other"),
    "gpuVms[].cpus": size(cpus=1),
    "gpuVms[].memoryGiB": size(memoryGiB=3),
    "gpuVms[].shmGiB": size(shmGiB=0.5),
    "gpuVms[].gpus": size(gpus=1),
    "gpuVms[].ephemeral": size(ephemeral=True),
    "gpuVms[].settings.serverAddress": other_server,
    "gpuVms[].settings.teamId": setting(teamId=8),
    "gpuVms[].settings.agentVersion": setting(agentVersion="6.9.8"),
    "gpuVms[].settings.image": setting(image="registry.example.org/supervisely/agent"),
    "gpuVms[].settings.agentHostDir": setting(agentHostDir="/data/supervisely"),
    "gpuVms[].settings.pullPolicy": setting(pullPolicy="always"),
    "gpuVms[].settings.registry": setting(registry="registry.example.org", registryLogin="puller"),
    "gpuVms[].settings.registryLogin": setting(registry="registry.example.org", registryLogin="ann"),
    "gpuVms[].settings.cpuLimit": setting(cpuLimit=4),
    "gpuVms[].settings.memoryLimitGiB": setting(memoryLimitGiB=4),
    "gpuVms[].settings.proxy": setting(proxy="http://proxy.example.org:3128"),
    "gpuVms[].settings.noProxy": setting(proxy="http://proxy.example.org:3128", noProxy=["10.0.0.0/8"]),
    "gpuVms[].settings.offline": setting(offline=True),
    "gpuVms[].settings.decommission.call": setting(decommission={"call": "agents.disable"}),
    "gpuVms[].settings.decommission.body": setting(
        decommission={"call": "agents.archive", "body": {"ids": "{id}"}}
    ),
}
# Another platform is another agent (test_backendai_join.py); the others are tried by name below.
TRIED_ELSEWHERE = {
    "gpuVms[].platform",
    "gpuVms[].settings.caCertificate",
    "gpuVms[].settings.identity",
    "packages.nvidiaRepository",
}
OF_SUPERVISELY = change_table(with_platform("local", "ray", ("supervisely",)))
TABLE = [line for line in OF_SUPERVISELY if line[0].startswith("gpuVms") or line[0] in OF_GPU_VMS]


def changed(edit: Edit) -> Recording:
    config = copy.deepcopy(CONFIG)
    edit(config)
    return record(config, SECRETS)


def test_every_line_of_the_table_is_tried() -> None:
    assert {path for path, _ in TABLE} == set(EDITS) | TRIED_ELSEWHERE


@pytest.mark.parametrize(("path", "effect"), [line for line in TABLE if line[0] in EDITS])
def test_a_change_does_what_the_table_says(gpu: Recording, path: str, effect: Change) -> None:
    after = changed(EDITS[path])
    found = hosts(replaced(gpu, after))
    if path == "gpuVms[].name":
        assert found == set(), "the machine has another name, so it is made and removed"
    elif effect is Change.MACHINE:
        assert found == {"kept-host"}
    else:
        assert found == set()
    if effect is Change.IN_PLACE:
        made = {request.name for request in gpu.requests.values() if request.raw.custom}
        assert [name for name in made if after[name].inputs != gpu[name].inputs]


def test_another_team_or_generation_makes_the_agent_anew_and_no_machine(gpu: Recording) -> None:
    for edit in (setting(teamId=8), lambda config: config.update(keyGenerations={"token": 2})):
        found = replaced(gpu, changed(edit))
        assert "kept-enrolment" in found
        assert hosts(found) == set()


def test_packages_for_gpus_reach_the_step(gpu: Recording) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["gpuVms"][0]["gpus"] = 1
        config["packages"] = {"nvidiaRepository": "https://nvidia.example.org"}

    assert "https://nvidia.example.org" in changed(edit)["kept-step"].plain("stdin")
    assert '"default-runtime": "nvidia"' not in gpu["kept-step"].plain("stdin")


def test_beside_a_cluster_both_have_their_outputs() -> None:
    both = record({**CONFIG, "cluster": CLUSTER}, SECRETS)
    assert {"workers", "gpuVms", "clientConfig"} <= set(both.outputs)
    platforms = {
        node["name"]: (node["platform"], node["proxy"]) for node in both.outputs["inventory"]["nodes"]
    }
    assert platforms["workers-1"] == ("ray", "master")
    assert platforms["kept"] == ("supervisely", None)
