"""Machines prepared by hand, and how they were before any stack took them."""

from collections.abc import Iterator

import pytest

from tests.e2e.project import copied_project, podman, wait_until
from tests.e2e_hosts.prepared import Prepared
from tests.e2e_hosts.project import HostsFleet
from tests.e2e_hosts.snapshot import snapshot
from tests.local.hosts import Stack

# What Ray's steps install by apt; the distribution's packages stay when a machine is given back.
PACKAGES = "python3-venv curl jq rsync nftables"
NAMES = ("one", "two", "three")


def is_up(made: Prepared, name: str) -> bool:
    return made.inside(name, "systemctl is-system-running || true").strip() in ("running", "degraded")


@pytest.fixture(scope="package")
def prepared() -> Iterator[Prepared]:
    made = Prepared(Stack("t-prepared"))
    try:
        made.boot(*NAMES)
        for name in NAMES:
            install = f"apt-get -qq update && apt-get -qqy install --no-install-recommends {PACKAGES}"
            made.inside(name, f"export DEBIAN_FRONTEND=noninteractive; {install} >/dev/null 2>&1")
            # what the distribution runs at the first boot alone has run when they are looked at
            podman("restart", made.stack.container(name))
            wait_until(f"{name} is up", lambda name=name: is_up(made, name))
        yield made
    finally:
        made.stack.remove()


@pytest.fixture(scope="package")
def before(prepared: Prepared) -> dict[str, dict[str, object]]:
    """Every machine as its team had it."""
    return {name: snapshot(prepared, name) for name in NAMES}


@pytest.fixture(scope="package")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, prepared: Prepared, before: dict[str, dict[str, object]]
) -> Iterator[HostsFleet]:
    del before
    made = HostsFleet(copied_project(tmp_path_factory.mktemp("project")), "t-hosts", prepared, *NAMES)
    yield made
    made.end()
