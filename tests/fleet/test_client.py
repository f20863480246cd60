import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from fleet import client
from fleet.cluster import login_of
from fleet.errors import UserError
from fleet.inventory import ClientConfig


@pytest.fixture
def laptop(tmp_path, inventory, outputs):
    config = ClientConfig.from_outputs("dev", outputs)
    return client.Laptop(inventory, login_of(inventory, config), config.pip, tmp_path / "client")


@pytest.fixture
def folder(laptop):
    client.write(laptop)
    return laptop.folder


@pytest.fixture
def with_ray(folder, tmp_path):
    """An environment with a `ray` that tells how it was called."""
    real = tmp_path / "real"
    real.mkdir()
    for name in ("ray", "eogrow-ray"):
        (real / name).write_text('#!/bin/bash\necho "$@" "tmp=${RAY_TMPDIR:-}"\n')
        (real / name).chmod(0o755)
    return {"PATH": f"{folder}/bin:{real}:{os.environ['PATH']}"}


def ray(environment, *words):
    return subprocess.run(["ray", *words], env=environment, capture_output=True, text=True, check=False)


def test_the_launcher_finds_the_head_that_runs(laptop):
    files = client.files(laptop)
    cluster = yaml.safe_load(files["cluster.yaml"])
    assert cluster["cluster_name"] == "earth-observation-dev"
    assert cluster["provider"] == {"type": "local", "head_ip": "10.89.0.2", "worker_ips": []}
    state = json.loads(files["head.json"])["10.89.0.2"]
    assert state["tags"]["ray-node-name"] == "ray-earth-observation-dev-head"
    assert state["state"] == "running"


def test_every_way_in_checks_the_host_key(folder):
    cluster = yaml.safe_load((folder / "cluster.yaml").read_text())
    assert cluster["auth"]["ssh_proxy_command"] == f"ssh -F {folder}/ssh_config -W 127.0.0.1:22 head"
    seen = subprocess.check_output(["ssh", "-G", "-F", str(folder / "ssh_config"), "head"], text=True)
    assert "stricthostkeychecking true" in seen
    assert f"userknownhostsfile {folder}/known_hosts" in seen
    assert "port 2201" in seen
    assert (folder / "known_hosts").read_text().startswith("master ssh-ed25519 ")


def test_the_private_key_is_for_its_owner_alone(folder):
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert (folder / "key").read_text() == "CLIENT KEY\n"


def test_the_operators_key_is_not_given_away(folder):
    for path in folder.rglob("*"):
        assert not path.is_file() or "LOGIN KEY" not in path.read_text()


def test_a_folder_that_exists_keeps_its_mode_and_files(laptop):
    laptop.folder.mkdir(mode=0o755)
    (laptop.folder / "mine").write_text("mine")
    client.write(laptop)
    assert stat.S_IMODE(laptop.folder.stat().st_mode) == 0o755
    assert (laptop.folder / "mine").read_text() == "mine"


def test_a_path_that_some_tool_would_split_is_refused(laptop, tmp_path):
    odd = client.Laptop(laptop.inventory, laptop.login, laptop.pip, tmp_path / "my files")
    with pytest.raises(UserError, match="only letters, digits"):
        client.write(odd)


def test_a_file_in_the_way_is_told(laptop):
    laptop.folder.write_text("")
    with pytest.raises(UserError, match="is a file; choose a folder"):
        client.write(laptop)


@pytest.mark.parametrize("old", ["rsync_up", "rsync_down", "get_head_ip"])
def test_the_old_names_of_sub_commands_work(with_ray, old):
    assert ray(with_ray, old, "x").stdout == f"{old.replace('_', '-')} x tmp=\n"


def test_words_of_other_commands_stay_as_they_are(with_ray):
    assert ray(with_ray, "job", "submit", "--", "a_b c").stdout == "job submit -- a_b c tmp=\n"
    assert ray(with_ray).stdout == " tmp=\n".lstrip()


def test_the_launcher_is_told_of_the_head_each_time_its_cluster_is_named(with_ray, folder):
    assert f"tmp={folder}/launcher" in ray(with_ray, "exec", str(folder / "cluster.yaml"), "true").stdout
    state = folder / "launcher" / "ray" / "cluster-earth-observation-dev.state"
    assert json.loads(state.read_text())["10.89.0.2"]["state"] == "running"


@pytest.mark.parametrize("verb", ["up", "down"])
def test_the_launcher_may_not_start_or_stop_what_the_stack_runs(with_ray, folder, verb):
    done = ray(with_ray, verb, "-y", str(folder / "cluster.yaml"))
    assert done.returncode == 2
    assert f"ray {verb} is not for this cluster" in done.stderr


def test_without_ray_the_wrapper_says_how_to_install_it(folder):
    done = ray({"PATH": f"{folder}/bin:/usr/bin:/bin"}, "status")
    assert done.returncode == 127
    assert "pip install eo-grow==1.7.15 'setuptools<81' ray==2.55.1" in done.stderr


def test_activate_puts_the_wrapper_first(with_ray, folder):
    environment = {"PATH": with_ray["PATH"].partition(":")[2]}
    shell = f". {folder}/activate; command -v ray"
    assert subprocess.check_output(["bash", "-c", shell], env=environment, text=True) == f"{folder}/bin/ray\n"


def test_a_folder_that_was_moved_mends_its_paths(with_ray, folder):
    moved = folder.rename(folder.with_name("moved"))
    subprocess.run(["bash", "-c", f". {moved}/activate"], env=with_ray, check=True)
    for name in ("cluster.yaml", "ssh_config", "README.md", "activate"):
        assert str(folder) not in Path(moved / name).read_text()
    assert f"{moved}/known_hosts" in (moved / "ssh_config").read_text()
    assert stat.S_IMODE((moved / "key").stat().st_mode) == 0o600


def test_a_cluster_whose_people_use_an_api_says_so():
    from fleet.errors import UserError
    from fleet.inventory import ClientConfig

    with pytest.raises(
        UserError, match="they use its API and web page; run: python -m fleet tunnel platform"
    ):
        ClientConfig.from_outputs("platform", {"clientConfig": {"endpoint": "http://127.0.0.1:8081"}})


def test_files_that_a_platform_gives_are_written(monkeypatch, tmp_path, inventory, capsys):
    given = {
        "files": {"remote.config.yaml": "scheduler_url: http://203.0.113.9:5558\n"},
        "passwords": {},
    }
    monkeypatch.setattr(client.stack, "read", lambda _name: (inventory, {"clientConfig": given}))
    assert client.client("research", tmp_path / "client") == 0
    assert (tmp_path / "client/remote.config.yaml").read_text() == given["files"]["remote.config.yaml"]
    assert "remote.config.yaml" in capsys.readouterr().out
