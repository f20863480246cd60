"""The JSON Schema of a whole stack file, so that an editor completes and checks it."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from components.config.base import Change, Model
from components.config.fields import Field, fields, keys
from components.config.model import SECRET_KEYS, Config
from components.config.problems import PROJECT


def stack_schema() -> dict[str, Any]:
    """JSON Schema (draft 7, which editors know best) made from the model."""
    schema = Config.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
    definitions: dict[str, Any] = schema.pop("$defs")
    _say_what_changes(Config, schema)
    for model in {field.model for field in fields() if field.model}:
        _say_what_changes(model, definitions[model.__name__])
    own = {f"{PROJECT}:{key}": value for key, value in schema["properties"].items()}
    own |= {f"{PROJECT}:{key}": _secret(text) for key, text in SECRET_KEYS.items()}
    known = "|".join((*schema["properties"], *SECRET_KEYS))
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
                "properties": own,
                "patternProperties": {f"^{PROJECT}:(?!(?:{known})$)": False},
                "required": [f"{PROJECT}:{key}" for key in schema["required"]],
            },
            "encryptionsalt": text,
            "encryptedkey": text,
            "secretsprovider": text,
            "environment": {},
        },
        "$defs": definitions,
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
