"""Faces of a cloud are imported when asked for: operators' commands need `operate` alone, without Pulumi."""

import importlib
from collections.abc import Callable, Mapping


def imported_when_asked(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """A package's `__getattr__`; `modules` says by face in which module it is."""

    def face(name: str) -> object:
        if name not in modules:
            raise AttributeError(name)
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    return face
