"""From the raw values of a stack file to the model. Pure: no Pulumi, no cloud, no file."""

import copy
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from components.config.fields import known_keys
from components.config.model import SECRET_KEYS, Config
from components.config.plain_secrets import plain_secrets
from components.config.problems import HIDDEN, ConfigError, Problem, within
from components.config.rules import RULES, generation_without_effect, stack_name_problems
from components.config.structure import mend, parse, unknown_key


def validate(raw: Mapping[str, object], secret_keys: Set[str], stack: str) -> Config:
    """The model of a stack's configuration.

    `raw` has the project's keys without their namespace; `secret_keys` are those that Pulumi keeps encrypted.
    Raises ConfigError with all problems at once.
    """
    problems = [*stack_name_problems(stack), *_secret_problems(raw, secret_keys)]
    plain: dict[str, Any] = {
        key: copy.deepcopy(value)
        for key, value in raw.items()
        if key not in SECRET_KEYS and key not in secret_keys
    }
    for key in _required_but_hidden(raw, secret_keys):
        mend(plain, (key,))
    for path, problem in list(plain_secrets(plain)):
        problems.append(problem)
        mend(plain, path)
    config, wrong = parse(plain)
    problems += wrong
    causes = [problem.path for problem in problems]
    found = [problem for rule in RULES for problem in rule(config)]
    found += generation_without_effect(config, secret_keys)
    problems += [problem for problem in found if not _is_echo(problem, causes)]
    if problems:
        raise ConfigError(stack, problems)
    return config


def _is_echo(problem: Problem, causes: list[str]) -> bool:
    looked_at = (problem.path, *problem.also)
    return any(within(cause, path) or within(path, cause) for cause in causes for path in looked_at)


def _required_but_hidden(raw: Mapping[str, object], secret_keys: Set[str]) -> list[str]:
    return [key for key in raw if key in secret_keys and key in known_keys(())]


def _secret_problems(raw: Mapping[str, object], secret_keys: Set[str]) -> Iterator[Problem]:
    for key, value in raw.items():
        command = f"`pulumi config set --secret agent-fleet:{key}`"
        if key in SECRET_KEYS and key not in secret_keys:
            rule = "is a secret in plain text"
            yield Problem(key, HIDDEN, rule, f"choose a new value and set it with {command}")
        elif key in SECRET_KEYS and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{32,256}", str(value)):
            rule = "must be 32 to 256 letters, digits or any of . _ ~ + / = -"
            yield Problem(
                key, HIDDEN, rule, f"set it with {command}, such as the output of `openssl rand -hex 32`"
            )
        elif key in secret_keys and key in known_keys(()):
            own = ", ".join(f"`agent-fleet:{name}`" for name in SECRET_KEYS)
            rule = "holds a secret, and one `secure:` inside makes the whole of it secret"
            yield Problem(key, HIDDEN, rule, f"write it in plain text; secrets have keys of their own: {own}")
        elif key in secret_keys and key not in SECRET_KEYS:
            yield unknown_key((key,), str(value))
