"""userdata/kernel.sh with stand-ins for the machine: when it takes a newer kernel, and only once."""

import subprocess
from pathlib import Path

import pytest

from components import scripts

SCRIPT = (scripts.USERDATA / "kernel.sh").read_text()
NVIDIA, OTHER = "0x10de", "0x1af4"


class Machine:
    """`apt-get` has headers of no kernel but `cloud-amd64`'s newest, unless told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.log = folder / "log"
        self.device(NVIDIA)
        self.image("debian")
        self.program("uname", "echo 6.12.41+deb13-cloud-amd64")
        self.has("linux-image-cloud-amd64 linux-headers-cloud-amd64")
        self.program("systemctl", f'echo "systemctl $*" >>{self.log}')
        self.program("sleep", ":")
        self.program("timeout", 'shift; exec "$@"')

    def program(self, name: str, line: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{line}\n")
        path.chmod(0o755)

    def has(self, packages: str) -> None:
        self.program(
            "apt-get", f'echo "apt-get $*" >>{self.log}; [[ "$*" == *update || "$*" == *"{packages}" ]]'
        )

    def device(self, vendor: str) -> None:
        path = self.folder / "devices" / "0000:00:07.0" / "vendor"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{vendor}\n")

    def image(self, name: str) -> None:
        (self.folder / "os-release").write_text(f"ID={name}\nVERSION_ID=13\n")

    def boot(self) -> list[str]:
        """What it did."""
        self.log.write_text("")
        script = (
            scripts.minified(SCRIPT)
            .replace("/sys/bus/pci/devices", str(self.folder / "devices"))
            .replace("/etc/os-release", str(self.folder / "os-release"))
            .replace("/var/lib/agent-fleet-kernel", str(self.folder / "marker"))
        )
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin"}
        subprocess.run(["bash", "-c", script], env=environment, check=True, timeout=30)
        return self.log.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_kernel_whose_headers_are_gone_is_replaced_by_the_newest_of_its_kind(machine: Machine) -> None:
    done = machine.boot()
    assert done[-2].endswith(
        "install --no-install-recommends linux-image-cloud-amd64 linux-headers-cloud-amd64"
    )
    assert done[-1] == "systemctl --no-block reboot"


def test_it_happens_once_whatever_came_of_it(machine: Machine) -> None:
    machine.boot()
    assert machine.boot() == []


def test_a_kernel_whose_headers_are_there_stays(machine: Machine) -> None:
    machine.has("linux-headers-6.12.41+deb13-cloud-amd64")
    assert "systemctl --no-block reboot" not in machine.boot()


def test_without_packages_it_boots_on_and_the_step_says_what_is_missing(machine: Machine) -> None:
    machine.has("nothing")
    assert "systemctl --no-block reboot" not in machine.boot()


@pytest.mark.parametrize("release", ["6.12.41+deb13-amd64", "6.1.0-13-amd64"])
def test_other_kinds_of_kernels_stay_what_they_are(machine: Machine, release: str) -> None:
    machine.program("uname", f"echo {release}")
    machine.has("linux-image-amd64 linux-headers-amd64")
    assert machine.boot()[-1] == "systemctl --no-block reboot"


def test_nothing_is_done_without_a_gpu_with_a_driver_or_on_another_image(machine: Machine) -> None:
    machine.device(OTHER)
    assert machine.boot() == []
    machine.device(NVIDIA)
    machine.image("ubuntu")
    assert machine.boot() == []
    machine.image("debian")
    machine.program("nvidia-smi", ":")
    assert machine.boot() == []
