"""How the Pulumi CLI is run: backend, passphrase, stack files, what is asked of it. The CLI is a stub."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from fleet import engine
from fleet.engine import environment, paths, stacks
from fleet.errors import UserError
from tests.tools.project import STACK, calls


def test_the_venv_comes_first_on_path_then_the_projects_tools(root: Path) -> None:
    env = environment.environment(root, {"PATH": "/usr/bin"})
    assert env["PATH"] == f"{root}/venv/bin:{root}/.fleet/bin:/usr/bin"


def test_without_a_login_state_is_in_the_project_under_a_passphrase_made_once(root: Path) -> None:
    engine.up("dev", root=root)
    file = paths.passphrase(root)
    first = file.read_text()
    engine.up("dev", root=root)
    assert file.read_text() == first
    assert len(first) >= 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert paths.state(root).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("given", [{"PULUMI_BACKEND_URL": "s3://team"}, {"PULUMI_ACCESS_TOKEN": "t"}])
def test_a_backend_of_the_users_choice_is_kept(root: Path, given: dict[str, str]) -> None:
    env = environment.environment(root, {"PATH": "", **given})
    assert env.get("PULUMI_BACKEND_URL") == given.get("PULUMI_BACKEND_URL")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in env


def test_a_login_is_kept(root: Path) -> None:
    (root / "home").mkdir()
    (root / "home/credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    env = environment.environment(root, os.environ)
    assert "PULUMI_BACKEND_URL" not in env


def test_a_passphrase_of_the_users_choice_is_kept(root: Path) -> None:
    env = environment.environment(root, {"PATH": "", "PULUMI_CONFIG_PASSPHRASE": "theirs"})
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in env


def test_behind_a_proxy_the_engine_is_still_dialled_directly(root: Path) -> None:
    env = environment.environment(root, {"PATH": "", "https_proxy": "http://p:3128", "no_proxy": "corp"})
    assert env["no_proxy"] == env["NO_PROXY"] == "127.0.0.1,localhost,corp"


def test_a_state_whose_passphrase_is_gone_is_not_made_unreadable(root: Path) -> None:
    engine.up("dev", root=root)
    paths.passphrase(root).unlink()
    with pytest.raises(UserError, match=r"\.fleet/passphrase is gone"):
        engine.up("dev", root=root)


def test_the_stack_file_stays_as_it_is_and_its_copy_keeps_the_salt(root: Path) -> None:
    engine.up("dev", root=root)
    (root / "Pulumi.dev.yaml").write_text(f"{STACK}  agent-fleet:team: a\n")
    engine.up("dev", root=root)
    assert (root / "Pulumi.dev.yaml").read_text() == f"{STACK}  agent-fleet:team: a\n"
    assert paths.stack_copy(root, "dev").read_text() == (
        f"{STACK}  agent-fleet:team: a\nencryptionsalt: v1:salt\n"
    )


def test_a_stack_file_with_a_salt_of_its_own_is_copied_as_it_is(root: Path) -> None:
    engine.up("dev", root=root)
    (root / "Pulumi.dev.yaml").write_text(f"{STACK}encryptionsalt: v1:team\n")
    engine.up("dev", root=root)
    assert paths.stack_copy(root, "dev").read_text() == f"{STACK}encryptionsalt: v1:team\n"


def test_a_state_elsewhere_has_a_salt_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.up("dev", root=root)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{root}/elsewhere")
    engine.up("dev", root=root)
    assert f"--config-file {root}/.fleet/stacks/shared/Pulumi.dev.yaml" in calls(root)[-1]
    assert "salt" not in paths.stack_copy(root, "dev", own=False).read_text()


def test_up_asks_no_question_and_writes_to_the_copy_only(root: Path) -> None:
    assert engine.up("dev", root=root) == 0
    copy = paths.stack_copy(root, "dev")
    assert calls(root)[-1] == (f"up --yes --skip-preview --stack dev --config-file {copy} --parallel 16")


def test_a_stack_is_made_once(root: Path) -> None:
    engine.up("dev", root=root)
    engine.preview("dev", root=root)
    assert sum(call.startswith("stack init") for call in calls(root)) == 1


def test_the_clis_exit_code_is_passed_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.up("dev", root=root)
    monkeypatch.setenv("FAKE_CODE", "7")
    assert engine.up("dev", root=root) == 7


def test_replacing_names_each_resource_and_what_follows_it(root: Path) -> None:
    engine.up("dev", root=root)
    engine.up_replace("dev", ["urn:a"], ["urn:b"], root=root)
    assert "--target-replace=urn:a --target=urn:b" in calls(root)[-1]


def test_down_leaves_no_record_of_the_stack(root: Path) -> None:
    engine.up("dev", root=root)
    assert engine.down("dev", root=root) == 0
    assert not stacks.exists(root, "dev")
    assert not paths.stack_copy(root, "dev").exists()


def test_a_failed_down_keeps_the_record(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.up("dev", root=root)
    monkeypatch.setenv("FAKE_CODE", "1")
    assert engine.down("dev", root=root) == 1
    assert stacks.exists(root, "dev")


def test_down_of_a_stack_that_is_not_there_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert engine.down("dev", root=root) == 0
    assert "does not exist" in capsys.readouterr().out
    assert calls(root) == []


def test_down_needs_no_stack_file(root: Path) -> None:
    engine.up("dev", root=root)
    (root / "Pulumi.dev.yaml").unlink()
    assert engine.down("dev", root=root) == 0


def test_an_unknown_stack_is_told_with_those_there_are(root: Path) -> None:
    with pytest.raises(UserError, match=r"there is no Pulumi\.prod\.yaml; stacks here: dev"):
        engine.up("prod", root=root)


def test_a_stack_file_that_is_no_yaml_is_told(root: Path) -> None:
    (root / "Pulumi.dev.yaml").write_text("config: [\n")
    with pytest.raises(UserError, match=r"Pulumi\.dev\.yaml is not YAML"):
        engine.up("dev", root=root)


def test_outputs_of_a_stack_that_is_not_there_are_empty(root: Path) -> None:
    assert engine.outputs("dev", secrets=True, root=root) == {}
    assert engine.export_state("dev", root=root) == {}


def test_outputs_show_secrets_only_when_asked(root: Path) -> None:
    engine.up("dev", root=root)
    assert engine.outputs("dev", secrets=False, root=root) == {"answer": 42}
    assert "--show-secrets" not in calls(root)[-1]
    engine.outputs("dev", secrets=True, root=root)
    assert "--show-secrets" in calls(root)[-1]


def test_a_dead_ssh_agent_is_refused_before_anything_is_made(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(root / "gone"))
    with pytest.raises(UserError, match="run: unset SSH_AUTH_SOCK"):
        engine.up("dev", root=root)
    assert calls(root) == []


def test_a_living_ssh_agent_is_no_reason_to_refuse(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(root / "agent"))
        agent.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(root / "agent"))
        assert engine.up("dev", root=root) == 0


def test_the_stand_in_is_refused_for_a_real_cloud(root: Path) -> None:
    (root / ".fleet/bin/pulumi-resource-command").write_text("")
    (root / "Pulumi.dev.yaml").write_text("config:\n  agent-fleet:cloud: aws\n")
    with pytest.raises(UserError, match="stand-in for local hosts"):
        engine.up("dev", root=root)
    assert calls(root) == []


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({}, 0),
        ({"cluster": {"pools": [{"count": 3}, {"count": 5, "without": [1, 2]}]}}, 7),
        ({"cluster": {}, "gpuVms": [{"name": "a"}]}, 2),
        ({"cluster": {"pools": [{"count": 3}, {"elastic": {"min": 2, "max": 40}}]}}, 4),
        ({"cluster": {"pools": "nonsense"}, "gpuVms": 7}, 1),
    ],
)
def test_machines_are_counted_from_any_configuration(config: dict[str, object], count: int) -> None:
    assert stacks.machines(config) == count


@pytest.mark.parametrize(("count", "slots"), [(0, 16), (3, 16), (100, 108), (1000, 256)])
def test_every_machine_has_a_slot_of_the_engine(count: int, slots: int) -> None:
    assert stacks.parallel(count) == slots


def test_the_exported_environment_is_shell(root: Path) -> None:
    lines = engine.exports("dev", root=root)
    shown = subprocess.run(
        ["bash", "-c", f"{lines} echo $PULUMI_STACK $PULUMI_BACKEND_URL"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["dev", f"file://{root}/.fleet/state"]
