"""The models seen as tables: which field lies at a path, what it may be, what changing it does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic.fields import FieldInfo

from components.config.base import Change, Model
from components.config.model import Config

Path = Sequence[str | int]


@dataclass(frozen=True)
class Field:
    """A field of a model; `path` has `[]` where a list lies between, as in `cluster.pools[].count`."""

    path: str
    info: FieldInfo
    change: Change
    models: tuple[type[Model], ...]

    @classmethod
    def of(cls, path: str, info: FieldInfo) -> "Field":
        change = next(mark for mark in info.metadata if isinstance(mark, Change))
        return cls(path, info, change, tuple(models_in(info.annotation)))

    @property
    def model(self) -> type[Model] | None:
        """The one whose keys are known there; of several, one per platform, the first."""
        return next(iter(self.models), None)

    @property
    def many(self) -> bool:
        return "tuple[" in str(self.info.annotation)

    @property
    def example(self) -> Any:
        examples: list[Any] = self.info.examples or [None]
        return examples[0]


def models_in(annotation: object) -> Iterator[type[Model]]:
    """The models of `X`, `X | Y`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def keys(model: type[Model]) -> dict[str, FieldInfo]:
    """Fields by the name that they have in a stack file."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def fields(model: type[Model], prefix: str = "") -> Iterator[Field]:
    """Every field, a part after its whole."""
    for key, info in keys(model).items():
        field = Field.of(f"{prefix}{key}", info)
        yield field
        for part in field.models:
            yield from fields(part, f"{field.path}[]." if field.many else f"{field.path}.")


def change_table(model: type[Config]) -> list[tuple[str, Change]]:
    """What changing each value does to a stack that is up; wholes whose parts differ are left out."""
    table = ((field.path, field.change) for field in fields(model) if field.change is not Change.PER_FIELD)
    # platforms may have a setting of the same name
    return list(dict.fromkeys(table))


def field_at(path: Path, root: type[Config]) -> Field | None:
    """The field at a path of a stack file, or that of the list or mapping whose entry lies there."""
    model: type[Model] | None = root
    field: Field | None = None
    for part in path:
        if isinstance(part, int):
            # of a list whose entries differ, the entry's own
            if field and field.many and part < len(field.models):
                model = field.models[part]
            continue
        info = keys(model).get(part) if model else None
        if info is None:
            is_entry = field is not None and "dict[" in str(field.info.annotation)
            return field if is_entry else None
        field = Field.of(part, info)
        model = field.model
    return field


def model_at(path: Path, root: type[Config]) -> type[Model] | None:
    """The model whose keys a stack file may have below a path."""
    return root if not path else cast(type[Model] | None, getattr(field_at(path, root), "model", None))


def known_keys(path: Path, root: type[Config]) -> list[str]:
    model = model_at(path, root)
    return list(keys(model)) if model else []
