import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from fleet import ssh_files


def effective(config, host):
    """What ssh itself makes of a config file."""
    lines = subprocess.check_output(["ssh", "-G", "-F", str(config), host], text=True).splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


@pytest.fixture
def config(inventory, tmp_path):
    return ssh_files.write(inventory, tmp_path / "dev")


def test_ssh_reaches_the_master_at_its_own_port_and_checks_its_key(config):
    seen = effective(config, "master")
    assert (seen["hostname"], seen["port"], seen["user"]) == ("127.0.0.1", "2201", "fleet")
    assert seen["stricthostkeychecking"] == "true"
    assert seen["userknownhostsfile"] == str(config.parent / "known_hosts")
    assert seen["hostkeyalias"] == "master"


def test_ssh_reaches_a_worker_through_the_master_and_checks_its_own_key(config):
    seen = effective(config, "workers-1")
    assert (seen["hostname"], seen["proxyjump"]) == ("10.89.8.2", "master")
    assert seen["hostkeyalias"] == "workers-1"


def test_no_key_but_the_stacks_own_is_offered(config):
    seen = effective(config, "workers-1")
    assert seen["identityfile"] == str(config.parent / "login_key")
    assert seen["identitiesonly"] == "yes"
    assert seen["identityagent"] == "none"


def test_host_keys_are_known_by_node_and_without_comment(inventory):
    text = ssh_files.known_hosts(inventory.nodes)
    assert text.splitlines()[1] == "workers-1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIworkers-1"


def test_nobody_else_can_read_the_files(config):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in config.parent.iterdir()}
    assert modes == {"config": 0o600, "known_hosts": 0o600, "login_key": 0o600}
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700


def test_the_key_ends_with_a_line_break_as_ssh_wants_it(config):
    assert (config.parent / "login_key").read_text() == "LOGIN KEY\n"


def test_connections_are_shared_where_the_socket_fits_into_a_path(inventory):
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        config = ssh_files.write(inventory, Path(short))
        assert effective(config, "workers-1")["controlmaster"] == "auto"


def test_connections_are_not_shared_below_a_folder_with_a_long_name(inventory, tmp_path):
    config = ssh_files.write(inventory, tmp_path / ("long" * 20))
    assert effective(config, "workers-1")["controlmaster"] == "false"


def test_a_percent_sign_and_a_space_in_the_folder_are_only_that(inventory, tmp_path):
    folder = tmp_path / "50% a b"
    config = ssh_files.write(inventory, folder)
    key = effective(config, "master")["identityfile"].replace("%%", "%")
    assert key == str(folder / "login_key")


def test_removed_files_can_be_removed_again(monkeypatch, inventory, tmp_path):
    monkeypatch.setattr(ssh_files, "SSH_FOLDER", tmp_path)
    ssh_files.write(inventory)
    ssh_files.remove("dev")
    ssh_files.remove("dev")
    assert list(tmp_path.iterdir()) == []
