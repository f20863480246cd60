"""What setup does on a machine without network, disk or patience."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.tools.conftest import Setup

BUILT = ["pulumi", "pulumi-language-python"]
PULUMI = "#!/bin/sh\necho v{}\n"


def test_without_a_cli_and_a_network_it_builds_one_and_links_the_stand_in(setup: Setup) -> None:
    code, said = setup.run()
    assert code == 0, said
    assert setup.built() == BUILT
    names = sorted(path.name for path in setup.bin.iterdir())
    assert names == [*BUILT, "pulumi-language-python-exec", "pulumi-resource-command"]
    assert "building it instead" in said
    assert "stand-in" in said
    assert (setup.bin / "pulumi-resource-command").resolve().parent.name == "command_plugin"


def test_it_keeps_no_build_cache_and_no_scratch(setup: Setup) -> None:
    setup.run()
    left = {path.name for path in (setup.root / ".fleet").iterdir()}
    assert left == {"bin", "logs", "setup.lock"}


def test_a_second_run_does_nothing_and_is_quick(setup: Setup) -> None:
    setup.run()
    before = setup.calls.read_text()
    start = time.monotonic()
    code, said = setup.run()
    assert code == 0
    assert setup.calls.read_text() == before
    assert time.monotonic() - start < 5
    assert "stand-in" in said


def test_a_failed_build_says_why_and_leaves_nothing_half(setup: Setup) -> None:
    code, said = setup.run(FAKE_GO="fail")
    assert code == 1
    assert "no space left on device" in said
    assert "error: pulumi could not be built" in said
    assert "try again" in said
    assert list(setup.bin.iterdir()) == []
    assert setup.run()[0] == 0


def test_ctrl_c_leaves_nothing_half_and_the_next_run_goes_on(setup: Setup) -> None:
    hangs = Path(f"{setup.calls}.hangs")
    code, said = setup.interrupt_when(hangs.exists, FAKE_GO="hang")
    assert code == 130, said
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    assert list(setup.bin.iterdir()) == []
    assert not (setup.root / ".fleet/tmp").exists()
    assert setup.run()[0] == 0


def test_too_old_a_cli_is_neither_used_nor_touched(setup: Setup) -> None:
    mine = setup.stub("pulumi", PULUMI.format("3.100.0"))
    before = mine.read_text()
    code, said = setup.run()
    assert code == 0
    assert "3.100.0" in said
    assert "older than 3.219.0" in said
    assert setup.built() == BUILT
    assert mine.read_text() == before


def test_a_cli_that_is_new_enough_is_used(setup: Setup) -> None:
    setup.stub("pulumi", PULUMI.format("3.260.0"))
    setup.stub("pulumi-language-python", "#!/bin/sh\n")
    code, said = setup.run()
    assert code == 0
    assert f"Pulumi CLI 3.260.0: {setup.stubs}/pulumi" in said
    assert setup.built() == []
    assert not (setup.bin / "pulumi").exists()


def test_a_cli_without_a_python_host_gets_one(setup: Setup) -> None:
    setup.stub("pulumi", PULUMI.format("3.260.0"))
    assert setup.run()[0] == 0
    assert setup.built() == ["pulumi-language-python"]


def test_a_real_plugin_takes_the_stand_ins_place(setup: Setup) -> None:
    setup.run()
    assert (setup.bin / "pulumi-resource-command").exists()
    setup.stub("pulumi-resource-command", "#!/bin/sh\n")
    _, said = setup.run()
    assert "stand-in" not in said
    assert not (setup.bin / "pulumi-resource-command").exists()


def test_nothing_lands_in_the_users_home(setup: Setup) -> None:
    setup.run()
    assert not (setup.root / "home").exists()


def test_two_at_once_build_once(setup: Setup) -> None:
    hangs = Path(f"{setup.calls}.hangs")
    first = setup.start(FAKE_GO="hang")
    while not hangs.exists():
        time.sleep(0.05)
    second = setup.start()
    assert second.stdout is not None
    assert "waiting" in second.stdout.readline()

    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=30)
    second.communicate(timeout=30)
    assert second.returncode == 0


def test_a_full_disk_is_told_before_anything_is_fetched(setup: Setup) -> None:
    setup.stub("df", "#!/bin/sh\necho Avail\necho 120\n")
    code, said = setup.run()
    assert code == 1
    assert "120 MB are free" in said
    assert setup.built() == []


def test_without_go_and_without_its_proxy_it_says_what_to_put_on_path(setup: Setup) -> None:
    code, said = setup.run(FAKE_GO_VERSION="go1.19.8")
    assert code == 1
    assert "Go 1.26.8 could not be downloaded" in said
    assert "put Go >= 1.25.11 on PATH" in said
    assert "Traceback" not in said


@pytest.fixture
def without_podman(setup: Setup) -> Setup:
    """A machine that lacks podman, for a stack of local hosts."""
    (setup.root / "Pulumi.far.yaml").write_text("config:\n  agent-fleet:cloud: local\n")
    hidden = {"apt-get", "podman", "sudo", "go", "python3", "ssh"}
    for tool in Path("/usr/bin").iterdir():
        if tool.name not in hidden:
            (setup.stubs / tool.name).symlink_to(tool)
    setup.env["PATH"] = str(setup.stubs)
    return setup


def test_a_system_without_apt_is_told_what_to_install(without_podman: Setup) -> None:
    code, said = without_podman.run()
    assert code == 1
    assert "these are missing: " in said
    assert "podman" in said


def test_a_failing_apt_is_shown_with_its_last_words(without_podman: Setup) -> None:
    without_podman.stub("apt-get", '#!/bin/sh\necho "E: Unable to locate package $*"\nexit 100\n')
    without_podman.stub("sudo", '#!/bin/sh\nshift\nexec "$@"\n')
    code, said = without_podman.run()
    assert code == 1
    assert "E: Unable to locate package" in said
    assert "error: apt could not install: podman" in said


def test_an_unreachable_package_index_is_told(setup: Setup) -> None:
    venv = setup.root / "venv"
    (venv / ".requirements").unlink()
    (venv / "bin/pip").write_text(f"#!{venv}/bin/python\n")
    pip = 'case "$*" in *pip*install*) echo "ERROR: No matching distribution found"; exit 1;; esac'
    setup.stub("python", f'#!/bin/sh\n{pip}\nexec {sys.executable} "$@"\n', venv / "bin")
    code, said = setup.run()
    assert code == 1
    assert "error: pip could not install requirements.txt" in said
    assert "ERROR: No matching distribution found" in said
    assert "PIP_INDEX_URL" in said
    assert not (venv / ".requirements").exists()


def test_too_old_a_python_is_told(setup: Setup) -> None:
    shutil.rmtree(setup.root / "venv")
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        setup.stub(
            name,
            f'#!/bin/sh\n[ "$1" != --version ] || {{ echo Python 3.9.2; exit; }}\n'
            f'case "$2" in *version_info*) exit 1;; esac\nexec {sys.executable} "$@"\n',
        )
    code, said = setup.run()
    assert code == 1
    assert "no Python >= 3.11 is on PATH (Python 3.9.2)" in said


def test_a_simulated_cloud_needs_what_local_hosts_need(without_podman: Setup) -> None:
    (without_podman.root / "Pulumi.far.yaml").write_text("config:\n  agent-fleet:cloud: aws\n")
    code, said = without_podman.run(SIM="1")
    assert code == 1
    assert "these are missing: " in said
    assert "podman" in said


def test_a_venv_that_is_a_link_is_not_emptied(setup: Setup, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (setup.root / "venv").rename(elsewhere)
    (elsewhere / ".requirements").unlink()
    (setup.root / "venv").symlink_to(elsewhere)
    code, said = setup.run()
    assert code == 1
    assert f"venv is a link to {elsewhere}, which making it anew would empty" in said
    assert "rm venv" in said
    assert (elsewhere / "bin/python").exists()
