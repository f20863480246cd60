import io
import json

import pytest
from rich.console import Console

from fleet import table
from fleet.judge import Row, Verdict

WELL = Row(
    name="master",
    role="master",
    pool=None,
    address="10.89.0.2",
    machine="running",
    agent="ALIVE",
    unit="active",
    version="2.55.1",
    load=0.25,
    memory_mib=8192,
    free_memory_mib=6144,
    uptime_seconds=7300,
    problems=(),
    remedy=None,
)
DEAD = Row(
    name="workers-1",
    role="worker",
    pool="workers",
    address="10.89.8.2",
    machine="stopped",
    agent="DEAD",
    unit=None,
    version=None,
    load=None,
    memory_mib=None,
    free_memory_mib=None,
    uptime_seconds=None,
    problems=("its machine is stopped",),
    remedy="replace",
)


@pytest.fixture
def ill():
    return Verdict("dev", (WELL, DEAD), ("10.9.9.9 (10.9.9.9)",), ())


def shown(verdict, **options):
    text = io.StringIO()
    table.show(verdict, Console(file=text, **{"width": 120, **options}))
    return text.getvalue()


def test_a_row_tells_memory_and_uptime_in_words_people_use():
    line = next(line for line in shown(Verdict("dev", (WELL,), (), ())).splitlines() if "master" in line)
    assert "2.0/8.0 GiB" in line
    assert line.rstrip().endswith("2 h")


def test_a_narrow_terminal_shows_what_matters_most_uncut(ill):
    text = shown(ill, width=80)
    assert "workers-1" in text
    assert "stopped" in text
    assert "2.0/8.0 GiB" in text
    assert "10.89.8.2" not in text
    assert "…" not in text


def test_a_stack_that_is_well_says_so_in_the_last_line():
    assert shown(Verdict("dev", (WELL,), (), ())).rstrip().endswith("dev is well: 1 of 1 nodes.")


def test_machines_of_elastic_pools_are_counted_apart():
    elastic = WELL.__class__(**{**WELL.__dict__, "name": "i-0e", "elastic": True})
    text = shown(Verdict("eo", (WELL, elastic, elastic), (), ()))
    assert text.rstrip().endswith("eo is well: 1 of 1 nodes, and 2 of elastic pools.")


def test_what_is_wrong_is_said_in_words_and_the_last_line_says_what_to_run(ill):
    lines = shown(ill).rstrip().splitlines()
    assert "✗ workers-1: its machine is stopped" in lines
    assert "✗ the controller knows 10.9.9.9 (10.9.9.9), which is not in the stack" in lines
    assert lines[-1] == "Run: python -m fleet replace dev workers-1"


def test_without_a_terminal_there_are_no_colours(ill):
    assert "\x1b" not in shown(ill)


def test_with_a_terminal_there_are(ill):
    assert "\x1b" in shown(ill, force_terminal=True, color_system="standard")


def test_text_from_a_machine_is_never_markup():
    row = DEAD.__class__(**{**DEAD.__dict__, "problems": ("it said [red]no[/]",)})
    assert "it said [red]no[/]" in shown(Verdict("dev", (row,), (), ()))


def test_json_has_the_keys_that_programs_rely_on(ill):
    document = json.loads(table.as_json(ill))
    assert set(document) == {"stack", "well", "nodes", "strangers", "problems", "next"}
    assert document["well"] is False
    assert document["next"] == ["python -m fleet replace dev workers-1"]
    assert document["nodes"][1] == {
        "name": "workers-1",
        "role": "worker",
        "pool": "workers",
        "address": "10.89.8.2",
        "machine": "stopped",
        "agent": "DEAD",
        "unit": None,
        "version": None,
        "load": None,
        "memoryMib": None,
        "freeMemoryMib": None,
        "uptimeSeconds": None,
        "problems": ["its machine is stopped"],
        "remedy": "replace",
        "elastic": False,
        "work": None,
        "well": False,
    }
