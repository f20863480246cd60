"""A stack of three nodes as its outputs tell it."""

import copy
from pathlib import Path
from typing import Any

import pytest

from fleet import ssh_files
from fleet.inventory import Inventory

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"


def _node(name: str, address: str, **given: object) -> dict[str, object]:
    worker = {"role": "worker", "pool": "workers", "host": address, "port": 22, "proxy": "master"}
    key = f"{HOST_KEY}{name} root@{name}"
    return {"name": name, "privateIp": address, "user": "fleet", "hostKey": key, **worker, **given}


OUTPUTS: dict[str, Any] = {
    "urls": {"rayDashboard": "http://127.0.0.1:8265"},
    "clientConfig": {
        "user": "ray",
        "privateKey": "CLIENT KEY\n",
        "pip": ["eo-grow==1.7.15", "setuptools<81", "ray==2.55.1"],
    },
    "inventory": {
        "team": "earth-observation",
        "stack": "dev",
        "cloud": "local",
        "platform": "ray",
        "storage": {"mountPath": "/shared"},
        "loginKey": "LOGIN KEY",
        "nodes": [
            _node("master", "10.89.0.2", role="master", pool=None, host="127.0.0.1", port=2201, proxy=None),
            _node("workers-1", "10.89.8.2"),
            _node("workers-2", "10.89.8.3"),
        ],
    },
}


@pytest.fixture(autouse=True)
def _own_ssh_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ssh_files, "SSH_FOLDER", tmp_path / "ssh-files")


@pytest.fixture
def outputs() -> dict[str, Any]:
    return copy.deepcopy(OUTPUTS)


@pytest.fixture
def inventory(outputs: dict[str, Any]) -> Inventory:
    return Inventory.from_outputs("dev", outputs)
