"""What pydantic finds, in words for the user; and how to go on behind an error, to find the next ones."""

import copy
import json
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.config.fields import Field, Path, field_at, known_keys, model_at
from components.config.model import CLOUDS, SECRET_KEYS, Config
from components.config.plain_secrets import is_secret_name
from components.config.problems import HIDDEN, PROJECT, Problem, path_of, show, within

# With a wrong cloud or platform nobody can say which keys belong below these.
_OF_THE_CLOUD = ("cluster.master", "cluster.pools", "gpuVms")
_PRESENCE = ("missing", "extra_forbidden")

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "`true` or `false`",
    "tuple": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}
_LIMITS = {
    "greater_than": ("must be more than", "gt"),
    "greater_than_equal": ("must be at least", "ge"),
    "less_than": ("must be less than", "lt"),
    "less_than_equal": ("must be at most", "le"),
}


def parse(
    raw: dict[str, Any], model: type[Config], *, cloud_known: bool = True
) -> tuple[Config, list[Problem]]:
    """The values of `raw` as a `model`, and every problem of its structure.

    What is wrong is replaced in `raw` by a default or an example, so that the rest can be checked too. Where
    the cloud is not known, nothing is said of keys that another cloud may have.
    """
    problems: list[Problem] = []
    while True:
        try:
            return model.model_validate_json(json.dumps(raw), by_alias=True, by_name=False), problems
        except ValidationError as wrong:
            errors = [error for error in wrong.errors(include_url=False) if not _is_echo(error)]
            wrong_paths = [path_of(error["loc"]) for error in errors]
            problems += [
                _problem(error, model)
                for error in errors
                if not _is_undecided(error, wrong_paths, cloud_known=cloud_known)
            ]
            for error in errors:
                mend(raw, error["loc"], model)


def mend(raw: dict[str, Any], path: Path, model: type[Config]) -> None:
    """Takes out what lies at `path`, or puts an example there where something must be."""
    *parents, last = path
    place: Any = raw
    for part in parents:
        place = place[part]
    field = field_at(path, model)
    if isinstance(last, int):
        place[last] = copy.deepcopy(field.example[0]) if field else None
    elif field is None or field_at(parents, model) == field or not field.info.is_required():
        place.pop(last, None)
    else:
        place[last] = copy.deepcopy(field.example)


def nearest(key: str, path: Path, model: type[Config]) -> str | None:
    """The known key below `path` that `key` was probably meant to be."""
    known = known_keys(path, model) + ([] if path else list(SECRET_KEYS))
    same = [name for name in known if name.lower() == key.lower().replace("_", "").replace("-", "")]
    return next(iter(same or get_close_matches(key, known, 1)), None)


def unknown_key(path: Path, value: object, model: type[Config]) -> Problem:
    *parents, last = path
    key = str(last)
    here = model_at(parents, model)
    elsewhere = here.ELSEWHERE.get(key) if here else None
    meant = nearest(key, parents, model)
    # A text at a key that nobody knows may be anything; at a misspelled one it is what belongs there.
    unclear = is_secret_name(key) or (meant is None and isinstance(value, str))
    named = is_secret_name(key) and isinstance(value, str)
    is_secret = meant in SECRET_KEYS or named or (unclear and elsewhere is None)
    known = ", ".join(f"`{name}`" for name in known_keys(parents, model))
    remedy = elsewhere or (f"did you mean `{meant}`?" if meant else f"known here are {known}")
    return Problem(path_of(path), HIDDEN if is_secret else show(value), "is not a known key", remedy)


def _is_echo(error: ErrorDetails) -> bool:
    """A list without its wrong items may be too short for pydantic; the items are reported."""
    return error["type"] == "too_short" and len(error["input"]) >= error.get("ctx", {})["min_length"]


def _is_undecided(error: ErrorDetails, wrong_paths: list[str], *, cloud_known: bool) -> bool:
    path = path_of(error["loc"])
    below = [] if cloud_known else [*_OF_THE_CLOUD]
    below += [f"{wrong[: -len('platform')]}settings" for wrong in wrong_paths if wrong.endswith(".platform")]
    if error["type"] in _PRESENCE and any(within(path, place) for place in below):
        return True
    is_unknown = error["type"] == "extra_forbidden" and not cloud_known
    return is_unknown and any(field_at(error["loc"], model) for model in CLOUDS.values())


def _problem(error: ErrorDetails, model: type[Config]) -> Problem:
    path, value, kind = error["loc"], error["input"], error["type"]
    if kind == "extra_forbidden":
        return unknown_key(path, value, model)
    field = field_at(path, model)
    example = _example(path, field)
    context = error.get("ctx", {})
    if kind == "missing":
        return Problem(path_of(path), "", "is required", f"add it, such as {example}")
    if value is None or value == "":
        out = "" if field and field.info.is_required() else "take the key out, or "
        rule, remedy = "is empty", f"{out}give it a value, such as {example}"
    elif kind == "refused":
        rule, remedy = context["rule"], context["remedy"]
    elif kind == "literal_error":
        rule, remedy = _choice(path, value, context["expected"])
    elif kind in _LIMITS:
        words, name = _LIMITS[kind]
        rule, remedy = (
            f"{words} {show(context[name])}",
            f"write a number in that range, such as {example}",
        )
    elif kind in ("too_long", "too_short"):
        rule, remedy = (
            f"must not have more than {context.get('max_length')}",
            f"it has {len(value)}; take some out",
        )
        if kind == "too_short":
            rule, remedy = "must not be empty", f"write it like {example}"
    else:
        what = next((words for word, words in _KINDS.items() if kind.startswith(word)), error["msg"])
        rule, remedy = f"must be {what}", _retype(value, what) or f"write it like {example}"
    return Problem(path_of(path), show(value), rule, remedy)


def _choice(path: Path, value: object, expected: str) -> tuple[str, str]:
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    if path == ("cloud",):
        choices = list(CLOUDS)
    meant = get_close_matches(str(value), choices, 1)
    listed = ", ".join(f"`{choice}`" for choice in choices)
    if path_of(path) in ("cloud", "cluster.platform"):
        return "is not available", f"write one of: {listed}"
    return f"must be one of {listed}", f"did you mean `{meant[0]}`?" if meant else "write one of them"


def _retype(value: object, what: str) -> str | None:
    if isinstance(value, str) and what != "text" and value.replace(".", "", 1).isdigit():
        return "write the number without quotes"
    if isinstance(value, int | float) and what == "text":
        return "write it in quotes, or YAML reads it as a number"
    return None


def _example(path: Path, field: Field | None) -> str:
    example = field.example if field else None
    if isinstance(path[-1], int) and example is not None:
        example = example[0]
    text = json.dumps(example) if isinstance(example, list | dict | bool) else str(example)
    if isinstance(path[-1], int):
        return f"`{text}`"
    return f"`{PROJECT}:{path[-1]}: {text}`" if len(path) == 1 else f"`{path[-1]}: {text}`"
