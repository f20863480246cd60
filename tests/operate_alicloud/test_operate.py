"""What `fleet` asks of Alibaba Cloud."""

import json
import re
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from components.clouds.alicloud import api, operate
from components.clouds.alicloud.tags import access_group
from components.operated import CloudError, Place
from tests.operate_alicloud.conftest import PLACE, REGION, TAGS, at
from tests.operate_alicloud.standin import KEY, SECRET, TOKEN, Cloud, Thing


def test_machines_are_the_stacks_by_node(cloud: Cloud) -> None:
    gpu = cloud.runs({**TAGS, "node": "annotator-1"})
    steady = cloud.runs({**TAGS, "node": "steady-1", "pool": "steady"}, Status="Stopped", StartTime="")
    cloud.runs({**TAGS, "stack": "other", "node": "steady-1"})
    cloud.runs({**TAGS, "team": "other", "node": "steady-1"})
    seen = {machine.id: machine for machine in operate.machines(PLACE)}
    assert set(seen) == {gpu, steady}
    assert (seen[gpu].node, seen[gpu].pool, seen[gpu].state) == ("annotator-1", None, "running")
    assert (seen[gpu].kind, seen[gpu].address) == ("ecs.gn6i-c4g1.xlarge", "10.90.0.5")
    assert (seen[steady].pool, seen[steady].state, seen[steady].age) == ("steady", "stopped", None)


def test_age_is_counted_from_the_last_start(cloud: Cloud) -> None:
    cloud.runs(TAGS, StartTime=time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(time.time() - 600)))
    assert 590 <= (operate.machines(PLACE)[0].age or 0) <= 670


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_all_pages_are_read(cloud: Cloud, count: int) -> None:
    cloud.page = 3
    made = {cloud.runs({**TAGS, "node": f"steady-{n}"}) for n in range(count)}
    for number in range(count):
        cloud.makes("DescribeVSwitches", TAGS, VSwitchName=f"v{number}")
    assert {machine.id for machine in operate.machines(PLACE)} == made
    assert sum("vswitch" in line for line in operate.leftovers(PLACE)) == count


def test_stopped_machines_are_started(cloud: Cloud) -> None:
    cloud.runs({**TAGS, "node": "annotator-1"}, Status="Stopped")
    cloud.runs({**TAGS, "node": "annotator-2"})
    assert operate.start(PLACE) == ["annotator-1"]
    assert {one.fields["Status"] for one in cloud.things} == {"Starting", "Running"}
    assert operate.start(PLACE) == []


def test_a_machine_that_does_not_start_is_named(cloud: Cloud) -> None:
    cloud.runs({**TAGS, "node": "annotator-1"}, Status="Stopped")
    cloud.sold_out.add(cloud.runs({**TAGS, "node": "annotator-2"}, Status="Stopped"))
    with pytest.raises(CloudError, match=r"did not start 1 of 2 machines \(annotator-2: sold out\)"):
        operate.start(PLACE)


@pytest.mark.usefixtures("cloud")
def test_the_check_says_where_it_will_be_made() -> None:
    assert operate.check(PLACE) == f"Alibaba Cloud account 1234567890123456, {REGION}, as user/alice"


@pytest.mark.usefixtures("cloud")
def test_the_other_names_of_credentials_and_region_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN)
    monkeypatch.setenv("ALIBABA_CLOUD_REGION", "eu-central-1")
    assert "eu-central-1" in operate.check(Place("vision", "vision", {"alicloud:protocol": "HTTP"}))


def profiles(home: Path, *listed: dict[str, Any]) -> None:
    (home / ".aliyun").mkdir(exist_ok=True)
    (home / ".aliyun/config.json").write_text(json.dumps({"current": "", "profiles": listed}))


def by_profile(name: str) -> Place:
    return Place("vision", "vision", {**PLACE.provider, "alicloud:profile": name})


@pytest.fixture
def keyless(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"):
        monkeypatch.delenv(name)
    return cloud


SHORT = {
    "name": "sts",
    "mode": "StsToken",
    "access_key_id": KEY,
    "access_key_secret": SECRET,
    "sts_token": TOKEN,
}


@pytest.mark.usefixtures("keyless")
def test_a_profile_of_the_command_line_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"name": "sandbox", "mode": "AK", "access_key_id": KEY, "access_key_secret": SECRET}
    profiles(home, own, {**own, "name": "bad", "access_key_id": "LTAIother"}, SHORT)
    operate.check(by_profile("sandbox"))
    operate.check(by_profile("sts"))
    with pytest.raises(CloudError, match=r"refuses the credentials .*aliyun configure --profile bad"):
        operate.check(by_profile("bad"))
    monkeypatch.setenv("ALICLOUD_PROFILE", "sandbox")
    operate.check(PLACE)


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize(("minutes", "words"), [(12, "end in 11 minutes"), (-5, "have ended")])
def test_a_token_that_ends_too_soon_is_refused(home: Path, minutes: int, words: str) -> None:
    profiles(home, {**SHORT, "sts_expiration": int(time.time()) + minutes * 60})
    with pytest.raises(CloudError, match=words):
        operate.check(by_profile("sts"))


