"""What the step of a Supervisely agent is told, from a stack file that says everything."""

import json
from pathlib import Path
from typing import Any

from components.config.stack_file import read_stack_file
from components.config.validation import validate
from components.fleet import fleet_of
from components.platforms import supervisely

FILE = Path(__file__).parents[1] / "stackfiles" / "good" / "gpu-vms-beside-a-cluster.yaml"
PASSWORD = "canary-of-a-password"  # noqa: S105 - nobody's
TOKEN = "canary-of-a-token"  # noqa: S105 - nobody's


class GivenKeys:
    def given(self, label: str) -> str | None:
        return {"superviselyRegistryPassword": PASSWORD}.get(label)


def call() -> Any:
    told = read_stack_file(FILE)
    config = validate(told.values, told.secret_keys, "vision", told.region)
    fleet = fleet_of(config, "vision", (), {})
    enrolled: Any = {"id": 1, "token": TOKEN}
    keys: Any = GivenKeys()
    machine: Any = None
    return supervisely.agent(fleet, fleet.gpu_vms[0], keys, machine, enrolled)


def test_every_option_reaches_the_agents_environment() -> None:
    environment = dict(line.split("=", 1) for line in call().settings["ENVIRONMENT"].splitlines())
    assert environment == {
        "PULL_POLICY": "ifnotpresent",
        "DELETE_TASK_DIR_ON_FINISH": "true",
        "LOG_LEVEL": "INFO",
        "WITH_LOCAL_STORAGE": "false",
        "OFFLINE_MODE": "true",
        "CPU_LIMIT": "4000m",
        "MEM_LIMIT": "16384m",
        "HTTP_PROXY": "http://proxy.example.org:3128",
        "HTTPS_PROXY": "http://proxy.example.org:3128",
        "NO_PROXY": "10.0.0.0/8",
    }
    assert call().settings["AGENT_HOST_DIR"] == "/data/supervisely"
    assert call().settings["IMAGE"] == "registry.example.org:5000/supervisely/agent:6.9.7"


def test_docker_is_told_where_images_come_from_and_how_gpus_stay() -> None:
    daemon = json.loads(call().settings["DAEMON"])
    assert daemon["exec-opts"] == ["native.cgroupdriver=cgroupfs"]
    assert daemon["default-cgroupns-mode"] == "private"
    assert daemon["default-runtime"] == "nvidia"
    assert daemon["registry-mirrors"] == ["https://mirror.example.org"]
    assert daemon["proxies"]["https-proxy"] == "http://proxy.example.org:3128"


def test_secrets_are_apart_from_settings() -> None:
    found = call()
    assert found.secrets == {"AGENT_TOKEN": TOKEN, "REGISTRY_PASSWORD": PASSWORD}
    assert "canary" not in json.dumps(dict(found.settings))


def test_an_agent_has_no_port() -> None:
    assert supervisely.PORTS == ()
