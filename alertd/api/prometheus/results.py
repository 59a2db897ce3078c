"""The result of an evaluation as Prometheus prints it: numbers as texts, instants in seconds."""

from __future__ import annotations

from typing import Any

import msgspec

from alertd.api.prometheus.shapes import seconds
from alertd.clock import SECOND
from alertd.gotemplate.gofloat import format_float
from alertd.promql import Evaluation, Matrix, Scalar, Series, String, Vector
from alertd.promql.histogram import Bucket, FloatHistogram, all_buckets
from alertd.promql.values import Sample

_SMALLEST_PLAIN = 1e-6
_LARGEST_PLAIN = 1e21
TRUNCATED = "results truncated due to limit"


def result_of(evaluation: Evaluation, limit: int) -> tuple[dict[str, Any], bool]:
    """`resultType` and `result`, at most `limit` series of them (0: all), and whether any were left out."""
    value = evaluation.value
    match value:
        case Scalar():
            return {"resultType": "scalar", "result": [seconds(value.at), number(value.value)]}, False
        case String():
            return {"resultType": "string", "result": [seconds(value.at), value.value]}, False
        case Vector():
            kind, result = "vector", [_sample(sample) for sample in _first(value, limit)]
        case Matrix():
            ordered = sorted(value, key=lambda series: sorted(series.labels.items()))
            kind, result = "matrix", [_series(series) for series in _first(ordered, limit)]
    return {"resultType": kind, "result": result}, bool(limit) and len(value) > limit


def number(value: float) -> str:
    """The shortest digits; an exponent for what is very small or very large."""
    size = abs(value)
    plain = not size or _SMALLEST_PLAIN <= size < _LARGEST_PLAIN
    return format_float(value, "f" if plain else "e")


def _first(members: Any, limit: int) -> Any:
    return members[:limit] if limit else members


def _at(instant: int) -> msgspec.Raw:
    """Seconds of a sample: whole ones without a fraction, others with three digits."""
    sign = "-" if instant < 0 else ""
    whole, rest = divmod(abs(instant), SECOND)
    return msgspec.Raw(f"{sign}{whole}.{rest:03d}".encode() if rest else f"{sign}{whole}".encode())


def _sample(sample: Sample) -> dict[str, Any]:
    if sample.histogram is not None:
        return {"metric": sample.labels, "histogram": [_at(sample.at), _histogram(sample.histogram)]}
    return {"metric": sample.labels, "value": [_at(sample.at), number(sample.value)]}


def _series(series: Series) -> dict[str, Any]:
    shown: dict[str, Any] = {"metric": dict(series.labels)}
    if series.times:
        shown["values"] = [[_at(at), number(value)] for at, value in zip(series.times, series.values, strict=True)]
    if series.histogram_times:
        pairs = zip(series.histogram_times, series.histograms, strict=True)
        shown["histograms"] = [[_at(at), _histogram(histogram)] for at, histogram in pairs]
    return shown


def _histogram(histogram: FloatHistogram) -> dict[str, Any]:
    shown: dict[str, Any] = {"count": number(histogram.count), "sum": number(histogram.sum)}
    buckets = [_bucket(bucket) for bucket in all_buckets(histogram) if bucket.count]
    if buckets:
        shown["buckets"] = buckets
    return shown


def _bucket(bucket: Bucket) -> list[Any]:
    """The rule of the bounds (0: open on the left, 1: on the right, 2: on both sides, 3: on none), bounds and count."""
    rules = {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}
    rule = rules[bucket.lower_inclusive, bucket.upper_inclusive]
    return [rule, number(bucket.lower), number(bucket.upper), number(bucket.count)]
