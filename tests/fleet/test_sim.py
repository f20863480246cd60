"""`SIM=1` changes the environment and a copy of the stack file, in the open."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.engine import paths, sim, standins
from tests.atlas import archive
from tests.atlas.standins import FILES
from tests.standins import Container

REAL = {
    "PATH": "/bin",
    "AWS_PROFILE": "production",
    "ALICLOUD_ACCESS_KEY": "real",
    "ALICLOUD_SECURITY_TOKEN": "real",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "real",
    "ALIBABA_CLOUD_PROFILE": "production",
    "HOME": "/home/me",
}


def test_real_credentials_of_every_cloud_are_taken_away(tmp_path: Path) -> None:
    env = sim.environment(tmp_path, REAL)
    assert "real" not in env.values()
    assert "production" not in env.values()
    assert env["ALICLOUD_ACCESS_KEY"] == env["ALICLOUD_SECRET_KEY"] == "simulated"
    assert env["HOME"] == "/home/me"
    assert env["PATH"].startswith(str(tmp_path / "tests/simcloud/bin"))


@pytest.fixture
def vision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of the example stack's file."""
    return example("vision-cn-hangzhou", tmp_path, monkeypatch)


def example(stack: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The text of its file; its stand-ins seem to run."""
    text = (paths.ROOT / f"Pulumi.{stack}.yaml").read_text()
    (folder / f"Pulumi.{stack}.yaml").write_text(text)
    monkeypatch.setattr(paths, "ROOT", folder)
    monkeypatch.setattr(Container, "address", "10.1.2.10")
    monkeypatch.setattr(Container, "is_there", lambda _: True)
    monkeypatch.setattr(standins, "_answers", lambda _: False)
    return text


def config_of(text: str) -> dict[str, Any]:
    return {key.removeprefix("agent-fleet:"): value for key, value in yaml.safe_load(text)["config"].items()}


def test_a_simulated_stack_is_given_the_stand_ins_and_told(
    vision: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIM", "1")
    timed = vision.replace("diskGiB: 300", "diskGiB: 300\n      releaseTime: 2036-12-31T18:00:00Z")
    found = config_of(standins.rewritten("vision-cn-hangzhou", timed))
    assert {vm["releaseTime"] for vm in found["gpuVms"]} == {"2036-12-31T18:00:00Z"}
    for vm in found["gpuVms"]:
        assert vm["settings"]["serverAddress"] == "http://10.1.2.10"
        assert vm["settings"]["image"] == "10.1.2.10:5000/supervisely/agent"
    assert "10.1.2.10:5000" in found["packages"]["insecureRegistries"]
    assert "aptMirror" not in found["packages"]
    said = capsys.readouterr().out
    assert "SIM=1: http://10.1.2.10 stands in for https://" in said
    assert "cannot be reached from here" in said
    assert standins.secrets("vision-cn-hangzhou").keys() == {"superviselyApiTokens"}


def test_atlas_is_given_its_files_and_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIM", "1")
    research = example("research-us-east-1", tmp_path, monkeypatch)
    before, found = config_of(research), config_of(standins.rewritten("research-us-east-1", research))
    settings = found["cluster"]["settings"]
    for key, name in FILES.items():
        assert settings[key] == {"url": f"http://10.1.2.10/{name}", "sha256": archive.sha256(name)}
    assert settings["registry"] == "10.1.2.10:5000/atlas"
    assert not {"tag", "tags", "jobImage"} & settings.keys()
    assert settings["users"] == before["cluster"]["settings"]["users"]
    assert found["packages"]["insecureRegistries"] == ["10.1.2.10:5000"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("==> SIM=1: http://10.1.2.10 stands in for https://")
    assert before["cluster"]["settings"]["registry"] in line
    assert standins.secrets("research-us-east-1") == {}


def test_a_real_stack_is_left_as_it_is(vision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIM", raising=False)
    assert standins.rewritten("vision-cn-hangzhou", vision) == vision
    assert standins.secrets("vision-cn-hangzhou") == {}


def test_a_mirror_that_answers_stays(vision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIM", "1")
    monkeypatch.setattr(standins, "_answers", lambda _: True)
    assert "aptMirror" in config_of(standins.rewritten("vision-cn-hangzhou", vision))["packages"]


def test_secrets_of_the_real_stack_are_left_out(
    vision: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state of simulated stacks has another passphrase."""
    monkeypatch.setenv("SIM", "1")
    more = "  agent-fleet:superviselyApiTokens:\n    secure: v1:abc:def\nencryptionsalt: v1:xyz\n"
    found = standins.rewritten("vision-cn-hangzhou", vision + more)
    assert "v1:" not in found
    assert "encryptionsalt" not in found
    assert "agent-fleet:superviselyApiTokens of the real stack are left out" in capsys.readouterr().out
