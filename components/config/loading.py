"""The only reader of pulumi.Config."""

from collections.abc import Mapping

import pulumi
from pulumi.runtime import config as engine

from components.config.model import SECRET_KEYS, Config
from components.config.problems import ConfigError
from components.config.stack_file import decoded, other_regions, region_of
from components.config.supervisely_tokens import tokens
from components.config.validation import validate

Secrets = Mapping[str, pulumi.Output[str] | None]


def load() -> tuple[Config, Secrets]:
    """The configuration of the stack that is being run, and the secrets that the team gave, by key; a token
    of several in one key by the key, a slash and what it is for.

    Raises pulumi.RunError with one report of all problems, before any resource is declared.
    """
    namespace = f"{pulumi.get_project()}:"
    values: dict[str, str] = engine.CONFIG.get() or engine.get_config_env()
    own = {key.removeprefix(namespace): value for key, value in values.items() if key.startswith(namespace)}
    secret_keys = {key for key in own if engine.is_config_secret(f"{namespace}{key}")}
    raw = {key: decoded(key, value) for key, value in own.items()}
    try:
        cloud = raw.get("cloud")
        region, others = region_of(cloud, values), other_regions(cloud, values)
        config = validate(raw, secret_keys, pulumi.get_stack(), region, others)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    given = pulumi.Config()
    return config, {
        **{key: given.get_secret(key) for key in SECRET_KEYS},
        **{label: pulumi.Output.secret(token) for label, token in tokens(config, own).items()},
    }
