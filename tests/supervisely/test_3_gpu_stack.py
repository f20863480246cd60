"""The step alone, on a real host: where a GPU is asked for and there is none, and with a private CA.

NVIDIA's device, driver and toolkit are stand-ins: programs of these names that answer as the real ones
do. Shown are the order, the files and the sentences; not that a GPU works.
"""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components import keys, scripts
from components.call import Call
from components.config.validation import ENCRYPTED, validate
from components.fleet import fleet_of
from components.platforms import gpu, supervisely
from tests.local.hosts import LOGIN, Stack, made
from tests.supervisely.standins import API_TOKEN, DIRECT, REPOSITORY, TEAM, Standins

pytestmark = pytest.mark.exhaustive

NODE = "annotator"
SCRIPT = f"{scripts.INSTALLED}/supervisely.sh"
DEVICE = "echo '01:00.0 3D controller: NVIDIA Corporation TU104GL [Tesla T4]'"
DRIVER = "echo 'GPU 0: Tesla T4 (UUID: GPU-0)'"


class GivenKeys:
    def given(self, label: str) -> str | None:
        return "agent-token-0123456789" if label == f"superviselyAgentTokens/{NODE}" else None


class Host:
    """One GPU VM without Pulumi, and its step."""

    def __init__(self, standins: Standins) -> None:
        self.stack = Stack("t-sv-gpu")
        settings = {"serverAddress": standins.url, "image": f"{standins.registry}/{REPOSITORY}"}
        vm = {"name": NODE, "platform": "supervisely", "cpus": 1, "memoryGiB": 1.5, "gpus": 1}
        raw: dict[str, Any] = {
            "team": "tests",
            "cloud": "local",
            "packages": {"insecureRegistries": [standins.registry]},
            "gpuVms": [{**vm, "settings": settings}],
        }
        given = {"superviselyAgentTokens": ENCRYPTED}
        self.fleet = fleet_of(validate({**raw, **given}, given.keys(), "tests"), "tests", (), {})

    def boot(self) -> None:
        self.stack.network()
        self.stack.storage()
        self.stack.firewall("gpuVm")
        self.stack.machine(NODE, "gpuVm", "--memory-gib", "1.5")
        self.inside(f"mkdir -p {scripts.INSTALLED}; cat >{SCRIPT}", scripts.script_of(supervisely.SCRIPTS))

    def inside(self, line: str, data: str = "") -> str:
        return self.stack.inside(NODE, "bash", "-c", line, data=data)

    def program(self, name: str, line: str) -> None:
        """A stand-in for a program of NVIDIA's."""
        self.inside(f"cat >/usr/local/bin/{name}; chmod 755 /usr/local/bin/{name}", f"#!/bin/bash\n{line}\n")

    def call(self) -> Call:
        keys_given: Any = GivenKeys()
        machine: Any = SimpleNamespace()
        return supervisely.agent(self.fleet, self.fleet.gpu_vms[0], keys_given, machine, None)

    def step(self, **changed: Any) -> subprocess.CompletedProcess[str]:
        call = self.call()
        values: Any = {**call.settings, **call.secrets, "AUTHORIZED_KEYS": keys.public_line(LOGIN), **changed}
        return subprocess.run(
            ["podman", "exec", "--interactive", self.stack.container(NODE), "bash", SCRIPT, call.verb],
            input=scripts.assignments(values),
            capture_output=True,
            text=True,
            timeout=400,
        )

    def refused(self, **changed: Any) -> str:
        """What the step said when it failed."""
        done = self.step(**changed)
        assert done.returncode != 0
        return done.stderr


@pytest.fixture(scope="module")
def host(standins: Standins) -> Iterator[Host]:
    made("image", "ensure")
    standins.fail()
    host = Host(standins)
    try:
        host.boot()
        yield host
    finally:
        host.stack.remove()


def test_1_a_driver_that_debian_has_not_is_named(host: Host) -> None:
    host.program("lspci", DEVICE)
    said = host.refused()
    assert "NVIDIA driver missing: Debian has none for kernel" in said
    host.inside("rm /etc/apt/sources.list.d/non-free.list")


def test_2_a_driver_that_sees_nothing_is_named(host: Host) -> None:
    host.program("nvidia-smi", "exit 9")
    assert "NVIDIA driver missing: nvidia-smi lists 0 of 1 GPUs" in host.refused()


def test_3_a_repository_that_is_closed_is_named(host: Host) -> None:
    host.program("nvidia-smi", DRIVER)
    said = host.refused(NVIDIA_REPOSITORY="https://127.0.0.1:1")
    assert "NVIDIA runtime missing: https://127.0.0.1:1/gpgkey cannot be had" in said


def test_4_another_key_than_nvidias_is_refused(host: Host) -> None:
    host.inside(
        "mkdir -p /srv/mirror; cd /srv/mirror; apt-get install -qqy gpg gpg-agent >/dev/null 2>&1; "
        "gpg --batch --passphrase '' --quick-gen-key stranger; gpg --armor --export stranger >gpgkey; "
        "systemd-run --quiet --unit=mirror --working-directory=/srv/mirror python3 -m http.server 8000"
    )
    said = host.refused(NVIDIA_REPOSITORY="http://127.0.0.1:8000")
    assert f"is not {gpu.KEY}" in said
    assert "NVIDIA runtime missing" in said
    assert host.inside("ls /usr/share/keyrings /etc/apt/sources.list.d").count("nvidia") == 0


def test_5_a_runtime_that_gives_containers_no_gpu_is_named(host: Host) -> None:
    host.inside("apt-get install -qqy --no-install-recommends docker.io docker-cli >/dev/null 2>&1")
    host.program("nvidia-container-runtime", 'exec runc "$@"')
    host.program("nvidia-container-runtime-hook", "exit 0")
    said = host.refused()
    assert "NVIDIA runtime missing: nvidia-smi fails in a container" in said
    daemon = json.loads(host.inside("cat /etc/docker/daemon.json"))
    assert daemon["exec-opts"] == ["native.cgroupdriver=cgroupfs"]
    assert daemon["default-runtime"] == "nvidia"
    assert "FORCE_CPU_ONLY" not in host.inside("cat /etc/supervisely/agent.env 2>/dev/null || :")


def test_6_an_agent_made_by_hand_connects_by_tls_with_a_private_ca(
    host: Host, standins: Standins, tls: Path
) -> None:
    asked = json.dumps({"teamId": TEAM, "type": "sly_agent"}).encode()
    where = f"{standins.url}/public/api/v3/agents.add"
    request = urllib.request.Request(where, asked, {"x-api-key": API_TOKEN})  # noqa: S310 - our own container
    with DIRECT.open(request) as answer:
        made_by_hand = json.load(answer)
    daemon = json.loads(str(host.call().settings["DAEMON"]))
    for of_gpus in ("runtimes", "default-runtime"):
        del daemon[of_gpus]
    done = host.step(
        GPUS=0,
        DAEMON=json.dumps(daemon),
        SERVER=standins.url.replace("http:", "https:"),
        CA=(tls / "server.crt").read_text(),
        AGENT_TOKEN=made_by_hand["token"],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("digest ")
    agents = {agent["id"]: agent["status"] for agent in standins.told()["agents"]}
    assert agents[made_by_hand["id"]] == "running"
