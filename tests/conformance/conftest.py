"""The plugin under test, two hosts and a stack for each test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import hosts, stack
from tests.conformance.hosts import SshHost
from tests.conformance.stack import Stack


@pytest.fixture(scope="package")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return stack.make_environment(tmp_path_factory.mktemp("tools"))


@pytest.fixture(scope="package")
def template(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """The program with an empty stack, to be copied: making a stack takes longer than copying one."""
    folder = tmp_path_factory.mktemp("template")
    shutil.copytree(stack.PROGRAM, folder, dirs_exist_ok=True)
    (folder / "state").mkdir()
    backend = {"PULUMI_BACKEND_URL": f"file://{folder}/state"}
    subprocess.run(
        ["pulumi", "stack", "init", "s"], cwd=folder, env=environment | backend, check=True, timeout=60
    )
    return folder


@pytest.fixture
def fleet(tmp_path: Path, environment: dict[str, str], template: Path) -> Stack:
    return Stack(tmp_path / "program", environment, template)


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHost]:
    """An sshd that takes the variables of the last run's output."""
    host = hosts.start(tmp_path_factory.mktemp("host") / "sshd", "LC_* PULUMI_COMMAND_*")
    yield host
    host.stop()


@pytest.fixture(scope="package")
def strict_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHost]:
    """An sshd as Debian sets it up: it takes LANG and LC_* only."""
    host = hosts.start(tmp_path_factory.mktemp("strict-host") / "sshd", "LANG LC_*")
    yield host
    host.stop()
