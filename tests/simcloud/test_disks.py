"""Disks on real hosts: what the master's user data makes of one, and that it outlives hosts and reboots."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components import cloud_init, keys
from components.cloud import STATE_PATH
from components.cloud_init import Setup
from components.clouds.alicloud import mounting as on_alicloud
from components.clouds.aws import mounting as on_aws
from components.clouds.state_mounting import MOUNTED
from tests.simcloud import catalogue, clouds, disks, names, resources
from tests.simcloud.hooks import Hooks
from tests.simcloud.remove import take_down
from tests.simcloud.store import Record, Store
from tools.local_hosts import podman

USERDATA = Path(__file__).parents[2] / "userdata"
SEED = "d15c" * 16
BOOT_SECONDS = 120
# A database for the script that puts such on the volume: one that says where it writes, at each start.
DATABASE = """\
[Service]
User=postgres
ExecStart=/bin/sh -c 'findmnt -n --target /var/lib/postgresql >>/var/lib/postgresql/starts; sleep inf'
[Install]
WantedBy=multi-user.target
"""


@dataclass
class Cloud:
    """One stack in a simulated account, made piece by piece as the engine asks for them."""

    name: str
    region: str
    zone: str
    cidr: str
    mounting: Callable[[str, str], Setup]
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(f"t-disks-{uuid.uuid4().hex[:6]}")

    def make(self, kind: str, **inputs: Any) -> Record:
        known = catalogue.kinds(self.name)[kind]
        return resources.create(self.store, known, self._hooks(kind), kind, "", self.region, inputs)

    def delete(self, record: Record) -> None:
        known = catalogue.kinds(self.name)[record["kind"]]
        resources.delete(self.store, known, self._hooks(record["kind"]), record["id"])

    def resize(self, record: Record, gib: int) -> None:
        known = catalogue.kinds(self.name)[record["kind"]]
        said = {key: record["props"][key] for key in record["inputs"]}
        resources.update(self.store, known, self._hooks(record["kind"]), record["id"], {**said, "size": gib})

    def _hooks(self, kind: str) -> Hooks:
        return clouds.named(self.name).HOOKS.get(kind, Hooks())

    def user_data(self, disk: str) -> str:
        host = keys.derive(SEED, "host/master")
        return cloud_init.document(
            hostname="master",
            host_private_key=keys.private_text(host),
            host_public_key=keys.public_line(host),
            authorized_keys=[],
            setup=self.mounting(disk, STATE_PATH),
        )

    def run(self, instance: Record, script: str) -> subprocess.CompletedProcess[str]:
        container = names.container(self.store.stack, instance["id"])
        return subprocess.run(
            [*podman.command(), "exec", container, "bash", "-c", script],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def inside(self, instance: Record, script: str) -> str:
        done = self.run(instance, script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def so(self, instance: Record, what: str) -> bool:
        return self.run(instance, what).returncode == 0

    def until(self, instance: Record, what: str) -> None:
        end = time.monotonic() + BOOT_SECONDS
        while not self.so(instance, what):
            if time.monotonic() > end:
                told = self.run(instance, f"journalctl -b --no-pager -u {MOUNTED} | tail -20").stdout
                raise AssertionError(f"not after {BOOT_SECONDS} s: {what}\n{told}")
            time.sleep(1)


@dataclass
class Aws(Cloud):
    name: str = "aws"
    region: str = "eu-central-1"
    zone: str = "eu-central-1a"
    cidr: str = "10.98.0.0/20"
    mounting: Callable[[str, str], Setup] = on_aws.state_mounting

    def network(self) -> None:
        vpc = self.make("vpc", cidrBlock=self.cidr)["id"]
        self.subnet = self.make("subnet", vpcId=vpc, cidrBlock=self.cidr, availabilityZone=self.zone)["id"]
        self.group = self.make("securityGroup", vpcId=vpc)["id"]
        out = {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
        self.make("securityGroupEgressRule", securityGroupId=self.group, **out)

    def disk(self, gib: int) -> Record:
        return self.make("volume", availabilityZone=self.zone, size=gib, encrypted=True, type="gp3")

    def instance(self, disk: str) -> Record:
        return self.make(
            "instance",
            ami="ami-0deb13a64f00d5123",
            instanceType="c5.large",
            subnetId=self.subnet,
            vpcSecurityGroupIds=[self.group],
            associatePublicIpAddress=True,
            userData=self.user_data(disk),
        )

    def attach(self, disk: Record, instance: Record) -> Record:
        said = {"volumeId": disk["id"], "instanceId": instance["id"]}
        return self.make("volumeAttachment", **said, deviceName=on_aws.STATE_DEVICE)


@dataclass
class Alicloud(Cloud):
    name: str = "alicloud"
    region: str = "cn-hangzhou"
    zone: str = "cn-hangzhou-k"
    cidr: str = "10.98.16.0/20"
    mounting: Callable[[str, str], Setup] = on_alicloud.state_mounting

    def network(self) -> None:
        vpc = self.make("vpc", cidrBlock=self.cidr)["id"]
        self.subnet = self.make("subnet", vpcId=vpc, cidrBlock=self.cidr, zoneId=self.zone)["id"]
        self.group = self.make("securityGroup", vpcId=vpc)["id"]

    def disk(self, gib: int) -> Record:
        return self.make("disk", zoneId=self.zone, size=gib, encrypted=True, category="cloud_auto")

    def instance(self, disk: str) -> Record:
        return self.make(
            "instance",
            imageId="debian_13_0_x64_20G_alibase_20261020.vhd",
            instanceType="ecs.c7.large",
            vswitchId=self.subnet,
            securityGroups=[self.group],
            systemDiskSize=40,
            userData=self.user_data(disk),
        )

    def attach(self, disk: Record, instance: Record) -> Record:
        return self.make("diskAttachment", diskId=disk["id"], instanceId=instance["id"])


@pytest.fixture(params=[Aws, Alicloud], ids=["aws", "alicloud"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = request.param()
    try:
        made.network()
        yield made
    finally:
        take_down(made.store.stack)
        shutil.rmtree(made.store.folder)
    assert disks.leftovers(made.store.stack) == []


def identity(cloud: Cloud, instance: Record) -> str:
    """Of the file system: another one is another number."""
    return cloud.inside(instance, f"findmnt --noheadings --output UUID {STATE_PATH}")


def boots(cloud: Cloud, instance: Record) -> str:
    container = names.container(cloud.store.stack, instance["id"])
    return podman.run("inspect", "--format={{.State.StartedAt}}", container)


def reboot(cloud: Cloud, instance: Record) -> None:
    before = boots(cloud, instance)
    cloud.run(instance, "systemctl reboot")
    end = time.monotonic() + BOOT_SECONDS
    while boots(cloud, instance) == before:
        assert time.monotonic() < end, "it does not reboot"
        time.sleep(1)


def may_resize(cloud: Cloud, instance: Record) -> bool:
    """CAP_SYS_RESOURCE, which is number 24."""
    return bool(int(cloud.inside(instance, "awk '/CapEff/ { print $2 }' /proc/self/status"), 16) >> 24 & 1)


def kept() -> str:
    """What a platform's step does for a database."""
    script = "".join((USERDATA / f"{name}.sh").read_text() for name in ("common", "databases"))
    unit = "database.service"
    does = f"kept postgres 711 /var/lib/postgresql {unit}\nsystemctl enable --now {unit}\n"
    return f"exec <<<STATE_PATH={STATE_PATH}\n{script}\n{does}"


