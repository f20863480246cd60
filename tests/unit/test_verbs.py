"""Programs that a Command runs on the operator's computer."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from components import verbs
from fleet.engine.paths import ROOT

PROGRAMS = ("clouds.hosts.lease", "platforms.backendai_api", "platforms.supervisely_api")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("asked", [[], ["take", "more"], ["steal"]])
def test_an_unknown_verb_is_answered_with_the_verbs(program: str, asked: list[str]) -> None:
    argv = [sys.executable, "-m", f"components.{program}", *asked]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"components.{program} VERB" in done.stderr


class WrongError(Exception):
    """Of a verb."""


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (WrongError("it is broken: mend it"), 1, "error: it is broken: mend it\n"),
        (KeyboardInterrupt(), 130, "error: interrupted; run the same again to go on\n"),
    ],
)
def test_what_is_wrong_is_one_message(
    raised: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_: Mapping[str, Any]) -> dict[str, Any]:
        raise raised

    monkeypatch.setattr(sys, "argv", ["program", "go"])
    monkeypatch.setattr(verbs.json, "load", lambda _: {})
    assert verbs.run("", {"go": fails}, WrongError) == code
    assert capsys.readouterr().err == said
