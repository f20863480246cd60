"""Stack files by name: those in good/ are taken, those in bad/ give the report that lies beside them."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from components.config.__main__ import SCHEMA
from components.config.model import Config
from components.config.problems import ConfigError
from components.config.stack_file import read_stack_file
from components.config.validation import ENCRYPTED, validate
from fleet.engine import standins

ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parents[1] / "stackfiles"
GOOD = sorted((FILES / "good").glob("*.yaml")) + sorted(ROOT.glob("Pulumi.*.yaml"))
SET_BY_HAND = {"Pulumi.vision-cn-hangzhou.yaml": ["superviselyApiTokens"]}
BAD = sorted((FILES / "bad").glob("*.yaml"))


def stem(path: Path) -> str:
    return path.stem


def validated(path: Path, stack: str = "dev") -> Config:
    told = read_stack_file(path)
    # what opens a stand-in is in no file, nor what each one sets for oneself
    given = dict.fromkeys(standins.secrets(path.stem.removeprefix("Pulumi.")), ENCRYPTED)
    given |= dict.fromkeys(SET_BY_HAND.get(path.name, ()), ENCRYPTED)
    return validate({**told.values, **given}, told.secret_keys | given.keys(), stack, *told[2:])


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_a_good_stack_file_is_taken(path: Path) -> None:
    assert validated(path).team


@pytest.mark.parametrize("path", GOOD, ids=stem)
def test_a_good_stack_file_is_valid_in_an_editor(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("platform", ["supervisely", "backendai"])
def test_an_editor_knows_which_platform_a_setting_is_of(platform: str) -> None:
    document = yaml.safe_load((FILES / "good" / "backendai-join-beside-supervisely.yaml").read_text())
    vms = document["config"]["agent-fleet:gpuVms"]
    assert {vm["platform"] for vm in vms} == {"supervisely", "backendai"}
    for vm in vms:
        vm["platform"] = platform
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("path", BAD, ids=stem)
def test_a_bad_stack_file_gives_its_report(path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        validated(path)

    assert f"{refused.value}\n" == path.with_suffix(".expected.txt").read_text()
    assert "canary" not in str(refused.value), "a secret is shown"


def test_every_bad_stack_file_and_report_has_its_other_half() -> None:
    reports = {path.name.removesuffix(".expected.txt") for path in (FILES / "bad").glob("*.expected.txt")}

    assert {path.stem for path in BAD} == reports
    assert len(BAD) >= 120


@pytest.mark.parametrize("stack", ["Dev", "1st", "eo_eu", "a--b", "x" * 33, "ends-"])
def test_a_name_of_a_stack_that_no_name_can_be_made_from_is_refused(stack: str) -> None:
    with pytest.raises(ConfigError, match="name of the stack"):
        validated(GOOD[0], stack)


def test_the_longest_names_fit_a_host_name_and_a_role_name() -> None:
    from components.config.machines import WORKERS_PER_POOL
    from components.config.types import POOL_LENGTH, STACK_LENGTH, TEAM_LENGTH

    number = len(str(WORKERS_PER_POOL))
    assert STACK_LENGTH + 1 + POOL_LENGTH + 1 + number <= 63
    assert TEAM_LENGTH + 1 + STACK_LENGTH + 1 + len("worker") <= 64


@pytest.mark.parametrize(
    ("text", "words"),
    [("config: {a: 1, a: 2}", "the key a is there twice"), ("config: [", "is not valid YAML")],
)
def test_a_file_that_is_no_yaml_for_pulumi_is_no_yaml_here(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)

    with pytest.raises(ValueError, match=words):
        read_stack_file(path)


def test_yaml_is_read_as_pulumi_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n"
        "  aws:region: x\n"
        "  agent-fleet:team: 123\n"
        "  agent-fleet:tags: {a: yes, b: 2026-01-01, c: 1.0, 3: x}\n"
    )

    raw, secret_keys, region, others = read_stack_file(path)

    assert raw == {"team": "123", "tags": {"a": "yes", "b": "2026-01-01", "c": 1.0, "3": "x"}}
    assert not secret_keys
    assert (region, others) == (None, {"aws:region": "x"}), "no cloud is named"
