"""GPU VMs in the operator's commands: a stack without a master, agents of a controller elsewhere."""

import copy
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from components.operated import Machine
from fleet import urns
from fleet.facts import Facts, Seen
from fleet.inventory import Inventory
from fleet.judge import judge
from fleet.logs import log_command
from tests.fleet.conftest import OUTPUTS

REPORT = {
    "service": "agent",
    "unit": "active",
    "version": "6.9.7",
    "connected": True,
    "gpus": 0,
    "uptimeSeconds": 9,
}


@pytest.fixture
def inventory() -> Inventory:
    outputs: dict[str, Any] = copy.deepcopy(OUTPUTS)
    own = {"role": "gpuVm", "pool": None, "proxy": None, "platform": "supervisely"}
    node = {**outputs["inventory"]["nodes"][0], **own}
    nodes = [{**node, "name": f"annotator-{number}", "privateIp": f"10.89.4.{number}"} for number in (1, 2)]
    outputs["inventory"].update(platform=None, nodes=nodes)
    return Inventory.from_outputs("dev", outputs)


def facts(**of_second: object) -> Facts:
    names = ("annotator-1", "annotator-2")
    return Facts(
        machines=Seen([Machine(name, "running", name, None, f"10.89.4.{name[-1]}") for name in names]),
        agents=Seen([]),
        reports={"annotator-1": Seen(REPORT), "annotator-2": Seen({**REPORT, **of_second})},
    )


def test_an_agent_is_alive_by_its_own_word_and_versions_may_differ(inventory: Inventory) -> None:
    verdict = judge(inventory, facts(version="6.9.8"))
    assert verdict.well
    assert [row.agent for row in verdict.rows] == ["ALIVE", "ALIVE"]


def test_an_agent_that_is_not_connected_is_to_be_repaired(inventory: Inventory) -> None:
    verdict = judge(inventory, facts(connected=False))
    assert verdict.rows[1].problems == ("the controller sees it as not connected",)
    assert verdict.next_commands == ("python -m fleet repair dev annotator-2",)


def test_a_node_is_asked_by_the_script_of_its_own_platform(inventory: Inventory) -> None:
    assert inventory.platform_of("annotator-1") == "supervisely"
    assert 'journalctl -u "supervisely*"' in log_command("supervisely", 5, False)
    assert "docker" not in log_command("ray", 5, False)


DOCKER = """#!/bin/bash
case $1 in
ps) [[ "$*" == "ps -aq --filter name=^supervisely-agent-" ]] && echo c0ffee && echo older ;;
logs) echo "agent says: $*" ;;
esac
"""


@pytest.mark.parametrize(
    ("follow", "expected"),
    [(False, ["logs -tn 5 c0ffee"]), (True, ["logs -ft --tail=5 c0ffee", "logs -ft --since="])],
)
def test_logs_show_what_the_agents_container_says(tmp_path: Path, follow: bool, expected: list[str]) -> None:
    programs = {
        "docker": DOCKER,
        "journalctl": "#!/bin/bash\necho journal\n",
        "sudo": '#!/bin/bash\nexec "${@:2}"\n',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    line = log_command("supervisely", 5, follow)
    with subprocess.Popen(
        ["/bin/sh", "-c", line],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as process:
        time.sleep(2.5 if follow else 0)
        said, _ = process.communicate(timeout=20)
    assert "journal" in said
    for one in expected:
        assert f"agent says: {one}" in said


def test_what_follows_a_machine_made_anew_is_outside_the_machine_too() -> None:
    def resource(kind: str, name: str) -> dict[str, str]:
        return {"urn": f"urn:pulumi:dev::agent-fleet::{kind}::{name}", "type": kind}

    local, remote = "command:local:Command", "command:remote:Command"
    resources = [
        resource(local, "annotator-1-enrolment"),
        resource(local, "annotator-1-host"),
        resource(remote, "annotator-1-step"),
        resource(local, "annotator-1-membership"),
        resource(local, "annotator-2-membership"),
    ]
    found = urns.around({"deployment": {"resources": resources}}, "annotator-1", None)
    names = [urn.rpartition("::")[2] for urn in found]
    assert names == ["annotator-1-enrolment", "annotator-1-step", "annotator-1-membership"]
