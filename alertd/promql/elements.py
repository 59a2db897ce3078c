"""The evaluator's own values: vector elements and sample windows that may still have to lose their name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from alertd.promql.ast import Extension
from alertd.promql.errors import EvaluationError
from alertd.promql.histogram import FloatHistogram
from alertd.promql.matchers import METRIC_NAME

Labels: TypeAlias = Mapping[str, str]
LabelKey: TypeAlias = frozenset[tuple[str, str]]

TYPE_LABEL: Final = "__type__"
UNIT_LABEL: Final = "__unit__"


@dataclass(slots=True)
class Element:
    """One series of an instant vector: a number, or a native histogram (then `value` says nothing).

    `drop_name`: its `__name__` is on the way out, but not yet removed.
    """

    labels: Labels
    value: float
    drop_name: bool = False
    histogram: FloatHistogram | None = None


@dataclass(slots=True)
class Window:
    """One series of a range vector, stale markers left out: its numbers, and its native histograms.

    `starts` and `histogram_starts` are as in Series: since when each sample counts, empty when that is not known.
    """

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]
    drop_name: bool = False
    histogram_times: Sequence[int] = ()
    histograms: Sequence[FloatHistogram] = ()
    starts: Sequence[int] = ()
    histogram_starts: Sequence[int] = ()


@dataclass(slots=True)
class RangeVector:
    """The windows of `(start, end]` (milliseconds); windows without samples are left out.

    With an `extension` the windows also have samples from beyond the range, which its ends are made from.
    """

    start: int
    end: int
    windows: list[Window]
    extension: Extension = ""


def key_of(labels: Labels) -> LabelKey:
    """Return a hashable identity of a label set."""
    return frozenset(labels.items())


def without_name(labels: Labels) -> Labels:
    """Return the labels without the name, and without what only describes it: its type and its unit."""
    if METRIC_NAME not in labels and not _is_described(labels):
        return labels
    kept = dict(labels)
    kept.pop(METRIC_NAME, None)
    if _is_described(kept):
        kept.pop(TYPE_LABEL, None)
        kept.pop(UNIT_LABEL, None)
    return kept


def _is_described(labels: Labels) -> bool:
    return TYPE_LABEL in labels or UNIT_LABEL in labels


def drop_names(elements: list[Element]) -> list[Element]:
    """Remove the names that are to be dropped; two elements may not become one.

    Raises EvaluationError when they do.
    """
    names: set[str] = set()
    described = False
    for element in elements:
        labels = element.labels
        names.add(labels.get(METRIC_NAME, ""))
        if element.drop_name:
            described = described or _is_described(labels)
            element.labels = without_name(labels)
            element.drop_name = False
    if len(names) > 1 or described:
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
