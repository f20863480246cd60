"""From the raw values of a stack file to the model. Pure: no Pulumi, no cloud, no file."""

import copy
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from components.config.fields import known_keys
from components.config.model import SECRET_KEYS, Config, model_of, model_on
from components.config.plain_secrets import plain_secrets
from components.config.problems import HIDDEN, PROJECT, ConfigError, Problem, within
from components.config.rules import (
    RULES,
    cloud_rules,
    generation_without_effect,
    secrets_of_other_platforms,
    stack_name_problems,
)
from components.config.rules_backendai_join import join_secret_problems
from components.config.rules_gpu_vms import token_problems
from components.config.rules_hosts import way_in
from components.config.structure import mend, parse, unknown_key

# Stands for a secret where nobody can decrypt it: a stack file read without Pulumi.
ENCRYPTED = "(encrypted)"
_SUPERVISELY = r"(?:[A-Za-z0-9.:-]+=)?[A-Za-z0-9._~+/-]{16,256}"
_WORDS = f"{_SUPERVISELY}(?:\\s+{_SUPERVISELY})*\\s*"
_WORDS_RULE = (
    "must be tokens of at least 16 letters, digits or any of . _ ~ + / -, each with its name and = before "
    "it, and spaces between"
)
_PASTE = "set it again as its server shows it"
# By key: what a value must be, in words, and how to get one. The first is what an HTTP header takes as a
# bearer token (RFC 6750 §2.1), long enough not to be guessed; passwords go into an env file, a line each.
_SECRETS: dict[str, tuple[str, str, str]] = {
    "sshPrivateKey": (
        r"-----BEGIN (OPENSSH|RSA|EC) PRIVATE KEY-----[\s\S]+-----END \1 PRIVATE KEY-----\s*",
        "must be a private key as ssh-keygen writes it",
        "set it from its file: `< FILE`",
    ),
    "rayToken": (
        r"[A-Za-z0-9._~+/=-]{32,256}",
        "must be 32 to 256 letters, digits or any of . _ ~ + / = -",
        "set another, such as `openssl rand -hex 32` prints",
    ),
    "backendaiAdminPassword": (
        r"[\x21-\x7e]{12,64}",
        "must be 12 to 64 printable characters without spaces",
        "set another, such as `openssl rand -hex 16` prints",
    ),
    # it goes into a file of the agent between quotes
    "backendaiEtcdPassword": (
        r"[\x21\x23-\x26\x28-\x5b\x5d-\x7e]{1,256}",
        "must be printable characters without spaces, quotes and backslashes",
        "set it again as etcd has it",
    ),
    "backendaiApiKeys": (
        r"[A-Za-z0-9]{8,64}:[\x21-\x7e]{16,128}",
        "must be an access key, a colon and a secret key",
        "set it as `<access key>:<secret key>`",
    ),
    "atlasAdminPassword": (
        r"[\x21-\x7e]{12,64}",
        "must be 12 to 64 printable characters without spaces",
        "set another, such as `openssl rand -hex 16` prints",
    ),
    "superviselyApiTokens": (_WORDS, _WORDS_RULE, _PASTE),
    "superviselyAgentTokens": (_WORDS, _WORDS_RULE, _PASTE),
    "superviselyRegistryPassword": (r"[^\s'\"]+", "must be one word without quotes", "set another"),
}


def validate(
    raw: Mapping[str, object],
    secret_keys: Set[str],
    stack: str,
    region: str | None = None,
    other_regions: Mapping[str, str] | None = None,
) -> Config:
    """The model of a stack's configuration.

    `raw` has the project's keys without their namespace; `secret_keys` are those that Pulumi keeps encrypted;
    `region` is the cloud's, where the stack file says it; `other_regions` are those that it says for other
    clouds, by key. Raises ConfigError with all problems at once.
    """
    plain: dict[str, Any] = {
        key: copy.deepcopy(value)
        for key, value in raw.items()
        if key not in SECRET_KEYS and key not in secret_keys
    }
    of_cloud = model_of(plain)
    model = of_cloud or model_on("local", plain)
    problems = [*stack_name_problems(stack), *_secret_problems(raw, secret_keys, model)]
    for key in _hidden(raw, secret_keys, model):
        mend(plain, (key,), model)
    for path, problem in list(plain_secrets(plain)):
        problems.append(problem)
        mend(plain, path, model)
    config, wrong = parse(plain, model, cloud_known=of_cloud is not None)
    problems += wrong
    causes = [problem.path for problem in problems]
    found = [problem for rule in RULES for problem in rule(config)]
    if of_cloud:
        found += cloud_rules(config, region, other_regions or {})
    found += generation_without_effect(config, secret_keys)
    found += secrets_of_other_platforms(config, secret_keys)
    readable = {key: str(raw[key]) for key in SECRET_KEYS if key in secret_keys and raw[key] != ENCRYPTED}
    found += join_secret_problems(config, secret_keys)
    found += way_in(config, secret_keys)
    found += token_problems(config, secret_keys & SECRET_KEYS.keys(), readable)
    problems += [problem for problem in found if not _is_echo(problem, causes)]
    if problems:
        raise ConfigError(stack, problems)
    return config


def _is_echo(problem: Problem, causes: list[str]) -> bool:
    looked_at = (problem.path, *problem.also)
    return any(within(cause, path) or within(path, cause) for cause in causes for path in looked_at)


def _hidden(raw: Mapping[str, object], secret_keys: Set[str], model: type[Config]) -> list[str]:
    """Keys of the model whose values nobody can read."""
    return [key for key in raw if key in secret_keys and key in known_keys((), model)]


def _secret_problems(
    raw: Mapping[str, object], secret_keys: Set[str], model: type[Config]
) -> Iterator[Problem]:
    for key, value in raw.items():
        command = f"`pulumi config set --secret {PROJECT}:{key}`"
        if key in SECRET_KEYS and key not in secret_keys:
            rule = "is a secret in plain text"
            yield Problem(key, HIDDEN, rule, f"choose a new value and set it with {command}")
        elif key in SECRET_KEYS and value != ENCRYPTED and not re.fullmatch(_SECRETS[key][0], str(value)):
            _, rule, remedy = _SECRETS[key]
            yield Problem(key, HIDDEN, rule, f"{remedy}, with {command}")
        elif key in secret_keys and key in known_keys((), model):
            own = ", ".join(f"`{PROJECT}:{name}`" for name in SECRET_KEYS)
            rule = "holds a secret, and one `secure:` inside makes the whole of it secret"
            yield Problem(key, HIDDEN, rule, f"write it in plain text; secrets have keys of their own: {own}")
        elif key in secret_keys and key not in SECRET_KEYS:
            yield unknown_key((key,), HIDDEN, model)
