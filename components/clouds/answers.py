"""What a question to a cloud may come to, besides an answer."""

from collections.abc import Callable
from typing import TypeVar

import pulumi

from components.config.problems import Problem

T = TypeVar("T")


class AbsentError(Exception):
    """The cloud says that there is no such thing."""


class UnansweredError(Exception):
    """The cloud was asked, and gave no answer."""


def or_warn(what: str, question: Callable[[], T]) -> T | None:
    """For what is checked but not needed: no answer is a warning."""
    try:
        return question()
    except UnansweredError as error:
        pulumi.log.warn(f"not checked: {what}: {error}")
        return None


def untold(path: str, value: str, error: Exception, right: str) -> Problem:
    """Of what the program cannot do without."""
    return Problem(path, value, f"cannot be looked at: {error}", f"allow {right}, or try again")


def found(
    path: str, name: str, question: Callable[[str], T], remedy: str, *, region: str, right: str
) -> T | Problem:
    """What the cloud tells of a thing that must be there, or why the program cannot go on."""
    try:
        return question(name)
    except AbsentError:
        return Problem(path, name, f"is not in {region}", remedy)
    except UnansweredError as error:
        return untold(path, name, error, right)
