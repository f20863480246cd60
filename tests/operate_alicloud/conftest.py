"""Alibaba's SDK against the stand-in, with a stack on it as the program would have made it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.clouds.alicloud import api
from components.operated import Place
from tests.operate_alicloud.standin import KEY, SECRET, Cloud, StandIn

REGION = "cn-hangzhou"
PLACE = Place("vision", "vision", {"alicloud:region": REGION, "alicloud:protocol": "HTTP"})
TAGS = {"project": "agent-fleet", "stack": "vision", "team": "vision"}
PREFIXES = ("ALICLOUD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No account of the person who runs the tests, and no proxy between them and the stand-in."""
    for name in list(os.environ):
        if name.startswith(PREFIXES) or name.lower().endswith("_proxy") or name.endswith("_ENDPOINT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(api, "FIRST_PAUSE", 1)
    monkeypatch.setattr(api, "LONGEST_PAUSE", 2)
    return tmp_path


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud()
    stand_in = StandIn(made)
    at(monkeypatch, stand_in.address)
    monkeypatch.setenv("ALICLOUD_ACCESS_KEY", KEY)
    monkeypatch.setenv("ALICLOUD_SECRET_KEY", SECRET)
    yield made
    stand_in.close()


def at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for service in api.VERSIONS:
        monkeypatch.setenv(f"ALIBABA_CLOUD_ENDPOINT_{service.upper()}", address)
