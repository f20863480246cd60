import base64
import gzip
import hashlib
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from components import commands, scripts
from components.call import Call
from components.platforms import ray


@pytest.mark.parametrize(
    "value",
    ["plain", "two words", "it's", '"quoted"', "$(touch /tmp/never)", "a\nb", "", "ä-é", "a\\b"],
)
def test_a_shell_reads_back_exactly_the_value_that_was_assigned(value: str) -> None:
    text = scripts.assignments({"ONE": value, "LIST": [value, "second"]})
    script = f'{text}printf "%s\\0" "$ONE" "${{LIST[@]}}"'
    read = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, check=True)
    assert read.stdout.decode().split("\0")[:-1] == [value, value, "second"]


def test_numbers_and_flags_are_written_as_a_shell_compares_them() -> None:
    assert scripts.assignments({"N": 3, "F": 1.5, "ON": True, "OFF": False}) == "F=1.5\nN=3\nOFF=0\nON=1\n"


def test_minified_drops_comments_blank_lines_and_indentation_only() -> None:
    shell = "#!/bin/bash\n# why\n\nrun() {\n    echo '# kept'  # kept too\n}\n"
    assert scripts.minified(shell) == "run() {\necho '# kept'  # kept too\n}\n"


def test_the_script_travels_as_one_line_that_is_the_same_at_every_run() -> None:
    script = scripts.script_of(ray.SCRIPTS)
    line = scripts.packed(script)
    assert line == scripts.packed(script)
    assert "\n" not in line
    assert gzip.decompress(base64.b64decode(line)).decode() == script


def test_the_minified_script_is_still_shell() -> None:
    script = scripts.script_of(ray.SCRIPTS)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """Where the master would publish a script that says `ran`, and a worker's command without its sudo."""
    script = "echo ran\n"
    mounted = tmp_path / "bin/mountpoint"
    mounted.parent.mkdir()
    mounted.write_text("#!/bin/sh\n")
    mounted.chmod(0o755)
    monkeypatch.setenv("PATH", f"{mounted.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(commands, "INSTALLED", str(tmp_path / "installed"))
    monkeypatch.setattr(commands, "script_of", lambda _: script)
    published = tmp_path / commands.PUBLISHED / hashlib.sha256(script.encode()).hexdigest()
    published.parent.mkdir()
    published.write_text(script)
    words = shlex.split(commands._from_storage(Call(("ray",), "worker", {}), str(tmp_path)))
    return published, words[words.index("bash") :]


def test_a_worker_runs_the_script_that_the_master_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, command = fetched(tmp_path, monkeypatch)
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "ran\n"


def test_a_worker_never_runs_a_script_that_somebody_changed_on_the_shared_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, command = fetched(tmp_path, monkeypatch)
    published.write_text("echo evil\n")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "evil" not in done.stdout
    assert "not what the master put there" in done.stderr
    assert not (tmp_path / "installed/ray.sh").exists()


def test_a_script_that_is_not_there_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, command = fetched(tmp_path, monkeypatch)
    published.unlink()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "is missing" in done.stderr
    assert "run python -m fleet repair STACK master" in done.stderr


def test_a_storage_that_is_not_mounted_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, command = fetched(tmp_path, monkeypatch)
    (tmp_path / "bin/timeout").write_text("#!/bin/sh\nexit 124\n")
    (tmp_path / "bin/timeout").chmod(0o755)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"no shared storage is mounted at {tmp_path}: restart the machine" in done.stderr
