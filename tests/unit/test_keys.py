import subprocess
from pathlib import Path

import asyncssh

from components import keys

SEED = "ab" * 32


def test_a_key_derived_twice_is_the_same_text() -> None:
    first, second = (keys.private_text(keys.derive(SEED, "login")) for _ in range(2))
    assert first == second


def test_labels_generations_and_seeds_give_different_keys() -> None:
    derived = {
        keys.derive(SEED, "login"),
        keys.derive(SEED, "host/master"),
        keys.derive(SEED, "login", generation=2),
        keys.derive("cd" * 32, "login"),
    }
    assert len(derived) == 4


def test_openssh_reads_the_private_key_and_finds_the_same_public_key(tmp_path: Path) -> None:
    secret = keys.derive(SEED, "login")
    path = tmp_path / "key"
    path.write_text(keys.private_text(secret))
    path.chmod(0o600)
    read = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True)
    assert read.stdout.strip() == keys.public_line(secret)


def test_the_shorter_text_is_the_same_key_and_the_same_at_every_run() -> None:
    secret = keys.derive(SEED, "login")
    text = keys.pkcs8_text(secret)
    read = asyncssh.import_private_key(text)
    assert read.export_public_key().decode().strip() == keys.public_line(secret)
    assert text == keys.pkcs8_text(secret)
    assert len(text) * 3 < len(keys.private_text(secret)) + 40
