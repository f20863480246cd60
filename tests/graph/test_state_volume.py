"""The volume with the master's databases: where there is one, and what puts it in its place."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.clouds.alicloud import mounting as on_alicloud
from components.clouds.aws import mounting as on_aws
from components.clouds.state_mounting import MOUNTED, SCRIPT, state_mounted
from tests.graph.alicloud.conftest import CLUSTER as ALICLOUD
from tests.graph.aws.conftest import CONFIG as AWS
from tests.graph.conftest import CONFIG as LOCAL
from tests.graph.recording import PROJECT_FOLDER, record

PATH = "/var/lib/agent-fleet-state"


@pytest.mark.parametrize("config", [LOCAL, AWS, ALICLOUD], ids=["local", "aws", "alicloud"])
def test_a_platform_without_databases_has_none(config: dict[str, Any]) -> None:
    assert not [request.name for request in record(config).requests.values() if "state" in request.name]


def test_a_volume_is_found_by_the_names_that_ec2_gives_it() -> None:
    script = on_aws.state_mounting("vol-0123456789abcdef0", PATH).files[SCRIPT]
    nitro = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
    assert f"for one in {nitro} /dev/xvdf; do" in script


def test_a_disk_is_found_by_the_names_that_ecs_gives_it() -> None:
    script = on_alicloud.state_mounting("d-bp1a2b3c4d5e6f7g8h9i", PATH).files[SCRIPT]
    virtio = "/dev/disk/by-id/virtio-bp1a2b3c4d5e6f7g8h9i"
    nvme = "/dev/disk/by-id/nvme-Alibaba_Cloud_Elastic_Block_Storage_bp1a2b3c4d5e6f7g8h9i"
    assert f"for one in {virtio} {nvme}; do" in script


def test_first_boot_does_not_wait_for_a_disk_that_comes_after_the_machine() -> None:
    setup = state_mounted(PATH, ["/dev/xvdf"])
    assert ("systemctl", "start", "--no-block", MOUNTED) in setup.commands
    assert setup.packages == ("e2fsprogs",)


def test_platforms_scripts_know_the_services_name() -> None:
    script = (PROJECT_FOLDER / "userdata" / "databases.sh").read_text()
    assert MOUNTED in script


def test_its_script_is_one_for_every_shell() -> None:
    script = state_mounted(PATH, ["/dev/vdb", "/dev/xvdf"]).files[SCRIPT]
    checker = shutil.which("shellcheck") or str(PROJECT_FOLDER / "venv" / "bin" / "shellcheck")
    done = subprocess.run([checker, "-s", "sh", "-"], input=script, capture_output=True, text=True)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", True), (b"\0" * 1080 + b"\x53\xef", False), (b"\1", False), (None, False)],
    ids=["zeros", "a file system", "anything", "not there"],
)
def test_only_a_disk_that_was_read_and_holds_nothing_is_blank(
    tmp_path: Path, content: bytes | None, expected: bool
) -> None:
    """blkid alone would say the same of zeros and of a disk that is not there."""
    disk = tmp_path / "disk"
    if content is not None:
        disk.write_bytes(content + b"\0" * (8 * 2**20 - len(content)))
    script = state_mounted(PATH, ["/dev/xvdf"]).files[SCRIPT]
    function = script[script.index("blank() {") : script.index("mounted() {")]
    done = subprocess.run(["sh", "-c", f'{function}\nblank "$1"', "sh", str(disk)])
    assert (done.returncode == 0) is expected
