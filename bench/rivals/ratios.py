"""How long methods took, as multiples of another. Pure."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any


def ratios(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Of the first run's wall seconds, by method, as multiples of the first method's.

    Of a method that ran several times, the mean: a computer that gets slower is slower for the first method
    too, if that runs again at the end.
    """
    took: dict[str, list[float]] = {}
    for one in results:
        took.setdefault(one["method"], []).append(one["first"]["seconds"])
    base, *others = took
    return {method: mean(took[method]) / mean(took[base]) for method in others}
