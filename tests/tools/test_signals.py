"""Ctrl-C reaches the engine exactly once, however it comes; nothing runs on after its starter."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Counts its signals, until the second or for a second after the first.
ENGINE = """
import os, signal, sys, time
from pathlib import Path
seen = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda got, frame: seen.append(got))
Path(sys.argv[1]).write_text(str(os.getpid()))
end = time.monotonic() + 20
while time.monotonic() < end and len(seen) < 2:
    if seen:
        end = min(end, time.monotonic() + 0.7)
        while time.monotonic() < end and len(seen) < 2:
            time.sleep(0.02)
        break
    time.sleep(0.02)
Path(sys.argv[2]).write_text(" ".join(str(int(one)) for one in seen))
sys.exit(40 + len(seen))
"""

STARTER = """
import os, sys
from pathlib import Path
from fleet.engine import process
sys.exit(process.run([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], os.environ, Path("/")))
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "pid", tmp_path / "seen"


def command(files: tuple[Path, Path]) -> list[str]:
    return [sys.executable, "-c", STARTER, ENGINE, *map(str, files)]


def wait_until(happens: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.02)


def start(files: tuple[Path, Path]) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        command(files),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: files[0].exists() and files[0].read_text())
    return child


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_us_reaches_the_engine_once(files: tuple[Path, Path], number: signal.Signals) -> None:
    child = start(files)
    child.send_signal(number)
    said = child.communicate(timeout=20)[0]
    assert files[1].read_text() == str(int(number))
    assert child.returncode == 41
    assert said == ""


def test_a_signal_to_our_whole_group_reaches_the_engine_once(files: tuple[Path, Path]) -> None:
    child = start(files)
    os.killpg(child.pid, signal.SIGINT)
    child.communicate(timeout=20)
    assert files[1].read_text() == "2"


def test_a_second_signal_reaches_the_engine_too(files: tuple[Path, Path]) -> None:
    child = start(files)
    child.send_signal(signal.SIGINT)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert files[1].read_text() == "2 2"
    assert child.returncode == 42


def test_ctrl_c_on_a_terminal_reaches_the_engine_once(files: tuple[Path, Path]) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, command(files))  # noqa: S606 - the child of a fork
    wait_until(lambda: files[0].exists() and files[0].read_text())
    os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert files[1].read_text() == "2"
    assert os.waitstatus_to_exitcode(status) == 41


def test_if_we_are_killed_the_engine_is_asked_to_stop(files: tuple[Path, Path]) -> None:
    child = start(files)
    child.kill()
    child.communicate(timeout=20)
    wait_until(files[1].exists)
    assert files[1].read_text() == "2"


def test_an_engine_that_is_killed_counts_as_failed(files: tuple[Path, Path]) -> None:
    child = start(files)
    os.kill(int(files[0].read_text()), signal.SIGKILL)
    child.communicate(timeout=20)
    assert child.returncode == 128 + signal.SIGKILL
