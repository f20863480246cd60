"""What is asked before a run on a real cloud, in a project without a login."""

import json
import os

import pytest

from components.operated import CloudError, Place
from fleet import checks, clouds, engine, lifecycle, mirrors
from fleet.engine import paths, plugins
from fleet.errors import UserError

STACK = """\
config:
  aws:region: eu-central-1
  aws:profile: sandbox
  agent-fleet:team: earth-observation
  agent-fleet:cloud: aws
"""


class Cloud:
    def __init__(self):
        self.asked = []
        self.refusal = None

    def check(self, place):
        self.asked.append(place)
        if self.refusal:
            raise CloudError(self.refusal)
        return "AWS account 1, eu-central-1, as user/me"

    def leftovers(self, place):
        return [f"vpc vpc-1 of {place.stack}"]


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text("name: agent-fleet\nruntime: python\n")
    (tmp_path / "Pulumi.eo.yaml").write_text(STACK)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  agent-fleet:cloud: local\n")
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "backend", lambda: "s3://team")
    monkeypatch.setattr(engine, "ensure_plugin", lambda _: None)
    monkeypatch.delenv("SIM", raising=False)
    return tmp_path


@pytest.fixture
def cloud(monkeypatch):
    cloud = Cloud()
    monkeypatch.setattr(checks, "operate_of", lambda _: cloud)
    monkeypatch.setattr(lifecycle, "operate_of", lambda _: cloud)
    return cloud


@pytest.mark.usefixtures("root")
def test_the_cloud_is_asked_once_with_what_the_stack_file_says(cloud, capsys):
    checks.before("eo", making=True)
    provider = {"aws:region": "eu-central-1", "aws:profile": "sandbox"}
    own = {"team": "earth-observation", "cloud": "aws"}
    assert cloud.asked == [Place("eo", "earth-observation", provider, own)]
    assert capsys.readouterr().out == "==> AWS account 1, eu-central-1, as user/me\n"


@pytest.mark.usefixtures("root")
def test_local_hosts_and_simulated_clouds_need_nothing(cloud, monkeypatch):
    monkeypatch.setattr(engine, "backend", lambda: "file:///here")
    checks.before("dev", making=True)
    checks.before("nosuch", making=True)
    monkeypatch.setenv("SIM", "1")
    checks.before("eo", making=True)
    assert cloud.asked == []


@pytest.mark.usefixtures("root")
def test_a_refusal_is_one_sentence(cloud):
    cloud.refusal = "AWS refuses the credentials"
    with pytest.raises(UserError, match=r"^stack eo on aws: AWS refuses the credentials$"):
        checks.before("eo", making=True)


def test_a_state_of_this_computer_alone_is_refused_unless_said(root, cloud, monkeypatch):
    monkeypatch.setattr(engine, "backend", lambda: "file:///here/.fleet/state")
    with pytest.raises(UserError, match=r"pulumi login s3://BUCKET.*allowLocalState: true` into Pulumi\.eo"):
        checks.before("eo", making=True)
    assert cloud.asked == []
    checks.before("eo", making=False)
    (root / "Pulumi.eo.yaml").write_text(f"{STACK}  agent-fleet:allowLocalState: true\n")
    checks.before("eo", making=True)
    assert len(cloud.asked) == 2


@pytest.mark.usefixtures("root", "cloud")
def test_places_of_packages_are_asked_before_something_is_made(monkeypatch):
    asked = []
    monkeypatch.setattr(mirrors, "check", lambda name, config: asked.append((name, config["cloud"])))
    checks.before("eo", making=False)
    assert asked == []
    checks.before("eo", making=True)
    assert asked == [("eo", "aws")]


@pytest.mark.usefixtures("root", "cloud")
def test_leftovers_ask_the_cloud_of_the_stack_file(capsys):
    assert lifecycle.leftovers("eo") == 1
    assert "vpc vpc-1 of eo\n1 things of stack eo are there.\n" in capsys.readouterr().out


@pytest.mark.parametrize("cloud", ["aws", "alicloud", "local"])
def test_every_cloud_answers_the_same_four_questions(cloud, monkeypatch):
    monkeypatch.delenv("SIM", raising=False)
    operate = clouds.operate_of(cloud)
    assert all(callable(getattr(operate, name)) for name in ("check", "leftovers", "machines", "start"))


@pytest.mark.usefixtures("root")
def test_a_cloud_that_nobody_knows_is_named():
    with pytest.raises(UserError, match="cloud: mars is none that is known here"):
        clouds.operate_of("mars")


@pytest.mark.parametrize(
    ("environment", "project", "login", "backend"),
    [
        ({}, "", None, "https://api.pulumi.com"),
        ({"PULUMI_BACKEND_URL": "s3://a"}, "backend: {url: s3://b}\n", "s3://c", "s3://a"),
        ({}, "backend: {url: s3://b}\n", "s3://c", "s3://b"),
        ({}, "", "s3://c", "s3://c"),
    ],
)
def test_the_backend_is_the_one_that_pulumi_takes(root, environment, project, login, backend):
    (root / "Pulumi.yaml").write_text(f"name: agent-fleet\n{project}")
    if login:
        (root / "credentials.json").write_text(json.dumps({"current": login}))
    assert engine.environment.backend(root, {"PULUMI_HOME": str(root), **environment}) == backend


def plugin_at(root, cloud):
    folder = root / f"plugins/resource-{cloud}-v{plugins.version(f'pulumi-{cloud}')}"
    folder.mkdir(parents=True)
    file = folder / f"pulumi-resource-{cloud}"
    file.write_text("")
    file.chmod(0o755)


@pytest.fixture
def nowhere(root, monkeypatch):
    """No plugin, and no way to any; returns the environment of the CLI."""
    (root / "bin").mkdir()
    (root / "bin/pulumi").write_text(f'#!/bin/sh\necho "$*" >>{root}/asked\n')
    (root / "bin/pulumi").chmod(0o755)
    monkeypatch.setattr(plugins, "PROBE", "http://127.0.0.1:9/")
    return {"PULUMI_HOME": str(root), "PATH": f"{root}/bin{os.pathsep}/usr/bin:/bin"}


CLOUDS = pytest.mark.parametrize("cloud", ["aws", "alicloud"])


@CLOUDS
def test_a_plugin_that_is_there_is_not_fetched(root, nowhere, cloud):
    plugin_at(root, cloud)
    plugins.ensure(root, nowhere, cloud)
    assert not (root / "asked").exists()


def test_without_a_network_the_plugin_is_told_in_one_sentence(root, nowhere):
    with pytest.raises(UserError, match=r"cannot be downloaded.*--file ARCHIVE.*SIM=1"):
        plugins.ensure(root, nowhere, "aws")
    assert not (root / "asked").exists()


@CLOUDS
def test_a_missing_plugin_is_fetched_by_the_cli(root, nowhere, monkeypatch, cloud):
    monkeypatch.setattr(plugins, "_reached", lambda: True)
    plugins.ensure(root, nowhere, cloud)
    wanted = plugins.version(f"pulumi-{cloud}")
    assert (root / "asked").read_text() == f"plugin install resource {cloud} {wanted}\n"
