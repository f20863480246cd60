"""What the lease of a machine says when something is wrong; on real machines: tests/e2e_hosts."""

from typing import Any

import pytest

from components.clouds.hosts import lease, ssh
from components.clouds.hosts.ssh import SSH_FAILED, Done

DOCUMENT: dict[str, Any] = {
    "address": "192.0.2.11",
    "user": "ops",
    "hostKey": "ssh-ed25519 AAAA",
    "jump": None,
    "key": "canary",
    "login": {"private": "canary", "public": "ssh-ed25519 BBBB"},
    "settings": {},
}
JUMP = {"address": "203.0.113.7", "user": "jumper", "hostKey": "ssh-ed25519 CCCC"}
REFUSED = "ssh: connect to host 192.0.2.11 port 22: Connection refused"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[Done]:
    """What ssh answers from now on, the last one again and again."""
    answers: list[Done] = []

    def run(*_: object, **__: object) -> Done:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(ssh, "run", run)
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(lease.time, "sleep", lambda _: None)
    return answers


def refused(verb: str, document: dict[str, Any]) -> str:
    with pytest.raises(lease.LeaseError) as error:
        lease.VERBS[verb](document)
    assert "canary" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (SSH_FAILED, REFUSED, "192.0.2.11 cannot be reached: ssh: connect"),
        (
            SSH_FAILED,
            "Host key verification failed.",
            "does not show the host key that",
        ),
        (SSH_FAILED, "ops@192.0.2.11: Permission denied (publickey).", "ops is not let in with the key in"),
        (1, "sudo: a password is required", "ops may not use sudo without a password there"),
        (1, "==> taking\nerror on box: 192.0.2.11 is held by X (exit code 1)\n", "192.0.2.11 is held by X"),
        (1, "bash: base64: command not found", "bash: base64: command not found"),
        (124, "", "192.0.2.11: exit code 124"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(answered: list[Done], code: int, said: str, words: str) -> None:
    answered.append(Done(code, "", said))
    assert words in refused("take", DOCUMENT)


def test_a_jump_host_on_the_way_is_named(answered: list[Done]) -> None:
    answered.append(Done(SSH_FAILED, "", "kex_exchange_identification: Connection closed by remote host"))
    assert "cannot be reached through the jump host 203.0.113.7" in refused(
        "take", {**DOCUMENT, "jump": JUMP}
    )


def test_a_connection_that_is_dropped_is_tried_again(
    answered: list[Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 60)
    answered += [Done(SSH_FAILED, "", REFUSED)] * 3 + [Done(0, '{"id": "192.0.2.11-1"}', "")]
    assert lease.take(DOCUMENT) == {"id": "192.0.2.11-1"}


def test_a_user_that_is_not_let_in_is_told_with_where_to_look(answered: list[Done]) -> None:
    answered += [
        Done(0, '{"id": "192.0.2.11-1"}', ""),
        Done(SSH_FAILED, "", "Permission denied (publickey)."),
    ]
    assert "look there for AllowUsers" in refused("take", DOCUMENT)


def test_a_machine_that_is_gone_is_forgotten_only_where_the_operator_says_so(
    answered: list[Done], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered.append(Done(SSH_FAILED, "", REFUSED))
    assert "run it once with FLEET_FORGET_HOSTS=1" in refused("give-back", DOCUMENT)
    monkeypatch.setenv("FLEET_FORGET_HOSTS", "1")
    assert lease.give_back(DOCUMENT) == {}
    assert "it is forgotten as it is" in capsys.readouterr().err


def test_a_machine_that_answers_is_never_forgotten(
    answered: list[Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered.append(Done(1, "", "error on box: these cannot be taken away: user ray (exit code 1)"))
    monkeypatch.setenv("FLEET_FORGET_HOSTS", "1")
    assert "these cannot be taken away: user ray" in refused("give-back", DOCUMENT)


def test_rules_that_shut_this_computer_out_are_told(answered: list[Done]) -> None:
    answered += [Done(0, "", ""), Done(SSH_FAILED, "", "ssh: connect to host: Connection timed out")]
    said = refused("close", DOCUMENT)
    assert "would shut this computer out" in said
    assert "`access.admins` must name the network that you come from" in said


def test_keys_are_in_files_that_nobody_else_reads_and_that_go(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def run(argv: list[str], **_: object) -> Any:
        folder = ssh.Path(argv[2]).parent
        assert oct(folder.stat().st_mode)[-3:] == "700"
        seen.update({file.name: file.read_text() for file in folder.iterdir()}, folder=str(folder))
        assert {oct((folder / f"{name}.key").stat().st_mode)[-3:] for name in ("machine", "jump")} == {"600"}
        assert "canary" not in " ".join(argv)
        return ssh.subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(ssh.subprocess, "run", run)
    ssh.run(ssh.login_of({**DOCUMENT, "jump": JUMP}), ["true"])
    assert not ssh.Path(seen["folder"]).exists()
    assert seen["known_hosts"] == "machine ssh-ed25519 AAAA\njump ssh-ed25519 CCCC\n"
    assert "ProxyJump jump" in seen["config"]
    assert seen["config"].count("StrictHostKeyChecking yes") == 1
