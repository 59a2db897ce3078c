"""Results as Prometheus' query API shows them: dicts, lists, strings and numbers, ready for a JSON encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from alertd.promql.histogram import Bucket, FloatHistogram, all_buckets
from alertd.promql.storage import Series
from alertd.promql.values import Matrix, Sample, Scalar, String, Value, Vector

ResultType: TypeAlias = Literal["scalar", "string", "vector", "matrix"]

_SMALLEST_PLAIN: Final = 1e-6
_LARGEST_PLAIN: Final = 1e21


def result_data(value: Value) -> dict[str, Any]:
    """Return the `data` member of an answer to `query` or `query_range`: `resultType` and `result`.

    Values are strings, timestamps are seconds. The order of series is that of `value`.
    """
    if isinstance(value, Scalar):
        return _data("scalar", [timestamp(value.at), format_value(value.value)])
    if isinstance(value, String):
        return _data("string", [timestamp(value.at), value.value])
    if isinstance(value, Vector):
        return _data("vector", [_sample(sample) for sample in value])
    if isinstance(value, Matrix):
        return _data("matrix", [_series(series) for series in value])
    raise TypeError(f"not a value of PromQL: {value!r}")


def _data(kind: ResultType, result: list[Any]) -> dict[str, Any]:
    return {"resultType": kind, "result": result}


def _sample(sample: Sample) -> dict[str, Any]:
    shown: dict[str, Any] = {"metric": dict(sample.labels)}
    if sample.histogram is None:
        shown["value"] = [timestamp(sample.at), format_value(sample.value)]
    else:
        shown["histogram"] = [timestamp(sample.at), histogram_data(sample.histogram)]
    return shown


def _series(series: Series) -> dict[str, Any]:
    shown: dict[str, Any] = {"metric": dict(series.labels)}
    if series.times:
        shown["values"] = _points(series.times, map(format_value, series.values))
    if series.histogram_times:
        shown["histograms"] = _points(series.histogram_times, map(histogram_data, series.histograms))
    return shown


def _points(times: Sequence[int], values: Iterable[object]) -> list[list[object]]:
    return [[timestamp(at), value] for at, value in zip(times, values, strict=True)]


def histogram_data(histogram: FloatHistogram) -> dict[str, Any]:
    """Return a native histogram: `count`, `sum` and `[boundaries, lower, upper, count]` of each populated bucket.

    `boundaries` says which bounds are in the bucket: 0 the upper, 1 the lower, 2 none, 3 both.
    """
    shown: Mapping[str, Any] = {"count": format_value(histogram.count), "sum": format_value(histogram.sum)}
    buckets = [
        [_boundaries(bucket), *map(format_value, (bucket.lower, bucket.upper, bucket.count))]
        for bucket in all_buckets(histogram)
        if bucket.count
    ]
    return {**shown, "buckets": buckets} if buckets else dict(shown)


def _boundaries(bucket: Bucket) -> int:
    if bucket.lower_inclusive:
        return 3 if bucket.upper_inclusive else 1
    return 0 if bucket.upper_inclusive else 2


def timestamp(milliseconds: int) -> int | float:
    """Return an instant in seconds, a whole number where it is one."""
    seconds, rest = divmod(milliseconds, 1000)
    return milliseconds / 1000 if rest else seconds


def format_value(value: float) -> str:
    """Return a sample value: shortest digits, with an exponent only below 1e-6 and from 1e21 on."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text and _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        text = f"{Decimal(text):f}"
    return text.removesuffix(".0")
