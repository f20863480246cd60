"""The JSON Schema of a whole stack file, so that an editor completes and checks it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from components.config.base import Change, Model
from components.config.common import SETTINGS
from components.config.fields import Field, fields, keys
from components.config.gpu_vms import VM_SETTINGS
from components.config.model import CLOUDS, CLUSTERS, MACHINES, SECRET_KEYS
from components.config.problems import PROJECT


def stack_schema() -> dict[str, Any]:
    """JSON Schema (draft 7, which editors know best) made from the models: one branch per cloud."""
    definitions: dict[str, Any] = {}
    clouds: dict[str, dict[str, Any]] = {}
    for cloud, model in CLOUDS.items():
        schema = model.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
        definitions |= schema.pop("$defs")
        _say_what_changes(model, schema)
        clouds[cloud] = schema
    for model in {part for root in CLOUDS.values() for field in fields(root) for part in field.models}:
        _say_what_changes(model, definitions[model.__name__])
    for models, kinds in ((CLUSTERS, SETTINGS), (MACHINES, VM_SETTINGS)):
        for model in models.values():
            definitions[model.__name__]["allOf"] = [_of_platform(*each) for each in kinds.items()]
    cloud_key = {"description": "Where machines come from.", "enum": list(CLOUDS)}
    text = {"type": "string"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Stack file of agent-fleet",
        "description": "Made by `python -m components.config`; do not edit.",
        "type": "object",
        "additionalProperties": False,
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{PROJECT}:cloud": cloud_key}
                | {f"{PROJECT}:{key}": _secret(text) for key, text in SECRET_KEYS.items()},
                "required": [f"{PROJECT}:cloud"],
                "allOf": [_branch(cloud, schema) for cloud, schema in clouds.items()],
            },
            "encryptionsalt": text,
            "encryptedkey": text,
            "secretsprovider": text,
            "environment": {},
        },
        "$defs": definitions,
    }


def _branch(cloud: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What holds for a file that names this cloud."""
    known = "|".join((*schema["properties"], *SECRET_KEYS))
    return {
        "if": {"properties": {f"{PROJECT}:cloud": {"const": cloud}}},
        "then": {
            "properties": {f"{PROJECT}:{key}": value for key, value in schema["properties"].items()},
            "patternProperties": {f"^{PROJECT}:(?!(?:{known})$)": False},
            "required": [f"{PROJECT}:{key}" for key in schema["required"]],
        },
    }


def _of_platform(platform: str, settings: type[Model]) -> dict[str, Any]:
    """What holds for a cluster or a GPU VM of this platform."""
    return {
        "if": {"properties": {"platform": {"const": platform}}},
        "then": {"properties": {"settings": {"$ref": f"#/$defs/{settings.__name__}"}}},
    }


class _WithoutTitles(GenerateJsonSchema):
    """Pydantic's titles repeat the keys, spelled wrongly (`Memorygib`)."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - the base's signature
        return False


def _say_what_changes(model: type[Model], schema: dict[str, Any]) -> None:
    for key, info in keys(model).items():
        change = Field.of(key, info).change
        if change is not Change.PER_FIELD:
            schema["properties"][key]["description"] = f"{info.description} A change: {change.value}."


def _secret(description: str) -> dict[str, Any]:
    return {
        "description": f"{description} Set it with `pulumi config set --secret`.",
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
    }
