"""Rules of AWS: what can be told of a stack file without asking AWS."""

from collections.abc import Iterator

from components.config.aws import AwsConfig
from components.config.problems import Problem


def aws_problems(config: AwsConfig, region: str | None) -> Iterator[Problem]:  # noqa: ARG001 - its rules come next
    yield from ()
