"""Rules between fields. Each takes the model and yields what breaks it."""

import re
from collections.abc import Callable, Iterator

from components.config.model import Config
from components.config.problems import Problem, show
from components.config.types import NAME, STACK_LENGTH, suggested_name

Rule = Callable[[Config], Iterator[Problem]]


def stack_name_problems(stack: str) -> Iterator[Problem]:
    if len(stack) > STACK_LENGTH or not re.fullmatch(NAME, stack):
        yield Problem(
            "(name of the stack)",
            show(stack),
            f"must be at most {STACK_LENGTH} lower-case letters, digits and single hyphens, a letter first",
            f"make another: `pulumi stack init {suggested_name(stack)[:STACK_LENGTH] or 'dev'}`",
        )


RULES: tuple[Rule, ...] = ()
