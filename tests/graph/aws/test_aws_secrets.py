"""What machines and people with read access can see: no secret but a named machine's own host key."""

import base64
import json
from typing import Any

import pytest
import yaml

from components import keys, scripts
from components.cloud import SCALER_USER
from tests.graph.aws.conftest import CONFIG
from tests.graph.recording import SEED, Recording, record
from tests.graph.test_secrets import TOKEN, visible, without_secrets

NAMED = ["master", "steady-1", "steady-2", "steady-3", "cheap-1"]
# EC2's own limit, before base64
USER_DATA_BYTES = 16 * 1024


def secrets() -> dict[str, str]:
    hosts = [f"host/{node}" for node in NAMED]
    found = {
        label: keys.private_text(keys.derive(SEED, label)).splitlines()[3]
        for label in ("login", "client", *hosts)
    }
    return {**found, "seed": SEED, "token": keys.derive(SEED, "rayToken").hex()}


def user_data(recording: Recording, node: str) -> str:
    return recording[f"{node}-instance"].plain("userData")


def of_elastic_workers(recording: Recording) -> str:
    return base64.b64decode(recording["burst-template-debian-x86_64"].plain("userData")).decode()


@pytest.mark.parametrize("node", NAMED)
def test_user_data_holds_the_machines_own_host_key_and_no_other_secret(aws: Recording, node: str) -> None:
    text = user_data(aws, node)
    assert [label for label, secret in secrets().items() if secret in text] == [f"host/{node}"]
    assert aws[f"{node}-instance"].is_secret("userData")


def test_user_data_of_elastic_workers_holds_no_secret(aws: Recording) -> None:
    text = of_elastic_workers(aws)
    assert not [label for label, secret in secrets().items() if secret in text]
    assert "PRIVATE KEY" not in text
    assert "ssh_keys" not in yaml.safe_load(text)


def test_a_launch_template_holds_no_secret_at_all(aws: Recording) -> None:
    inputs = aws["burst-template-debian-x86_64"].inputs
    everything = json.dumps(inputs, default=str) + of_elastic_workers(aws)
    assert not [label for label, secret in secrets().items() if secret in everything]


def test_elastic_workers_fetch_the_token_by_the_parameters_name(aws: Recording) -> None:
    parameter = aws["worker-secret-parameter"]
    assert parameter.inputs["type"] == "SecureString"
    assert parameter.inputs["name"] == "/agent-fleet/earth-observation/dev/worker"
    assert parameter.is_secret("value")
    assert parameter.plain("value") == secrets()["token"]
    assert f"TOKEN_PARAMETER={parameter.inputs['name']}" in of_elastic_workers(aws)


def test_a_token_that_the_team_gives_is_used_and_nowhere_in_plain() -> None:
    recording = record(CONFIG, {"rayToken": TOKEN})
    assert recording["worker-secret-parameter"].plain("value") == TOKEN
    assert TOKEN not in visible(recording)
    assert TOKEN not in of_elastic_workers(recording)


@pytest.mark.parametrize("label", secrets())
def test_a_derived_secret_is_nowhere_in_plain(aws: Recording, label: str) -> None:
    assert secrets()[label] not in visible(aws)


def test_no_secret_is_in_a_tag_a_policy_or_a_command(aws: Recording) -> None:
    for request in aws.requests.values():
        shown = json.dumps(without_secrets(request.inputs), default=str)
        assert not [label for label, secret in secrets().items() if secret in shown], request.name


@pytest.mark.parametrize("node", NAMED)
def test_user_data_fits(aws: Recording, node: str) -> None:
    assert len(user_data(aws, node).encode()) < USER_DATA_BYTES / 2


def test_user_data_of_elastic_workers_fits(aws: Recording) -> None:
    assert len(of_elastic_workers(aws).encode()) < USER_DATA_BYTES * 3 / 4


def test_user_data_mounts_the_storage_through_tls(aws: Recording) -> None:
    for text in (user_data(aws, "steady-1"), of_elastic_workers(aws)):
        data: Any = yaml.safe_load(text)
        files = {file["path"]: file["content"] for file in data["write_files"]}
        assert {"nfs-common", "stunnel4"} <= set(data["packages"])
        stunnel = files["/etc/agent-fleet/storage-tls.conf"]
        host = "storage-files.efs.eu-central-1.amazonaws.com"
        assert f"connect = {host}:2049" in stunnel
        assert f"checkHost = {host}" in stunnel
        assert "verifyChain = yes" in stunnel
        assert "127.0.0.1:/ /shared" in files["/etc/systemd/system/agent-fleet-storage.service"]
        enabled = ["systemctl", "enable", "agent-fleet-storage-tls.service", "agent-fleet-storage.service"]
        assert enabled in data["runcmd"], "it comes back after a reboot"


def rules(text: str) -> str:
    files = {file["path"]: file["content"] for file in yaml.safe_load(text)["write_files"]}
    return files["/etc/agent-fleet/metadata.nft"]


def test_peoples_work_does_not_get_the_credentials_of_a_machines_role(aws: Recording) -> None:
    for text in (user_data(aws, "steady-1"), of_elastic_workers(aws)):
        assert "ip daddr 169.254.169.254 meta skuid != { 0 } reject" in rules(text)


def test_on_the_master_the_scaler_gets_them_too_and_without_one_nobody(aws: Recording) -> None:
    assert "skuid != { 0, 4000 } reject" in rules(user_data(aws, "master"))
    fixed = {**CONFIG, "cluster": {**CONFIG["cluster"], "pools": CONFIG["cluster"]["pools"][:1]}}
    assert "skuid != { 0 } reject" in rules(user_data(record(fixed), "master"))


def test_the_scalers_user_is_the_one_that_the_script_makes() -> None:
    assert f"system_user ray {SCALER_USER}\n" in (scripts.USERDATA / "ray.sh").read_text()


def test_the_guard_is_up_before_the_storage_and_what_runs_from_it(aws: Recording) -> None:
    for text in (user_data(aws, "steady-1"), of_elastic_workers(aws)):
        data = yaml.safe_load(text)
        assert "nftables" in data["packages"]
        run = data["runcmd"]
        guarded = run.index(["systemctl", "enable", "--now", "agent-fleet-metadata.service"])
        mounted = run.index(["systemctl", "start", "--no-block", "agent-fleet-storage.service"])
        assert guarded < mounted


def test_cloud_init_waits_for_nothing_that_a_step_waits_for(aws: Recording) -> None:
    for command in yaml.safe_load(of_elastic_workers(aws))["runcmd"]:
        starts = "start" in command or "--now" in command
        waits = starts and "--no-block" not in command
        assert not waits or command[-1] == "agent-fleet-metadata.service", "which needs nothing"


def test_packages_come_from_the_mirror_of_the_stack() -> None:
    recording = record({**CONFIG, "packages": {"aptMirror": "https://deb.example.org/debian"}})
    for text in (user_data(recording, "steady-1"), of_elastic_workers(recording)):
        assert yaml.safe_load(text)["apt"]["primary"][0]["uri"] == "https://deb.example.org/debian"
