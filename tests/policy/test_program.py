"""checkov's verdict on the program: every finding is mended, or has its reason in exceptions.yaml."""

from collections.abc import Mapping

import pytest

from tests.graph.aws_cloud import AwsCloud
from tests.graph.recording import Recording
from tests.policy import actions, scanner, translate


@pytest.fixture(scope="module")
def verdict(recordings: Mapping[str, Recording], tmp_path_factory: pytest.TempPathFactory) -> scanner.Verdict:
    plans = {name: translate.plan(recording) for name, recording in recordings.items()}
    return scanner.scan(plans, tmp_path_factory.mktemp("plans"))


def test_no_finding_is_unexplained(verdict: scanner.Verdict) -> None:
    assert [str(finding) for finding in scanner.unexplained(verdict.findings)] == []
    assert verdict.passed > 100


def test_no_exception_is_left_over(verdict: scanner.Verdict) -> None:
    assert scanner.unused(verdict.findings, "aws") == []


def test_no_type_escapes_the_scanner_by_a_wrong_name(recordings: Mapping[str, Recording]) -> None:
    checked = scanner.checked_types()
    assert types(recordings) <= checked
    assert "aws_ec2_instance" not in checked


def test_the_operators_policy_knows_every_type_and_look_up(
    recordings: Mapping[str, Recording], cloud: AwsCloud
) -> None:
    assert types(recordings) == set(actions.TYPES)
    looked_up = {name for name, _ in cloud.asked}
    assert looked_up <= {token.rpartition(":")[2] for token in actions.LOOK_UPS}


def types(recordings: Mapping[str, Recording]) -> set[str]:
    return {
        translate.type_of(request.type)
        for recording in recordings.values()
        for request in recording.requests.values()
        if translate.of_a_cloud(request)
    }
