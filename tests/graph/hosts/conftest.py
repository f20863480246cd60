import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.recording import Recording, record

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINtw8dVbRxVxKxUFQPDk9vAcUu0XuUU6DJF0IdOgFzEO"
MASTER, WORKERS, VM, JUMP = "192.0.2.11", ["192.0.2.12", "192.0.2.13"], "192.0.2.21", "203.0.113.7"
KIND = "OPENSSH PRIVATE KEY"
# looked for
SECRETS = {
    "sshPrivateKey": f"-----BEGIN {KIND}-----\ncanary-of-the-team\n-----END {KIND}-----",
    "superviselyApiTokens": "canary-api-" + "0" * 20,
}
CONFIG: dict[str, Any] = {
    "team": "research",
    "cloud": "hosts",
    "access": {"user": "ops", "hostKeys": dict.fromkeys([MASTER, *WORKERS, VM], KEY)},
    "cluster": {
        "platform": "ray",
        "settings": {"rayVersion": "2.55.1"},
        "master": {"address": MASTER, "cpus": 4, "memoryGiB": 16},
        "pools": [{"name": "workers", "addresses": WORKERS, "cpus": 8, "memoryGiB": 32}],
    },
    "gpuVms": [
        {
            "name": "annotator",
            "platform": "supervisely",
            "address": VM,
            "cpus": 8,
            "memoryGiB": 32,
            "gpus": 1,
            "settings": {"serverAddress": "https://app.example.org", "teamId": 7},
        }
    ],
}

Change = Callable[[dict[str, Any]], object]
Changed = Callable[..., Recording]


def with_jump_host(config: dict[str, Any]) -> None:
    config["access"]["jumpHost"] = {"address": JUMP, "user": "jumper"}
    config["access"]["hostKeys"][JUMP] = KEY


def with_firewall(config: dict[str, Any]) -> None:
    config["network"] = {"firewall": "managed"}
    config["access"]["admins"] = ["198.51.100.0/24"]


@pytest.fixture(scope="session")
def hosts() -> Recording:
    """The program's requests for CONFIG."""
    return record(CONFIG, SECRETS)


@pytest.fixture
def changed() -> Changed:
    """The program's requests after changes of CONFIG."""

    def record_changed(*changes: Change) -> Recording:
        edited = copy.deepcopy(CONFIG)
        for change in changes:
            change(edited)
        return record(edited, SECRETS)

    return record_changed
