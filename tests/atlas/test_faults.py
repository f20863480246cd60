"""What is missing or wrong is told in a sentence, and the next run goes on."""

from collections.abc import Iterator

import pytest

from tests.atlas import archive
from tests.atlas.hosts import AtlasHosts
from tests.atlas.standins import Standins
from tests.cluster_hosts import well

pytestmark = pytest.mark.exhaustive

GONE = "http://127.0.0.1:1/atlas.tgz"
OTHER = "f" * 64
KEYCLOAK = "/var/lib/atlas/h2/data"
FILE, SLOW = f"{KEYCLOAK}/keycloak.json", f"{KEYCLOAK}/slow"


@pytest.fixture
def mended(hosts: AtlasHosts) -> Iterator[AtlasHosts]:
    """Well again after the fault."""
    yield hosts
    well(hosts.step("plain-1"))
    well(hosts.join("plain-1"))


def test_an_archive_that_is_gone(mended: AtlasHosts) -> None:
    refused = mended.step("plain-1", ARCHIVE_URL=GONE, ARCHIVE_SHA256=OTHER)
    assert refused.code
    assert f"the archive cannot be had: {GONE}" in refused.said


def test_a_wrong_checksum_leaves_nothing_behind(mended: AtlasHosts) -> None:
    before = mended.containers("plain-1")
    refused = mended.step("plain-1", ARCHIVE_SHA256=OTHER)
    assert f"has the checksum {archive.sha256('atlas.tgz')}, and not {OTHER}" in refused.said
    assert mended.shell("plain-1", "ls /var/cache/agent-fleet/atlas | grep -c ^tmp || :") == "0"
    assert mended.containers("plain-1") == before


def test_an_installer_that_passes_over_a_package(mended: AtlasHosts, standins: Standins) -> None:
    broken = archive.without_wheel()
    standins.put({"broken.tgz": broken[0]})
    url = f"http://{standins.address}/broken.tgz"
    refused = mended.step("plain-1", ARCHIVE_URL=url, ARCHIVE_SHA256=broken[1])
    assert "the installer ended without atlas-server" in refused.said


def test_a_registry_that_is_gone(mended: AtlasHosts) -> None:
    refused = mended.step("plain-1", JOB_IMAGES=["127.0.0.1:1/atlas/worker:1"])
    assert "the image 127.0.0.1:1/atlas/worker:1 cannot be had" in refused.said


def test_a_docker_that_is_too_new(mended: AtlasHosts) -> None:
    new = '#!/bin/sh\n[ "$1" != version ] || exec echo 29.0.1\nexec /usr/bin/docker "$@"\n'
    mended.inside("plain-1", "install", "-m755", "/dev/stdin", "/usr/local/bin/docker", data=new)
    try:
        refused = mended.step("plain-1")
    finally:
        mended.inside("plain-1", "rm", "/usr/local/bin/docker")
    assert "Docker 29.0.1 is too new for Atlas" in refused.said


def test_a_port_that_is_taken(mended: AtlasHosts) -> None:
    mended.shell("plain-1", "systemctl stop atlas; systemd-run --unit=taker python3 -m http.server 5557")
    try:
        refused = mended.step("plain-1")
    finally:
        mended.shell("plain-1", "systemctl stop taker")
    assert "port 5557 is taken, and Atlas needs it" in refused.said
    assert "python3" in refused.said


def test_a_master_that_is_not_there(mended: AtlasHosts) -> None:
    nobody = mended.addresses["wide-1"]
    refused = mended.step("plain-1", seconds=200, MASTER_IP=nobody)
    assert (
        f"the master's tracker: not so after 120 s; the tracker at {nobody}:5556: no answer" in refused.said
    )


def test_a_worker_with_other_slots_is_no_member(mended: AtlasHosts) -> None:
    refused = mended.join("plain-1", seconds=240, SLOTS=3)
    assert "its scheduler has 1 slots" in refused.said


def test_nothing_is_written_where_the_storage_is_not_mounted(mended: AtlasHosts) -> None:
    refused = mended.step("plain-1", seconds=200, STORAGE_PATH="/not-mounted")
    assert "the shared storage at /not-mounted: not so after 120 s" in refused.said
    assert mended.shell("plain-1", "ls -d /not-mounted 2>/dev/null || :") == ""


@pytest.fixture
def accounts(hosts: AtlasHosts) -> Iterator[AtlasHosts]:
    """Keycloak's folder is as before, and the master well."""
    yield hosts
    hosts.shell("master", f"rm -f {SLOW}; [[ ! -e {FILE}.before ]] || mv {FILE}.before {FILE}")
    well(hosts.step("master"))
    for name in ("plain-1", "wide-1"):
        well(hosts.join(name))


def test_a_keycloak_that_is_down_and_slow_is_waited_for(accounts: AtlasHosts) -> None:
    accounts.shell("master", f"echo 20 >{SLOW}; docker stop -t1 foundations-authentication-server")
    said = well(accounts.step("master")).said
    assert "starting Keycloak for this machine alone" in said
    assert said.count("waiting for an answer of Keycloak") > 1
    assert "bringing the accounts in order" in said


def test_a_keycloak_that_ends_at_its_start(accounts: AtlasHosts) -> None:
    accounts.shell("master", f"cp -p {FILE} {FILE}.before; echo broken >{FILE}")
    accounts.shell("master", "docker restart -t1 foundations-authentication-server")
    refused = accounts.step("master")
    assert refused.code
    assert "Keycloak ended at its start: json.decoder.JSONDecodeError" in refused.said


def test_a_keycloak_that_never_answers(accounts: AtlasHosts) -> None:
    accounts.shell("master", f"echo 900 >{SLOW}; docker stop -t1 foundations-authentication-server")
    refused = accounts.step("master")
    assert "an answer of Keycloak: not so after 240 s; curl: " in refused.said
    # people reach nothing whose accounts are not in order
    assert accounts.shell("master", "docker ps --format '{{.Names}}'") == "atlas-keycloak-private"
