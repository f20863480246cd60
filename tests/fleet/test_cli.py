import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import __main__ as main_module
from fleet import engine, tunnel
from fleet.cli import parse
from fleet.errors import UserError
from fleet.job import Evidence, judge

ROOT = Path(__file__).parent.parent.parent


def test_one_word_is_the_node_and_the_stack_is_dev(monkeypatch):
    monkeypatch.delenv("STACK", raising=False)
    given, _ = parse(["ssh", "workers-1"])
    assert (given.stack, given.node) == ("dev", "workers-1")


def test_the_environment_names_the_stack_where_the_words_do_not(monkeypatch):
    monkeypatch.setenv("STACK", "prod")
    assert parse(["status"])[0].stack == "prod"
    assert parse(["logs", "dev", "workers-1", "-f"])[0].stack == "dev"


def test_words_after_two_dashes_are_the_commands_own():
    given, rest = parse(["ssh", "dev", "workers-1", "--", "ls", "-l", "--", "x"])
    assert (given.stack, given.node, rest) == ("dev", "workers-1", ["ls", "-l", "--", "x"])


def test_a_command_that_takes_no_further_words_refuses_them(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["status", "dev", "--", "x"])
    assert ended.value.code == 2
    assert "status takes nothing after --" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    ["status", "ssh w", "logs w", "repair w", "replace w", "tunnel", "job", "client --dir x", "run -- true"],
)
def test_a_stack_that_is_not_up_is_answered_in_one_sentence(monkeypatch, capsys, words):
    monkeypatch.setattr(engine, "outputs", lambda *_args, **_options: {})
    monkeypatch.setenv("STACK", "dev")
    assert main_module.main(words.split()) == 2
    assert capsys.readouterr().err == (
        "error: stack dev is not up: it has no machines on record; run: python -m fleet up dev\n"
    )


@pytest.mark.parametrize("words", [["ssh", "w"], ["logs", "w"], ["repair", "w"], ["replace", "w"]])
def test_an_unknown_node_is_answered_in_one_sentence(monkeypatch, capsys, outputs, words):
    monkeypatch.setattr(engine, "outputs", lambda *_args, **_options: outputs)
    monkeypatch.setenv("STACK", "dev")
    assert main_module.main(words) == 2
    assert "has no node 'w'; it has: master, workers-1, workers-2" in capsys.readouterr().err


def test_a_stack_without_a_file_is_answered_with_those_that_there_are(monkeypatch, capsys):
    monkeypatch.setattr(engine, "outputs", lambda *_args, **_options: {})
    assert main_module.main(["status", "nosuch"]) == 2
    assert (
        "there is no Pulumi.nosuch.yaml; stacks here: atlas-local, backendai-local, dev"
        in capsys.readouterr().err
    )


def test_the_command_runs_by_a_python_that_has_nothing_installed():
    """As on a fresh machine, where nobody has activated the project's environment."""
    program = (
        "import runpy, sys; sys.path[:] = [path for path in sys.path if 'site-' not in path]\n"
        f"sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['fleet', '--help']\n"
        "runpy.run_module('fleet', run_name='__main__')"
    )
    bare = [sys.executable, "-I", "-c", program]
    done = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert "usage: python -m fleet" in done.stdout or "run: tools/setup.sh" in done.stderr


def test_a_port_that_is_taken_is_told_with_the_way_out(monkeypatch, outputs):
    monkeypatch.setattr(engine, "outputs", lambda *_args, **_options: outputs)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match=r"port \d+ of this computer cannot be used .*--port PORT"):
            tunnel.tunnel("dev", taken.getsockname()[1])


def test_pages_come_at_their_own_ports_or_from_the_one_given():
    pages = {"rayDashboard": "http://127.0.0.1:8265", "metrics": "http://127.0.0.1:3000"}
    assert tunnel.local_ports(pages, None) == {"rayDashboard": 8265, "metrics": 3000}
    assert tunnel.local_ports(pages, 9000) == {"rayDashboard": 9000, "metrics": 9001}


GOOD = Evidence(finished=42, failed=0, seconds=5.0, stored=42, tasks={"workers-1": 21, "workers-2": 21})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"failed": 1}, "1 EOPatches failed by eo-grow's report"),
        ({"stored": 41}, "the report says 42 EOPatches, the storage holds 41"),
        ({"tasks": {"workers-1": 41, "master": 1}}, "tasks ran on master, not on workers"),
        ({"tasks": {"10.90.3.4": 5}}, "only 5 tasks were seen on the workers for 42 EOPatches"),
        ({"finished": 0, "stored": 0}, "eo-grow's report names no finished EOPatch"),
    ],
)
def test_the_sample_is_judged_by_what_it_left(change, problem):
    assert judge(GOOD, ["master"]) == []
    assert judge(Evidence(**{**GOOD.__dict__, **change}), ["master"]) == [problem]


def test_the_sample_lies_where_its_config_says():
    assert '"project": "/shared/sample"' in (ROOT / "sample" / "pipeline.json").read_text()
