"""What an evaluation gives, and the options it takes. All instants are milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from alertd.promql.histogram import FloatHistogram
from alertd.promql.storage import Series


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    `lookback` and `default_subquery_step` are milliseconds. `delayed_name_removal` keeps `__name__` through functions
    and drops it at the end, so that `label_replace` may still save it. `type_and_unit_labels` reads `__type__` to tell
    counters, `start_timestamps` lets functions of counters see since when samples count (Prometheus' feature flags of
    those names).
    `max_samples` bounds the samples that one evaluation may hold in memory at once. `expired` is asked from time to
    time; when it answers True the evaluation ends with EvaluationTimeout.
    """

    lookback: int = 300_000
    max_samples: int = 50_000_000
    delayed_name_removal: bool = False
    type_and_unit_labels: bool = False
    start_timestamps: bool = False
    default_subquery_step: int = 60_000
    expired: Callable[[], bool] | None = None


@dataclass(slots=True)
class Sample:
    """One element of an instant vector; `labels` include `__name__` where it was kept.

    An element that is a native histogram has the `value` NaN.
    """

    labels: dict[str, str]
    value: float
    at: int
    histogram: FloatHistogram | None = None


class Vector(list[Sample]):
    """An instant vector."""


class Matrix(list[Series]):
    """A range vector."""


@dataclass(frozen=True, slots=True)
class Scalar:
    value: float
    at: int


@dataclass(frozen=True, slots=True)
class String:
    value: str
    at: int


Value: TypeAlias = Vector | Matrix | Scalar | String


@dataclass(slots=True)
class Evaluation:
    """A value and what was noticed on the way.

    `warnings` and `infos` are texts with the place they speak of, `samples_read` counts samples taken from storage.
    """

    value: Value
    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)
    samples_read: int = 0
