"""The model as data: what its tables, its schema and its documentation say of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from components.config.__main__ import PAGE, SCHEMA, schema_text
from components.config.base import Change
from components.config.docs import with_tables
from components.config.fields import change_table, fields
from components.config.local import LocalPool
from components.config.model import CLOUDS, Config, LocalConfig
from components.config.problems import ConfigError
from components.config.rules_ray import constraints
from components.config.settings_ray import RaySettings
from components.config.stack_file import read_stack_file
from components.config.validation import validate

GOOD = Path(__file__).parents[1] / "stackfiles" / "good"
EVERYTHING = read_stack_file(GOOD / "everything.yaml").values


def test_the_json_schema_in_the_tree_is_true() -> None:
    assert SCHEMA.read_text() == schema_text(), "run `python -m components.config`"


def test_the_tables_in_the_documentation_are_true() -> None:
    page = PAGE.read_text()

    assert page == with_tables(page), "run `python -m components.config`"


@pytest.mark.parametrize(
    "field", [field for model in CLOUDS.values() for field in fields(model)], ids=lambda field: field.path
)
def test_every_field_says_what_it_is_and_shows_an_example(field: Any) -> None:
    assert field.info.description.endswith((".", "/simple"))
    assert field.example is not None
    assert field.change in Change


@pytest.mark.parametrize("model", CLOUDS.values(), ids=CLOUDS)
def test_every_value_has_its_effect_once(model: type[Config]) -> None:
    table = dict(change_table(model))

    assert len(table) == len(change_table(model))


def test_the_table_says_what_a_change_does() -> None:
    table = dict(change_table(LocalConfig))
    assert table["storage.mountPath"] is Change.ALL_MACHINES
    assert table["cluster.pools[].memoryGiB"] is Change.MACHINE
    assert table["cluster.settings.pipPackages"] is Change.IN_PLACE
    assert "cluster.master" not in table, "its parts differ"


def test_nothing_can_be_changed_after_loading() -> None:
    config = validate(EVERYTHING, set(), "dev")

    with pytest.raises(ValidationError, match="frozen"):
        config.team = "other"  # pyright: ignore


def test_a_python_name_is_no_key_of_a_stack_file() -> None:
    raw = copy.deepcopy(EVERYTHING)
    raw["key_generations"] = raw.pop("keyGenerations")

    with pytest.raises(ConfigError, match="did you mean `keyGenerations`"):
        validate(raw, set(), "dev")


def test_programs_make_models_by_python_names() -> None:
    by_key = LocalPool(name="workers", count=1, cpus=1, memoryGiB=2)  # pyright: ignore
    assert LocalPool(name="workers", count=1, cpus=1, memory_gib=2) == by_key


def test_eo_grow_brings_its_known_good_neighbours() -> None:
    assert constraints(RaySettings(pip_packages=("eo_grow==1.7.15",))) == (
        "setuptools<81",
        "pandas<3",
        "pydantic<2",
        "ray==2.55.1",
    )


def test_without_eo_grow_only_ray_is_pinned() -> None:
    assert constraints(RaySettings(ray_version="2.60.0", pip_packages=("requests",))) == ("ray==2.60.0",)


def test_validating_leaves_what_it_was_given_alone() -> None:
    raw = copy.deepcopy(EVERYTHING)
    raw["cluster"]["pools"][0]["cout"] = 3  # pyright: ignore
    before = copy.deepcopy(raw)

    with pytest.raises(ConfigError):
        validate(raw, set(), "dev")

    assert raw == before


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for key, item in inner for leaf in _leaves(item, (*path, key)))]


ON_AWS = read_stack_file(GOOD / "aws-fixed-and-elastic.yaml").values
SECRET = {"superviselyApiTokens"}
ON_ALICLOUD = read_stack_file(GOOD / "alicloud-gpu-vms-beside-a-cluster.yaml").values
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("file", [EVERYTHING, ON_AWS, ON_ALICLOUD], ids=["local", "aws", "alicloud"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_the_file_the_answer_is_a_model_or_a_report(
    file: Any, data: st.DataObject
) -> None:
    raw: Any = json.loads(json.dumps(file))
    changes = st.lists(st.tuples(st.sampled_from(_leaves(file)[1:]), JSON), min_size=1, max_size=4)
    for path, value in data.draw(changes):
        place = raw
        try:
            for part in path[:-1]:
                place = place[part]
            place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue

    try:
        assert isinstance(validate(raw, SECRET & raw.keys(), "dev"), Config)
    except ConfigError as refused:
        assert refused.problems  # noqa: PT017 - either answer is right
