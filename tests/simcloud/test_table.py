"""The tables against the providers' own SDKs, and against themselves."""

import importlib
import inspect
import re
import warnings

import pytest

from tests.simcloud import catalogue
from tests.simcloud.kind import Kind

CLOUDS = ("aws", "alicloud")
KINDS = [kind for cloud in CLOUDS for kind in catalogue.kinds(cloud).values()]


def name_of(kind: Kind) -> str:
    return f"{kind.cloud}-{kind.name}"


# The AWS provider's many ways to say that a changed input makes a new resource; Alibaba's texts seldom do.
FORCES = re.compile(
    r"forces? (?:a )?new resource|forces? (?:the )?(?:creation|replacement)"
    r"|will (?:force|cause) .{0,30}replace|changing this (?:creates|forces|will create)|destroy and recreate",
    re.IGNORECASE,
)
# Said of these, and not so: in place by default, or of another input than the text stands at.
NOT_SO = {
    # only with userDataReplaceOnChange, which the provider's differences know
    ("aws-instance", "userData"),
    ("aws-instance", "userDataBase64"),
    ("aws-instance", "userDataReplaceOnChange"),
}


def texts(kind: Kind) -> dict[str, str]:
    """What the SDK says of each input."""
    of = catalogue.arguments(kind.token)
    assert of is not None, f"the SDK has no {kind.token}"
    from pulumi import _types as sdk

    names = sdk.input_type_py_to_pulumi_names(of)
    return {wire: inspect.getdoc(getattr(of, python)) or "" for python, wire in names.items()}


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_what_the_sdk_says_replaces_does(kind: Kind) -> None:
    said = {name for name, text in texts(kind).items() if FORCES.search(text)}
    missing = {name for name in said if not kind.replaces_at(name) and (name_of(kind), name) not in NOT_SO}
    assert not missing


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_every_input_that_the_table_names_is_one(kind: Kind) -> None:
    of = catalogue.arguments(kind.token)
    assert of is not None
    known = set(catalogue.properties(of))
    named = [*kind.replaces, *kind.defaults, *kind.refers, *kind.holds, *([kind.named] if kind.named else [])]
    assert {name.partition(".")[0] for name in named} <= known


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_every_output_that_the_table_makes_is_one(kind: Kind) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module, _, name = catalogue.modules(kind.cloud)[kind.token].partition(":")
        resource = getattr(importlib.import_module(module), name)
    outputs = {
        getattr(member.fget, "_pulumi_name", key)
        for key, member in inspect.getmembers(resource, lambda member: isinstance(member, property))
    }
    assert set(kind.computed) <= outputs


def test_what_is_referred_to_is_in_the_table() -> None:
    for cloud in CLOUDS:
        known = catalogue.kinds(cloud)
        assert {target for kind in known.values() for target in kind.refers.values()} <= set(known)


def test_an_argument_that_does_not_exist_is_found_at_any_depth() -> None:
    found = catalogue.unknown(
        "aws:ec2/instance:Instance",
        {"ami": "a", "sise": 1, "rootBlockDevice": {"volumeSiz": 1}, "networkInterfaces": [{"devise": 0}]},
    )
    assert found == ["sise", "rootBlockDevice.volumeSiz", "networkInterfaces[0].devise"]


def test_what_must_be_given_is_known() -> None:
    assert catalogue.required("aws:efs/mountTarget:MountTarget") == ["fileSystemId", "subnetId"]
