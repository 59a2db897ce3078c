"""The evaluator's own values: vector elements and sample windows that may still have to lose their name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alertd.promql.errors import EvaluationError
from alertd.promql.matchers import METRIC_NAME

Labels: TypeAlias = Mapping[str, str]
LabelKey: TypeAlias = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Element:
    """One series of an instant vector. `drop_name`: its `__name__` is on the way out, but not yet removed."""

    labels: Labels
    value: float
    drop_name: bool = False


@dataclass(slots=True)
class Window:
    """One series of a range vector, stale markers left out."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]
    drop_name: bool = False


@dataclass(slots=True)
class RangeVector:
    """The windows of `(start, end]` (milliseconds); windows without samples are left out."""

    start: int
    end: int
    windows: list[Window]


def key_of(labels: Labels) -> LabelKey:
    """Return a hashable identity of a label set."""
    return frozenset(labels.items())


def without_name(labels: Labels) -> Labels:
    if METRIC_NAME not in labels:
        return labels
    rest = dict(labels)
    del rest[METRIC_NAME]
    return rest


def drop_names(elements: list[Element]) -> list[Element]:
    """Remove the names that are to be dropped; two elements may not become one.

    Raises EvaluationError when they do.
    """
    names: set[str] = set()
    for element in elements:
        names.add(element.labels.get(METRIC_NAME, ""))
        if element.drop_name:
            element.labels = without_name(element.labels)
            element.drop_name = False
    if len(names) > 1:
        check_unique(element.labels for element in elements)
    return elements


def check_unique(label_sets: Iterable[Labels]) -> None:
    """Raise EvaluationError when a label set comes twice."""
    seen: set[LabelKey] = set()
    for labels in label_sets:
        key = key_of(labels)
        if key in seen:
            raise EvaluationError("vector cannot contain metrics with the same labelset")
        seen.add(key)
