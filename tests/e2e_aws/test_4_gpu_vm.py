"""A GPU VM with a Supervisely agent on simulated AWS, on the real engine.

GPU, driver and NVIDIA's runtime are stand-ins (tests/simcloud/gpus.py), and so are the server and the agent's
image: shown are order, files, rules and sentences, not that a GPU works.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.e2e.project import copied_project
from tests.e2e_alicloud.project import GpuFleet, gpu_vm

pytestmark = pytest.mark.exhaustive

ZONE = "eu-central-1a"
METADATA = "http://169.254.169.254/latest"


class AwsGpuFleet(GpuFleet):
    described: ClassVar[dict[str, Any]] = {
        "team": "tests",
        "cloud": "aws",
        "access": {"admins": ["203.0.113.0/28"]},
        "network": {"zones": [ZONE]},
        "gpuVms": [{**gpu_vm("keeps"), "instanceType": "g4dn.xlarge"}],
    }
    provider: ClassVar[dict[str, str]] = {"aws:region": "eu-central-1"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsGpuFleet]:
    made = AwsGpuFleet(copied_project(tmp_path_factory.mktemp("project")), "t-aws-gpu", "10.98.0.0/16")
    made.up_well()
    yield made
    made.end()
    assert made.left() == []


def test_the_server_saw_the_agent_with_its_gpu(up: AwsGpuFleet) -> None:
    agent = up.agent_of("keeps")
    assert (agent["status"], agent["gpuInfo"]["device_count"]) == ("running", 1)
    assert json.loads(up.status().text)["well"]


def test_the_machine_is_an_instance_with_a_vendors_image_and_a_fixed_address(up: AwsGpuFleet) -> None:
    props = up.account("instance")["keeps-instance"]["props"]
    assert (props["instanceType"], props["rootBlockDevice"]["encrypted"]) == ("g4dn.xlarge", True)
    assert props["metadataOptions"]["httpTokens"] == "required"
    (address,) = up.account("eip").values()
    (told,) = up.outputs()["gpuVms"]
    assert told["publicIp"] == address["props"]["publicIp"]
    assert not up.account("fileSystem"), "a GPU VM shares no storage"


def test_only_ssh_is_reached(up: AwsGpuFleet) -> None:
    (told,) = up.outputs()["gpuVms"]
    assert up.reaches(told["publicIp"], 22)
    assert not up.reaches(told["publicIp"], 2375)


def test_no_token_is_in_user_data_or_plain_state(up: AwsGpuFleet) -> None:
    token = f"curl -sX PUT {METADATA}/api/token -H X-aws-ec2-metadata-token-ttl-seconds:60"
    line = f"curl -sH X-aws-ec2-metadata-token:$({token}) {METADATA}/user-data"
    text = up.ssh("keeps", f"sudo sh -c {shlex.quote(line)}")
    assert "#cloud-config" in text
    secret = up.agent_of("keeps")["token"]
    assert secret not in text
    assert secret not in up.state()


def test_a_second_up_changes_nothing(up: AwsGpuFleet) -> None:
    before = up.agent_container("keeps")
    assert set(up.up_well().counts()) == {"unchanged"}
    assert up.agent_container("keeps") == before


def test_a_machine_made_anew_keeps_its_agent_and_its_address(up: AwsGpuFleet) -> None:
    agent, (told,), machine = up.agent_of("keeps")["id"], up.outputs()["gpuVms"], up.instances()["keeps"]
    assert up.run("replace", up.stack, "keeps").code == 0
    assert up.instances()["keeps"] != machine
    assert up.agent_of("keeps")["id"] == agent
    assert up.outputs()["gpuVms"][0]["publicIp"] == told["publicIp"]
    assert up.alive() == [agent]


def test_the_agent_is_archived_when_its_vm_goes(up: AwsGpuFleet) -> None:
    agent = up.agent_of("keeps")["id"]
    up.destroy()
    assert agent not in up.alive()
    assert not up.account("instance")
