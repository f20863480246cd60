"""The policy that an operator needs: it allows what is asked for, and nothing else.

That the table has every type and look-up of the program, and the policy what these need, is tested
in tests/policy.
"""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from components.clouds.alicloud import api, operate
from tests.operate_alicloud.conftest import PLACE, TAGS
from tests.operate_alicloud.standin import Cloud
from tests.policy import actions_alicloud as actions

ROOT = Path(__file__).parents[2]
POLICY: dict[str, Any] = json.loads((ROOT / api.POLICY).read_text())
ALLOWED = {action for statement in POLICY["Statement"] for action in statement["Action"]}
# What a policy of one's own may have.
MOST_CHARACTERS = 6144


def _allows(action: str) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in ALLOWED)


def _asked() -> set[str]:
    tables = (*actions.TYPES.values(), *actions.LOOK_UPS.values())
    return {action for needed in tables for action in needed}


def test_what_the_commands_do_is_allowed_and_nothing_else_is(cloud: Cloud) -> None:
    cloud.runs({**TAGS, "node": "annotator-1"}, Status="Stopped")
    operate.check(PLACE)
    operate.start(PLACE)
    operate.leftovers(PLACE)
    commands = {call for call, _ in cloud.asked}
    assert {"ecs:StartInstances", "tag:ListTagResources", "nas:DescribeFileSystems"} <= commands
    assert [action for action in sorted(commands) if not _allows(action)] == []
    needed = commands | _asked()
    idle = [one for one in sorted(ALLOWED) if not any(fnmatchcase(action, one) for action in needed)]
    assert idle == []


def test_nothing_but_looking_goes_everywhere() -> None:
    looking = re.compile(r"\w+:(Describe|Get|List)\w*\*?")
    for statement in POLICY["Statement"]:
        wild = [action for action in statement["Action"] if "*" in action]
        assert all(re.fullmatch(r"(ecs|vpc|nas):Describe\*", action) for action in wild)
        if all(looking.fullmatch(action) for action in statement["Action"]):
            continue
        services = {action.partition(":")[0] for action in statement["Action"]}
        if services == {"ram"}:
            assert statement["Condition"] == {"StringEquals": {"ram:ServiceName": "nat.aliyuncs.com"}}
        else:
            # a call may name things of other services: an instance its vSwitch, an address its instance
            assert statement["Resource"] == [f"acs:{service}:cn-hangzhou:*:*" for service in sorted(services)]


def test_it_fits_into_one_policy() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= MOST_CHARACTERS
