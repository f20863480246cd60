"""A copy of the project's tools in an empty folder, on a PATH of stubs, without network."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.project import PULUMI, STACK

ROOT = Path(__file__).resolve().parents[2]

# Records its calls. FAKE_GO: "fail" writes half a program and fails, "hang" does so and waits.
GO = """#!/bin/bash
echo "$*" >>"$CALLS"
case "$1 $2" in
  "env GOVERSION") echo "${FAKE_GO_VERSION:-go1.26.8}" ;;
  "list -m") echo "$FAKE_SDK" ;;
  "build "*)
    while [[ $1 != -o ]]; do shift; done
    [[ -z $FAKE_GO ]] || { printf half >"$2"; echo "no space left on device"; }
    [[ $FAKE_GO != hang ]] || { touch "$CALLS.hangs"; sleep 60; exit 1; }
    [[ -z $FAKE_GO ]] || exit 1
    printf '#!/bin/sh\\necho v3.250.0\\n' >"$2"; chmod 755 "$2" ;;
esac
"""


class Setup:
    """tools/setup.sh of a project at `root`; `stubs` comes first on its PATH."""

    def __init__(self, root: Path, stubs: Path) -> None:
        self.root = root
        self.stubs = stubs
        self.bin = root / ".fleet/bin"
        self.calls = root / "calls"
        self.env = {
            "PATH": f"{stubs}:/usr/bin:/bin",
            "HOME": str(root / "home"),
            "CALLS": str(self.calls),
            "FAKE_SDK": str(root / "sdk"),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "LANG": "C.UTF-8",
        }

    def stub(self, name: str, script: str, folder: Path | None = None) -> Path:
        file = (folder or self.stubs) / name
        file.write_text(script)
        file.chmod(0o755)
        return file

    def start(self, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "tools/setup.sh", "--stack", "far"],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, **env: str) -> tuple[int, str]:
        child = self.start(**env)
        said = child.communicate(timeout=60)[0]
        return child.returncode, said

    def built(self) -> list[str]:
        """Names of the programs that Go was asked to build."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line.rpartition("/")[2] for line in lines if line.startswith("build")]

    def interrupt_when(self, happens: Callable[[], bool], **env: str) -> tuple[int, str]:
        """Ctrl-C: SIGINT to the whole group, as a terminal sends it."""
        child = self.start(**env)
        until = time.monotonic() + 30
        while not happens():
            assert time.monotonic() < until
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)
        said = child.communicate(timeout=30)[0]
        return child.returncode, said


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / "tools/setup", root / "tools/setup")
    shutil.copytree(ROOT / "tools/pulumi_cli", root / "tools/pulumi_cli")
    shutil.copytree(ROOT / "tools/command_plugin", root / "tools/command_plugin")
    shutil.copy(ROOT / "tools/setup.sh", root / "tools")
    (root / "Pulumi.far.yaml").write_text("config:\n  agent-fleet:cloud: aws\n")
    sdk = root / "sdk/python/cmd"
    sdk.mkdir(parents=True)
    (sdk / "pulumi-language-python-exec").write_text("the script\n")

    stubs = tmp_path / "stubs"
    stubs.mkdir()
    made = Setup(root, stubs)
    made.stub("go", GO)
    made.stub("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    made.stub("ssh", "#!/bin/sh\n")

    # A venv that is there already: what fills it is a test of its own.
    venv = root / "venv/bin"
    venv.mkdir(parents=True)
    made.stub("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n', venv)
    stamp = subprocess.run(
        ["bash", "-c", "{ pwd; cat requirements.txt; } | sha256sum"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    (root / "venv/.requirements").write_text(stamp.stdout)
    return made


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one stack file and no login."""
    root = tmp_path / "project"
    (root / ".fleet/bin").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: agent-fleet\nruntime: python\n")
    (root / "Pulumi.dev.yaml").write_text(STACK)
    pulumi = root / ".fleet/bin/pulumi"
    pulumi.write_text(PULUMI)
    pulumi.chmod(0o755)
    for name in list(os.environ):
        if name.startswith("PULUMI_") or name == "SSH_AUTH_SOCK":
            monkeypatch.delenv(name)
    monkeypatch.setenv("CALLS", str(root / "calls"))
    monkeypatch.setenv("PULUMI_HOME", str(root / "home"))
    return root