@pytest.mark.usefixtures("keyless")
def test_a_profile_that_is_not_there_is_named(home: Path) -> None:
    with pytest.raises(CloudError, match=r"no profile nosuch in ~/\.aliyun/config\.json"):
        operate.check(by_profile("nosuch"))
    profiles(home, SHORT)
    with pytest.raises(CloudError, match=r"no profile nosuch in ~/\.aliyun/config\.json"):
        operate.check(by_profile("nosuch"))


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("text", ["{", "[]", '{"profiles": [1]}', '{"profiles": [{}]}'])
def test_a_broken_file_of_profiles_is_told(home: Path, text: str) -> None:
    profiles(home)
    (home / ".aliyun/config.json").write_text(text)
    with pytest.raises(CloudError, match=r"config\.json cannot be read"):
        operate.check(by_profile("sandbox"))


@pytest.mark.usefixtures("keyless")
def test_a_profile_without_a_key_is_told(home: Path) -> None:
    profiles(home, {"name": "empty", "mode": "AK"})
    with pytest.raises(CloudError, match=r"no Alibaba Cloud credentials that work .*--profile empty"):
        operate.check(by_profile("empty"))


@pytest.mark.usefixtures("keyless")
def test_without_credentials_the_check_says_how_to_get_some() -> None:
    with pytest.raises(
        CloudError, match=r"^there are no Alibaba Cloud credentials; run `aliyun configure --profile NAME`"
    ):
        operate.check(PLACE)


def test_a_stack_without_a_region_is_told_what_to_add() -> None:
    with pytest.raises(CloudError, match="alicloud:region: cn-hangzhou"):
        operate.check(Place("vision", "vision"))


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("key", ["accessKey", "secretKey", "assumeRole"])
def test_what_pulumi_alone_would_follow_is_refused(key: str) -> None:
    provider = {**PLACE.provider, f"alicloud:{key}": {"secure": "v1:abc"}}
    with pytest.raises(CloudError, match=f"alicloud:{key}, which Pulumi alone would follow"):
        operate.check(Place("vision", "vision", provider))


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"ALICLOUD_ACCESS_KEY": "LTAIother"}, r"\(InvalidAccessKeyId\.NotFound\); renew them"),
        ({"ALICLOUD_SECRET_KEY": "other"}, r"\(SignatureDoesNotMatch\); renew them"),
        ({"ALICLOUD_SECURITY_TOKEN": "other"}, r"\(InvalidSecurityToken\.Malformed\); renew them"),
    ],
)
def test_refused_credentials_are_told(
    names: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CloudError, match=f"^Alibaba Cloud refuses the credentials {words}"):
        operate.check(PLACE)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
            r"^Alibaba Cloud refuses the credentials \(InvalidSecurityToken\.Expired\); renew them",
        ),
        (
            (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."),
            "set this computer's clock",
        ),
        (
            (403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
            r"may not do DescribeInstances \(Forbidden\.RAM\); docs/operator-policy-alicloud\.json",
        ),
        (
            (400, "MissingParameter", "RegionId is mandatory"),
            r"to DescribeInstances: MissingParameter: .*RegionId",
        ),
        ((404, "InvalidRegionId.NotFound", "The region does not exist"), "InvalidRegionId.NotFound"),
    ],
)
def test_answers_that_are_errors_become_one_sentence(
    cloud: Cloud, refusal: tuple[int, str, str], words: str
) -> None:
    cloud.refuse = lambda _: refusal
    with pytest.raises(CloudError, match=words) as caught:
        operate.machines(PLACE)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "Throttling.User"), (503, "ServiceUnavailable"), (500, "InternalError")]
)
def test_throttling_that_ends_is_waited_for(cloud: Cloud, status: int, code: str) -> None:
    refusals = iter([(status, code, "busy")] * 3)
    cloud.runs({**TAGS, "node": "annotator-1"})
    cloud.refuse = lambda _: next(refusals, None)
    assert len(operate.machines(PLACE)) == 1


