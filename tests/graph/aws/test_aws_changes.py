"""What a change of the configuration touches: only what it says."""

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from components import commands, scripts
from tests.graph.aws.conftest import CONFIG, Changed
from tests.graph.aws_cloud import AwsCloud
from tests.graph.recording import Recording, Request, record

INSTANCES = {f"{node}-instance" for node in ("master", "steady-1", "steady-2", "steady-3", "cheap-1")}
WORKERS = INSTANCES - {"master-instance"}
STEADY = {f"steady-{number}-instance" for number in (1, 2, 3)}
# What the provider's schema marks, and what its documentation says (EC2 moves no machine between subnets).
REPLACING = {
    "subnetId",
    "primaryNetworkInterface",
    "instanceMarketOptions",
    "metadataOptions.httpProtocolIpv6",
}


def bodies(recording: Recording) -> dict[str, Any]:
    return {request.name: request.inputs for request in recording.requests.values() if request.raw.custom}


def difference(before: Recording, after: Recording) -> dict[str, set[str]]:
    """Names that are new, gone, or whose request is another one in what the engine looks at."""

    def looked_at(recording: Recording) -> dict[str, Any]:
        return {
            request.name: {
                key: value for key, value in request.inputs.items() if key not in request.raw.ignoreChanges
            }
            for request in recording.requests.values()
            if request.raw.custom
        }

    old, new = looked_at(before), looked_at(after)
    return {
        "new": set(new) - set(old),
        "gone": set(old) - set(new),
        "changed": {name for name in set(old) & set(new) if old[name] != new[name]},
    }


def replaced(before: Recording, after: Recording) -> set[str]:
    """Instances of both runs that would be replaced."""

    def at(request: Request, path: str) -> Any:
        value: Any = request.inputs
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def differ(old: Request, new: Request) -> bool:
        paths = {*REPLACING, *new.raw.replaceOnChanges}
        triggers = [MessageToDict(request.raw)["replacementTrigger"] for request in (old, new)]
        return triggers[0] != triggers[1] or any(at(old, path) != at(new, path) for path in paths)

    names = {request.name for request in before.requests.values()} & {
        request.name for request in after.requests.values()
    }
    return {name for name in names if name.endswith("-instance") and differ(before[name], after[name])}


def node(name: str) -> set[str]:
    return {f"{name}-instance", f"{name}-step", f"{name}-membership"}


def pool(config: dict[str, Any], number: int = 0) -> dict[str, Any]:
    return config["cluster"]["pools"][number]


def test_one_worker_more_only_adds(aws: Recording, changed: Changed) -> None:
    found = difference(aws, changed(lambda config: pool(config).update(count=4)))
    assert found == {"new": node("steady-4"), "gone": set(), "changed": set()}


def test_one_chosen_worker_less_touches_no_other(aws: Recording, changed: Changed) -> None:
    found = difference(aws, changed(lambda config: pool(config).update(without=(2,))))
    assert found == {"new": set(), "gone": node("steady-2"), "changed": set()}


def test_a_run_without_a_change_asks_for_exactly_the_same(aws: Recording) -> None:
    assert bodies(record(CONFIG)) == bodies(aws)


def test_a_newer_image_changes_nothing(aws: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = AwsCloud()
    older = cloud.answer
    newer: dict[str, Any] = {}

    def answer(token: str, given: Any) -> dict[str, Any]:
        found = older(token, given)
        if "imageId" in found:
            newer[found["imageId"]] = found
            found = {**found, "imageId": f"{found['imageId']}-newer"}
        return found

    monkeypatch.setattr(cloud, "answer", answer)
    found = difference(aws, record(CONFIG, cloud=cloud))
    assert newer
    assert found == {"new": set(), "gone": set(), "changed": set()}


def test_a_changed_script_replaces_no_instance_and_makes_new_versions_of_templates(
    aws: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (commands, scripts):
        monkeypatch.setattr(module, "script_of", lambda *_: "another script")
    after = record(CONFIG)
    found = difference(aws, after)
    steps = {request.name for request in aws.commands("-step")}
    assert found["changed"] == {*steps, "burst-template-debian-x86_64"}
    assert replaced(aws, after) == set()


def test_a_new_generation_of_the_token_updates_steps_and_the_parameter(
    aws: Recording, changed: Changed
) -> None:
    found = difference(aws, changed(lambda config: config.update(keyGenerations={"token": 2})))
    steps = {request.name for request in aws.commands("-step")}
    assert found["changed"] == {*steps, "worker-secret-parameter"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda config: pool(config).update(instanceTypes=["c5a.large"]), STEADY),
        (lambda config: pool(config).update(diskGiB=80), STEADY),
        (lambda config: pool(config).update(market="spot"), STEADY),
        (lambda config: pool(config).update(imageId="ami-0123456789abcdef0"), set()),
        (lambda config: config["cluster"]["master"].update(instanceType="m5.large"), {"master-instance"}),
        (lambda config: config.update(storage={"mountPath": "/data"}), INSTANCES),
        (lambda config: config.update(storage={"fileSystemId": "fs-0123456789abcdef0"}), INSTANCES),
        (lambda config: config.update(team="another"), INSTANCES),
        (lambda config: config.update(tags={"cost-center": "1234"}), set()),
        (lambda config: config.update(access={"admins": ["198.51.100.0/24"]}), set()),
        (lambda config: config["network"].update(private=True), WORKERS),
        (lambda config: config["network"].update(zones=["eu-central-1a"]), set()),
        (lambda config: config["network"].update(zones=["eu-central-1b", "eu-central-1a"]), WORKERS),
        (lambda config: pool(config, 2)["elastic"].update(max=20), set()),
        (lambda config: config["cluster"]["pools"].pop(), set()),
    ],
)
def test_a_change_replaces_what_it_must_and_no_more(
    aws: Recording, changed: Changed, change: Any, expected: set[str]
) -> None:
    assert replaced(aws, changed(change)) == expected


def test_what_a_worker_adds_to_the_state_stays_small(aws: Recording) -> None:
    for name in ("steady-1-instance", "steady-1-step", "steady-1-membership"):
        raw = aws[name].raw
        assert raw.object.ByteSize() < 6 * 1024, f"{name}: {raw.object.ByteSize()} bytes"
        assert len(raw.dependencies) < 8, list(raw.dependencies)
