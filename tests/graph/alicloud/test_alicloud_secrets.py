"""What machines and people with read access can see: no secret but a named machine's own host key."""

import json
from typing import Any

import pytest
import yaml

from components import keys
from tests.graph.alicloud.conftest import CLUSTER, SECRETS
from tests.graph.recording import SEED, Recording, record
from tests.graph.test_secrets import TOKEN, visible, without_secrets

CLUSTERS = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]
VMS = ["annotator-1", "annotator-2"]
OF_THE_AGENT = "agent-token-of-the-server"
# ECS's own limit, before base64
USER_DATA_BYTES = 32 * 1024


def secrets() -> dict[str, str]:
    hosts = [f"host/{node}" for node in (*CLUSTERS, *VMS)]
    found = {
        label: keys.private_text(keys.derive(SEED, label)).splitlines()[3]
        for label in ("login", "client", *hosts)
    }
    token = keys.derive(SEED, "rayToken").hex()
    return {**found, "seed": SEED, "token": token, "agent": OF_THE_AGENT, **SECRETS}


@pytest.fixture(params=[*CLUSTERS, *VMS])
def user_data(request: pytest.FixtureRequest, cluster: Recording, gpu_vms: Recording) -> tuple[str, str]:
    """Name and text."""
    name: str = request.param
    return name, (gpu_vms if name in VMS else cluster)[f"{name}-instance"].plain("userData")


def test_user_data_holds_the_machines_own_host_key_and_no_other_secret(user_data: tuple[str, str]) -> None:
    name, text = user_data
    assert [label for label, secret in secrets().items() if secret in text] == [f"host/{name}"]


def test_user_data_fits(user_data: tuple[str, str]) -> None:
    assert len(user_data[1].encode()) < USER_DATA_BYTES / 4


def test_user_data_is_plain_text_which_the_provider_encodes(user_data: tuple[str, str]) -> None:
    assert user_data[1].startswith("#cloud-config\n")


def test_a_token_that_the_team_gives_is_nowhere_in_plain() -> None:
    recording = record(CLUSTER, {"rayToken": TOKEN})
    assert TOKEN not in visible(recording)


@pytest.mark.parametrize("label", secrets())
def test_a_derived_secret_is_nowhere_in_plain(cluster: Recording, gpu_vms: Recording, label: str) -> None:
    for recording in (cluster, gpu_vms):
        assert secrets()[label] not in visible(recording)


def test_no_secret_is_in_a_tag_or_a_description(cluster: Recording, gpu_vms: Recording) -> None:
    for recording in (cluster, gpu_vms):
        for request in recording.requests.values():
            shown = json.dumps(without_secrets(request.inputs), default=str)
            assert not [label for label, secret in secrets().items() if secret in shown], request.name


def files(text: str) -> dict[str, str]:
    return {file["path"]: file["content"] for file in yaml.safe_load(text)["write_files"]}


def test_peoples_work_does_not_get_a_machines_metadata(user_data: tuple[str, str]) -> None:
    rules = files(user_data[1])["/etc/agent-fleet/metadata.nft"]
    assert "ip daddr 100.100.100.200 meta skuid != { 0 } reject" in rules
    _, forwarded = rules.split("chain forward")
    assert "ip daddr 100.100.100.200 reject" in forwarded, "containers come by there"


def test_the_guard_is_up_before_the_storage_and_what_runs_from_it(cluster: Recording) -> None:
    data: Any = yaml.safe_load(cluster["steady-1-instance"].plain("userData"))
    run = data["runcmd"]
    guarded = run.index(["systemctl", "enable", "--now", "agent-fleet-metadata.service"])
    mounted = run.index(["systemctl", "start", "--no-block", "agent-fleet-storage.service"])
    assert guarded < mounted


def test_user_data_of_a_cluster_mounts_the_storage_at_every_boot(cluster: Recording) -> None:
    for node in CLUSTERS:
        data: Any = yaml.safe_load(cluster[f"{node}-instance"].plain("userData"))
        unit = files(cluster[f"{node}-instance"].plain("userData"))[
            "/etc/systemd/system/agent-fleet-storage.service"
        ]
        assert "nfs-common" in data["packages"]
        assert "mount -t nfs4 -o vers=4.0," in unit
        assert "storage-mount-target.cn-hangzhou.nas.aliyuncs.com:/ /shared" in unit
        assert ["systemctl", "enable", "agent-fleet-storage.service"] in data["runcmd"]


def test_a_gpu_vm_mounts_nothing(gpu_vms: Recording) -> None:
    for node in VMS:
        text = gpu_vms[f"{node}-instance"].plain("userData")
        assert "agent-fleet-storage.service" not in files(text)["/etc/agent-fleet/metadata.nft"]
        assert "/etc/systemd/system/agent-fleet-storage.service" not in files(text)
        assert "nfs-common" not in yaml.safe_load(text)["packages"]
