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


def test_mounts_are_what_the_storage_asks_for() -> None:
    line = ["fs-1:/", "/shared", "nfs4", "_netdev", "0", "0"]
    assert document(mounts=[line])["mounts"] == [line]