def test_a_disk_outlives_reboots_and_hosts(cloud: Any) -> None:
    disk = cloud.disk(1)
    first = cloud.instance(disk["id"])
    cloud.until(first, f"systemctl is-enabled {MOUNTED}")
    assert not cloud.so(first, f"mountpoint {STATE_PATH}")

    cloud.attach(disk, first)
    cloud.until(first, f"mountpoint {STATE_PATH} && systemctl is-active {MOUNTED}")
    made = identity(cloud, first)
    cloud.inside(first, f"cat >/etc/systemd/system/database.service <<'E'\n{DATABASE}E")
    cloud.inside(first, kept())
    assert cloud.inside(first, "stat -c %U:%u /var/lib/postgresql") == "postgres:711"

    reboot(cloud, first)
    cloud.until(first, "systemctl is-active database.service")
    assert identity(cloud, first) == made
    starts = cloud.inside(first, f"cat {STATE_PATH}/var/lib/postgresql/starts").splitlines()
    assert len(starts) == 2
    assert all(line.startswith("/var/lib/postgresql ") for line in starts), "it wrote beside the volume"
    assert "ordering cycle" not in cloud.inside(first, "journalctl -b --no-pager")

    cloud.resize(disk, 2)
    assert cloud.inside(first, f"blockdev --getsize64 $(findmnt -no SOURCE {STATE_PATH})") == str(2 * 2**30)
    cloud.inside(first, f"systemctl reload {MOUNTED}")
    size = int(cloud.inside(first, f"df --output=size --block-size=1M {STATE_PATH} | tail -1"))
    # a file system that is mounted grows where the kernel lets this computer's root do it
    assert (size > 1800) is may_resize(cloud, first)
    cloud.inside(first, kept())
    assert cloud.so(first, "systemctl is-active database.service")

    cloud.delete(first)
    assert disks.leftovers(cloud.store.stack) == []
    second = cloud.instance(disk["id"])
    cloud.attach(disk, second)
    cloud.until(second, f"mountpoint {STATE_PATH} && systemctl is-active {MOUNTED}")
    assert identity(cloud, second) == made
    assert cloud.inside(second, f"cat {STATE_PATH}/var/lib/postgresql/starts").splitlines()[:2] == starts
    cloud.delete(second)
    cloud.delete(disk)
    assert not podman.exists("volume", names.volume(cloud.store.stack))


def test_what_is_on_a_disk_stays_if_it_is_no_file_system_of_ours(cloud: Any) -> None:
    disk = cloud.disk(1)
    file = Path(disks.file_of(cloud.store, disk["id"]))
    with file.open("r+b") as written:
        written.seek(2**20)
        written.write(b"somebody's data")
    instance = cloud.instance(disk["id"])
    cloud.attach(disk, instance)
    cloud.until(instance, f"journalctl --no-pager -u {MOUNTED} | grep -q 'wrong fs type'")
    assert not cloud.so(instance, f"mountpoint {STATE_PATH}")
    with file.open("rb") as read:
        assert read.read(2**20) == b"\0" * 2**20
        assert read.read(15) == b"somebody's data"
