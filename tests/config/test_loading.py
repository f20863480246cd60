"""Loading, as the engine hands configuration over."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import mocks, set_all_config

from components.config.loading import load
from components.config.model import SECRET_KEYS, AwsConfig, pools_of

CLUSTER = json.dumps(
    {
        "platform": "ray",
        "master": {"cpus": 2, "memoryGiB": 3},
        "pools": [{"name": "workers", "count": 2, "cpus": 1, "memoryGiB": 3}],
    }
)
VALUES = {"agent-fleet:team": "eo", "agent-fleet:cloud": "local", "agent-fleet:cluster": CLUSTER}
TOKEN = "canary-0123456789-0123456789-0123456789"  # noqa: S105 - not one that opens anything


class _Nothing(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> dict[str, object]:  # noqa: ARG002 - the base's signature
        return {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, object]]:
        return args.name, {}


@pytest.fixture(autouse=True)
def _stack() -> Iterator[None]:
    mocks.set_mocks(_Nothing(), project="agent-fleet", stack="dev")
    yield
    set_all_config({}, [])


def test_values_arrive_as_the_model() -> None:
    set_all_config(VALUES, [])

    config, secrets = load()

    assert config.team == "eo"
    assert pools_of(config)[0].count == 2
    assert set(secrets) == set(SECRET_KEYS)
    assert set(secrets.values()) == {None}


def test_keys_of_other_namespaces_are_not_ours() -> None:
    set_all_config({**VALUES, "aws:region": "eu-central-1", "other:team": "x"}, [])

    assert load()[0].cloud == "local"


def test_the_region_is_the_clouds_own_key_and_rules_know_it() -> None:
    master, pool = (
        {"instanceType": "m5.large"},
        {"name": "workers", "instanceTypes": ["c5.large"], "count": 1},
    )
    on_aws = {
        "agent-fleet:team": "eo",
        "agent-fleet:cloud": "aws",
        "agent-fleet:access": json.dumps({"admins": ["203.0.113.0/28"]}),
        "agent-fleet:network": json.dumps({"zones": ["eu-west-1a"]}),
        "agent-fleet:allowLocalState": "true",
        "agent-fleet:cluster": json.dumps({"platform": "ray", "master": master, "pools": [pool]}),
    }
    set_all_config({**on_aws, "aws:region": "eu-west-1"}, [])
    config = load()[0]
    assert isinstance(config, AwsConfig)
    assert config.allow_local_state is True

    set_all_config({**on_aws, "aws:region": "eu-central-1"}, [])
    with pytest.raises(pulumi.RunError, match=r"zones\[0\]: eu-west-1a\n +is not in the stack's region"):
        load()


@pulumi.runtime.test
async def test_a_given_token_is_a_secret_output() -> None:
    set_all_config({**VALUES, "agent-fleet:rayToken": TOKEN}, ["agent-fleet:rayToken"])

    token = load()[1]["rayToken"]

    assert token is not None
    assert (await token.is_secret(), await token.future()) == (True, TOKEN)


def test_all_problems_come_as_one_error_for_the_user() -> None:
    set_all_config({**VALUES, "agent-fleet:cloud": "moon", "agent-fleet:clutser": "{}"}, [])

    with pytest.raises(pulumi.RunError) as refused:
        load()

    assert str(refused.value).splitlines()[0] == "Pulumi.dev.yaml: 2 problems, nothing was made or changed"


def test_a_token_in_plain_text_is_refused_and_not_shown() -> None:
    set_all_config({**VALUES, "agent-fleet:rayToken": TOKEN}, [])

    with pytest.raises(pulumi.RunError, match="secret in plain text") as refused:
        load()

    assert "canary" not in str(refused.value)


def test_a_short_token_is_refused_and_not_shown() -> None:
    set_all_config({**VALUES, "agent-fleet:rayToken": "canary"}, ["agent-fleet:rayToken"])

    with pytest.raises(pulumi.RunError, match="must be 32 to 256") as refused:
        load()

    assert "canary" not in str(refused.value)


def test_a_secret_inside_another_key_is_refused_and_not_shown() -> None:
    cluster = json.dumps({**json.loads(CLUSTER), "canaryToken": "canary"})
    set_all_config({**VALUES, "agent-fleet:cluster": cluster}, ["agent-fleet:cluster"])

    with pytest.raises(pulumi.RunError, match="secrets have keys of their own") as refused:
        load()

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("value", ["", "{", "null", "3", "[]", '"text"'])
def test_a_value_that_is_no_mapping_is_a_problem_and_no_traceback(value: str) -> None:
    set_all_config({**VALUES, "agent-fleet:network": value}, [])

    with pytest.raises(pulumi.RunError, match="  network: "):
        load()


def test_checking_needs_no_pulumi() -> None:
    """The operator's commands check files without the SDK, which takes a second to import."""
    imports = "components.config.validation, components.config.stack_file"
    code = f"import sys, {imports}; print('pulumi' in sys.modules)"
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "False"
