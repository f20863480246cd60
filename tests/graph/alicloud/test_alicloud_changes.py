"""What a change of the configuration touches: only what it says."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from components import commands
from tests.graph.alicloud.conftest import CLUSTER, GPU_VMS, Changed, recorded
from tests.graph.alicloud_cloud import FILES, VPC, VSWITCH, ZONES, AlicloudCloud
from tests.graph.aws.test_aws_changes import bodies, difference, node
from tests.graph.recording import Recording, Request, record

INSTANCES = {f"{name}-instance" for name in ("master", "steady-1", "steady-2", "steady-3", "cheap-1")}
WORKERS = INSTANCES - {"master-instance"}
STEADY = {f"steady-{number}-instance" for number in (1, 2, 3)}
VM = {"annotator-1-instance"}
# What the provider's schema marks, of what we ask for.
REPLACING = {
    "spotStrategy",
    "systemDiskCategory",
    "systemDiskEncrypted",
    "securityEnhancementStrategy",
}


def replaced(before: Recording, after: Recording) -> set[str]:
    """Instances of both runs that would be replaced, by what they are told or by where they stand."""
    moved = _trigger(before["network"]) != _trigger(after["network"]) if _own(before, after) else True

    def differ(old: Request, new: Request) -> bool:
        paths = {*REPLACING, *new.raw.replaceOnChanges}
        return (
            moved
            or _trigger(old) != _trigger(new)
            or any(old.inputs.get(path) != new.inputs.get(path) for path in paths)
        )

    names = {request.name for request in before.requests.values()} & {
        request.name for request in after.requests.values()
    }
    return {name for name in names if name.endswith("-instance") and differ(before[name], after[name])}


def _own(*recordings: Recording) -> bool:
    return all("network-vswitch" in recording.names(set(recording.requests)) for recording in recordings)


def _trigger(request: Request) -> Any:
    found = [MessageToDict(request.raw).get("replacementTrigger")]
    # another one replaces the network, and then everything that stands in it
    return [
        *found,
        *(request.inputs.get(path) for path in request.raw.replaceOnChanges if path == "cidrBlock"),
    ]


def pool(config: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return config["cluster"]["pools"][number]


def test_one_worker_more_only_adds(cluster: Recording, changed: Changed) -> None:
    found = difference(cluster, changed(lambda config: pool(config).update(count=4)))
    assert found == {"new": node("steady-4"), "gone": set(), "changed": set()}


def test_one_chosen_worker_less_touches_no_other(cluster: Recording, changed: Changed) -> None:
    found = difference(cluster, changed(lambda config: pool(config).update(without=(2,))))
    assert found == {"new": set(), "gone": node("steady-2"), "changed": set()}


def test_one_gpu_vm_less_touches_no_other(gpu_vms: Recording, vms_changed: Changed) -> None:
    found = difference(gpu_vms, vms_changed(lambda config: config["gpuVms"].pop()))
    address = {"annotator-2-address", "annotator-2-address-given", "annotator-2-enrolment"}
    assert found == {"new": set(), "gone": node("annotator-2") | address, "changed": set()}


def test_a_run_without_a_change_asks_for_exactly_the_same(cluster: Recording, gpu_vms: Recording) -> None:
    assert bodies(recorded(CLUSTER)) == bodies(cluster)
    assert bodies(recorded(GPU_VMS)) == bodies(gpu_vms)


def test_a_newer_image_changes_nothing(cluster: Recording) -> None:
    cloud = AlicloudCloud()
    cloud.images["debian_13_2_x64_20G_alibase_20260125.vhd"] = {"architecture": "x86_64", "size": 20}
    after = record(CLUSTER, cloud=cloud)
    assert after["master-instance"].inputs["imageId"] != cluster["master-instance"].inputs["imageId"]
    assert difference(cluster, after) == {"new": set(), "gone": set(), "changed": set()}


def test_a_changed_script_replaces_no_instance(cluster: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "script_of", lambda *_: "another script")
    after = recorded(CLUSTER)
    assert difference(cluster, after)["changed"] == {request.name for request in cluster.commands("-step")}
    assert replaced(cluster, after) == set()


def test_an_address_that_a_gpu_vm_gives_up_leaves_the_machine(
    gpu_vms: Recording, vms_changed: Changed
) -> None:
    after = vms_changed(lambda config: config["gpuVms"][0].update(internetMbps=0))
    found = difference(gpu_vms, after)
    assert found["gone"] == {"annotator-1-address", "annotator-1-address-given"}
    assert replaced(gpu_vms, after) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda config: pool(config).update(instanceType="ecs.c7.xlarge"), STEADY),
        (lambda config: pool(config).update(diskGiB=80), STEADY),
        (lambda config: pool(config).update(diskCategory="cloud_auto"), STEADY),
        (lambda config: pool(config).update(market="spot"), STEADY),
        (lambda config: pool(config).update(imageId="m-bp1a2b3c4d5e6f7g8h9i0", diskGiB=40), set()),
        (lambda config: config["cluster"]["master"].update(instanceType="ecs.g7.large"), {"master-instance"}),
        (lambda config: config["cluster"]["master"].update(internetMbps=50), set()),
        (lambda config: config.update(storage={"mountPath": "/data"}), INSTANCES),
        (lambda config: config.update(storage={"fileSystemId": FILES}), INSTANCES),
        (lambda config: config.update(storage={"onDestroy": "delete"}), set()),
        (lambda config: config.update(team="another"), INSTANCES),
        (lambda config: config.update(tags={"cost-center": "1234"}), set()),
        (lambda config: config.update(access={"admins": ["198.51.100.0/24"]}), set()),
        (lambda config: config["network"].update(private=True), WORKERS),
        (lambda config: config["network"].update(zone=ZONES[0]), INSTANCES),
        (lambda config: config["network"].update(cidr="10.99.0.0/16"), INSTANCES),
        (lambda config: config.update(network={"vpcId": VPC, "vswitchId": VSWITCH}), INSTANCES),
        (lambda config: config["cluster"]["pools"].pop(), set()),
    ],
)
def test_a_change_replaces_what_it_must_and_no_more(
    cluster: Recording, changed: Changed, change: Any, expected: set[str]
) -> None:
    assert replaced(cluster, changed(change)) == expected
