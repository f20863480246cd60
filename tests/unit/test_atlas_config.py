"""The files of a cluster, from those that the installer writes for one machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.atlas import archive

SCRIPT = Path(__file__).parents[2] / "userdata" / "atlas_config.py"
DOCKER = "config/local_docker_scheduler"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stand-in of the installer leaves, its packages passed over."""
    folder = tmp_path_factory.mktemp("installed")
    for name, content in archive.files().items():
        (folder / name).write_bytes(content)
    subprocess.run(
        [sys.executable, "atlas_installer.py", "-y", "-d", "-i", "-l", "-C"],
        cwd=folder,
        # a Python without pip: packages are no matter here
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": str(_no_pip(folder))},
        check=True,
        capture_output=True,
    )
    return folder / ".foundations"


def _no_pip(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    (folder / "nothing" / "pip.py").write_text("")
    return folder / "nothing"


def make(installed: Path, home: Path, **changed: Any) -> subprocess.CompletedProcess[str]:
    told = {
        "master": "10.0.0.1",
        "registry": "registry.example.org/atlas",
        "tag": "",
        "tags": {"gui": "9"},
        "owner": os.getuid(),
        "work": "/var/lib/atlas/work",
        "database": "/var/lib/atlas/database",
        "dockerConfig": "/var/lib/atlas/docker",
    }
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(installed), str(home)],
        input=json.dumps({**told, **changed}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home(installed: Path, tmp_path: Path) -> Path:
    assert make(installed, tmp_path / "atlas").returncode == 0
    return tmp_path / "atlas"


def read(home: Path, name: str) -> Any:
    return yaml.safe_load((home / name).read_text())


def test_nodes_find_the_masters_tracker_and_api(home: Path) -> None:
    databases = read(home, f"{DOCKER}/database.config.yaml")
    assert {(one["args"]["host"], one["args"]["port"]) for one in databases.values()} == {("10.0.0.1", 5556)}
    assert databases["queue"]["args"]["key"] == "queued_jobs"
    plugin = read(home, f"{DOCKER}/tracker_client_plugins.yaml")
    assert plugin == {"redis_tracker_client": {"host": "10.0.0.1", "port": 5556}}
    of_jobs = f"{DOCKER}/worker_config"
    execution = read(home, f"{of_jobs}/execution/default.config.yaml")
    assert execution["results_config"]["redis_end_point"] == "redis://10.0.0.1:5556"
    assert (
        read(home, f"{of_jobs}/submission/scheduler.config.yaml")["scheduler_url"] == "http://10.0.0.1:5558"
    )
    assert read(home, "config/submission/scheduler.config.yaml")["scheduler_url"] == "http://127.0.0.1:5000"


def test_jobs_work_on_their_node_and_their_results_are_shared(home: Path) -> None:
    for name in ("config", f"{DOCKER}/worker_config"):
        known = read(home, f"{name}/submission/scheduler.config.yaml")
        assert known["working_dir_root"] == "/var/lib/atlas/work"
        assert known["job_results_root"] == f"{home}/job_data"
        assert known["job_store_dir_root"] == f"{home}/job_bundle_store_dir"
    assert (home / "job_data/archive").is_dir()


def test_databases_and_logins_stay_on_their_node(home: Path) -> None:
    known = read(home, "config/atlas.config.yaml")
    assert known["persistent_storage"] == "/var/lib/atlas/database"
    assert known["docker_config"] == "/var/lib/atlas/docker"
    assert known["auth_proxy_config_dir"] == f"{home}/config/auth_proxy/atlas"


def test_images_come_from_the_teams_registry_with_their_own_tags(home: Path) -> None:
    known = read(home, "config/atlas.config.yaml")["docker"]
    assert known["redis"]["image"] == "registry.example.org/atlas/tracker:0.1.2"
    assert known["gui"]["image"] == "registry.example.org/atlas/gui:9"
    assert known["redis"]["container"] == "foundations-tracker"


def test_one_tag_for_all(installed: Path, tmp_path: Path) -> None:
    make(installed, tmp_path, tag="7")
    known = read(tmp_path, "config/atlas.config.yaml")["docker"]
    assert {part["image"].partition(":")[2] for part in known.values()} == {"7", "9"}


def test_no_path_of_the_installer_is_left(installed: Path, home: Path) -> None:
    files = list((home / "config").rglob("*.yaml"))
    assert len(files) == 9
    assert not any(str(installed) in file.read_text() for file in files)


def test_the_installers_folder_may_be_told_by_a_link(installed: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(installed)
    assert make(tmp_path / "link", home).stdout == ""


def test_a_second_run_writes_nothing(installed: Path, home: Path) -> None:
    assert make(installed, home).stdout == ""
    said = make(installed, home, master="10.0.0.2").stdout
    assert len(said.splitlines()) == 4
    assert not list(home.rglob("*.new"))


def test_an_archive_that_is_otherwise_is_told_in_a_sentence(installed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for file in installed.rglob("*"):
        if file.is_file():
            target = other / file.relative_to(installed)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    (other / DOCKER / "database.config.yaml").write_text("queue: {}\n")
    refused = make(other, tmp_path / "atlas")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"the installer wrote {DOCKER}/database.config.yaml otherwise")
    assert not (tmp_path / "atlas").exists(), "all or nothing"
