"""Secrets that someone wrote into a stack file in plain text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from components.config.problems import HIDDEN, Problem, path_of

# Prefixes that vendors document so that scanners find leaked keys.
_ACCESS_KEY = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bLTAI[0-9A-Za-z]{12,20}\b"
    r"|\bgh[pousr]_[0-9A-Za-z]{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"
    r"|\bpul-[0-9a-f]{40}\b|\bhf_[0-9A-Za-z]{30,}|\bpypi-[\w-]{50,}|\bxox[abp]-[\w-]{10,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}"
)
_URL_PASSWORD = re.compile(r"https?://[^/\s@]+@|://[^/\s@:]*:[^/\s@]+@")
_SECRET_NAME = re.compile(r"token|pass|secret|credential|private|apikey|accesskey", re.IGNORECASE)


def plain_secrets(raw: Mapping[str, object]) -> Iterator[tuple[tuple[str | int, ...], Problem]]:
    """Every text that is a secret by its looks, with where it lies."""
    for path, text in _texts(raw, ()):
        for kind, remedy in _kinds(text):
            rule = f"is or holds {kind} in plain text"
            yield path, Problem(path_of(path), HIDDEN, rule, remedy)


def is_secret_name(key: str) -> bool:
    return bool(_SECRET_NAME.search(key))


def _kinds(text: str) -> Iterator[tuple[str, str]]:
    if "PRIVATE KEY-----" in text:
        yield (
            "a private key",
            "paste the public half, the `.pub` file, and make a new pair: this one must be taken as known",
        )
    elif _URL_PASSWORD.search(text):
        yield (
            "a user name or password in a URL",
            "use an address that asks for none in your network, and change this password",
        )
    elif _ACCESS_KEY.search(text):
        yield "an access key", "take it out, and revoke it where it was issued"


def _texts(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in cast(Mapping[str, object], value).items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, Sequence):
        for index, item in enumerate(cast(Sequence[object], value)):
            yield from _texts(item, (*path, index))
