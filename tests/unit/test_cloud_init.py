import yaml

from components import cloud_init


def document(**changes: object) -> dict:
    given = {
        "hostname": "workers-1",
        "host_private_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n",
        "host_public_key": "ssh-ed25519 AAAA",
        "authorized_keys": ["ssh-ed25519 BBBB", "ssh-ed25519 CCCC somebody"],
    }
    text = cloud_init.document(**{**given, **changes})
    assert text.startswith("#cloud-config\n")
    return yaml.safe_load(text)


def test_the_host_shows_the_key_that_the_program_pinned_and_makes_no_other() -> None:
    data = document()
    assert data["ssh_keys"]["ed25519_public"] == "ssh-ed25519 AAAA"
    assert data["ssh_deletekeys"] is True


def test_only_the_login_user_is_made_and_only_keys_let_in() -> None:
    data = document()
    (user,) = data["users"]
    assert user["name"] == "fleet"
    assert user["lock_passwd"] is True
    assert user["ssh_authorized_keys"] == ["ssh-ed25519 BBBB", "ssh-ed25519 CCCC somebody"]
    assert data["ssh_pwauth"] is False


def test_the_storage_brings_its_packages_files_and_commands_along() -> None:
    setup = cloud_init.Setup(("nfs-common",), {"/etc/unit": "text"}, (("systemctl", "start", "it"),))
    data = document(setup=setup)
    assert data["packages"] == ["nfs-common"]
    assert {"path": "/etc/unit", "content": "text"} in data["write_files"]
    assert data["runcmd"] == [["systemctl", "start", "it"]]


def test_packages_come_from_the_mirror_that_the_stack_names() -> None:
    setup = cloud_init.Setup(("nfs-common",))
    assert "apt" not in document(setup=setup)
    data = document(setup=setup, apt_mirror="https://deb.example.org/debian/")
    assert data["apt"]["primary"][0]["uri"] == "https://deb.example.org/debian"
    assert data["apt"]["security"][0]["uri"] == "https://deb.example.org/debian-security"


def test_a_host_whose_image_has_everything_installs_nothing() -> None:
    assert not {"packages", "package_update", "apt", "runcmd"} & set(document())


def test_a_machine_without_a_name_makes_its_own_host_key() -> None:
    data = yaml.safe_load(cloud_init.nameless(["ssh-ed25519 BBBB"], commands=[["systemctl", "start", "it"]]))
    assert not {"hostname", "ssh_keys"} & set(data)
    assert data["ssh_deletekeys"] is True
    assert data["runcmd"] == [["systemctl", "start", "it"]]