def test_endless_throttling_is_given_up(cloud: Cloud) -> None:
    asked: list[str] = []

    def busy(operation: str) -> tuple[int, str, str]:
        asked.append(operation)
        return 400, "Throttling.User", "Request was denied due to user flow control."

    cloud.refuse = busy
    with pytest.raises(CloudError, match=r"goes on answering Throttling\.User to DescribeInstances"):
        operate.machines(PLACE)
    assert len(asked) == api.ATTEMPTS


@pytest.mark.usefixtures("cloud")
def test_without_a_connection_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "127.0.0.1:9")
    with pytest.raises(CloudError) as caught:
        operate.check(PLACE)
    assert str(caught.value) == (
        "Alibaba Cloud is not reached (Failed to establish a new connection: [Errno 111] Connection refused)"
        "; check the network, the proxy and alicloud:region"
    )
    at(monkeypatch, "sts.nowhere.invalid")
    with pytest.raises(CloudError, match=r"is not reached \(Failed to resolve 'sts\.nowhere\.invalid'"):
        operate.check(PLACE)


@pytest.mark.usefixtures("cloud")
def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at(monkeypatch, f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(CloudError, match=r"is not reached \(Read timed out"):
            operate.check(PLACE)


def test_an_answer_that_is_none_of_alibabas_is_told(cloud: Cloud) -> None:
    cloud.page_of_a_proxy = "<html>502 Bad Gateway</html>"
    with pytest.raises(CloudError, match="is not reached"):
        operate.check(PLACE)


def test_an_error_of_one_look_is_the_error_of_all(cloud: Cloud) -> None:
    cloud.refuse = lambda operation: (
        (403, "NoPermission", "no") if operation == "DescribeFileSystems" else None
    )
    with pytest.raises(CloudError, match="may not do DescribeFileSystems"):
        operate.leftovers(PLACE)


def everything(cloud: Cloud, tags: dict[str, str]) -> None:
    """One of each kind that the program makes, with these tags."""
    cloud.runs(tags, InstanceName="vision-annotator-1")
    cloud.makes("DescribeDisks", tags, DiskName="", Status="In_use", Size=300)
    cloud.makes("DescribeNetworkInterfaces", tags, Status="InUse")
    cloud.makes("DescribeSecurityGroups", tags, SecurityGroupName="vision-gpuvm")
    cloud.makes("DescribeVpcs", tags, VpcName="vision")
    cloud.makes("DescribeVSwitches", tags, VSwitchName="vision", ZoneId="cn-hangzhou-k")
    cloud.makes("DescribeEipAddresses", tags, IpAddress="203.0.113.9", Status="InUse")
    cloud.makes("DescribeNatGateways", tags, Name="vision", Status="Available")
    cloud.makes("DescribeFileSystems", tags, Description="vision", Status="Running", MeteredSize=3 * 2**29)
    name = access_group(tags["team"], tags["stack"])
    cloud.things.append(Thing("DescribeAccessGroups", name, {}))
    cloud.other_arns.append((f"arn:acs:ecs:{REGION}:1234567890123456:snapshot/s-{tags['stack']}", tags))


def test_leftovers_are_everything_that_carries_the_stacks_tags(cloud: Cloud) -> None:
    assert operate.leftovers(PLACE) == []
    everything(cloud, {**TAGS, "stack": "other"})
    everything(cloud, {**TAGS, "team": "other"})
    assert operate.leftovers(PLACE) == []
    everything(cloud, TAGS)
    lines = [re.sub(r"-\d{3}\b", "", line) for line in operate.leftovers(PLACE)]
    assert lines == [
        "instance instance (vision-annotator-1, Running, ecs.gn6i-c4g1.xlarge)",
        "disk disk (In_use, 300 GiB)",
        "network interface networkinterface (InUse)",
        "security group securitygroup (vision-gpuvm)",
        "vpc vpc (vision)",
        "vswitch vswitch (vision, cn-hangzhou-k)",
        "address allocation (203.0.113.9, InUse)",
        "nat gateway natgateway (vision, Available)",
        "nas file system filesystem (vision, Running, 1.5 GiB)",
        "nas access group vision-vision-nas",
        f"arn:acs:ecs:{REGION}:1234567890123456:snapshot/s-vision",
    ]


def test_what_only_the_tag_service_remembers_is_gone(cloud: Cloud) -> None:
    cloud.other_arns.append((f"arn:acs:ecs:{REGION}:1234567890123456:instance/i-gone", TAGS))
    assert operate.leftovers(PLACE) == []
