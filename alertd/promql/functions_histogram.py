"""Functions of classic histograms: series with a label `le` that count observations up to that bound.

Functions that exist for native histograms alone ignore every float sample, as they do in Prometheus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from alertd.promql.ast import Call, Expr
from alertd.promql.elements import Element, LabelKey, Labels
from alertd.promql.floats import INF, NAN, almost_equal
from alertd.promql.functiontypes import FunctionTable
from alertd.promql.matchers import METRIC_NAME
from alertd.promql.numbers import parse_go_float
from alertd.promql.printer import format_number
from alertd.promql.quoting import quote

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

BUCKET_LABEL: Final = "le"
_SMALL_DELTA: Final = 1e-12


@dataclass(slots=True)
class Bucket:
    """`count` observations were at most `bound`."""

    bound: float
    count: float


@dataclass(slots=True)
class _Histogram:
    labels: Labels
    name: str
    buckets: list[Bucket] = field(default_factory=list)


def _quantile(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    q = evaluator.scalar(call.args[0], at)
    argument = call.args[1]
    if not 0 <= q <= 1:
        evaluator.warn(call.args[0], f"quantile value should be between 0 and 1, got {format_number(q)}")
    result: list[Element] = []
    for histogram in _histograms(evaluator, argument, at):
        value, repaired = bucket_quantile(q, histogram.buckets)
        if repaired:
            named = f" for metric name {quote(histogram.name)}" if histogram.name else ""
            evaluator.inform(
                argument,
                "input to histogram_quantile needed to be fixed for monotonicity (see"
                f" https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile){named}",
            )
        result.append(Element(histogram.labels, value, True))
    return evaluator.settle(result)


def _fraction(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    lower, upper = (evaluator.scalar(argument, at) for argument in call.args[:2])
    return evaluator.settle(
        [
            Element(histogram.labels, bucket_fraction(lower, upper, histogram.buckets), True)
            for histogram in _histograms(evaluator, call.args[2], at)
        ]
    )


def _histograms(evaluator: Evaluator, argument: Expr, at: int) -> list[_Histogram]:
    """Gather the buckets of each histogram; series without a readable `le` are left out with a warning."""
    found: dict[LabelKey, _Histogram] = {}
    delayed = evaluator.options.delayed_name_removal
    for element in evaluator.vector(argument, at):
        labels = element.labels
        text = labels.get(BUCKET_LABEL, "")
        bound = parse_go_float(text)
        if bound is None:
            evaluator.warn(
                argument,
                f'bucket label "le" is missing or has a malformed value of {quote(text)}'
                + (f" for metric name {quote(labels[METRIC_NAME])}" if METRIC_NAME in labels else ""),
            )
            continue
        ignored = (BUCKET_LABEL,) if delayed else (BUCKET_LABEL, METRIC_NAME)
        kept = {name: value for name, value in labels.items() if name not in ignored}
        key = frozenset(kept.items())
        histogram = found.get(key)
        if histogram is None:
            histogram = found[key] = _Histogram(kept, labels.get(METRIC_NAME, ""))
        histogram.buckets.append(Bucket(bound, element.value))
    return list(found.values())


def bucket_quantile(q: float, buckets: list[Bucket]) -> tuple[float, bool]:
    """Return the q-quantile of a histogram, and whether counts that fell had to be lifted for it.

    NaN when the `+Inf` bucket is missing, there is no other bucket, or nothing was observed.
    """
    if math.isnan(q):
        return NAN, False
    if not 0 <= q <= 1:
        return math.copysign(INF, q), False
    merged = _merged(buckets)
    if not merged or merged[-1].bound != INF:
        return NAN, False
    repaired = _make_monotonic(merged)
    if len(merged) < 2:
        return NAN, repaired
    observations = merged[-1].count
    if observations == 0 or math.isnan(observations):
        return NAN, repaired
    rank = q * observations
    index = next((i for i, bucket in enumerate(merged[:-1]) if bucket.count >= rank), len(merged) - 1)
    bucket = merged[index]
    if index == len(merged) - 1:
        return merged[-2].bound, repaired
    if index == 0:
        if bucket.bound <= 0:
            return bucket.bound, repaired
        return (bucket.bound * (rank / bucket.count) if bucket.count else NAN), repaired
    below = merged[index - 1]
    return below.bound + (bucket.bound - below.bound) * ((rank - below.count) / (bucket.count - below.count)), repaired


def bucket_fraction(lower: float, upper: float, buckets: list[Bucket]) -> float:
    """Return the share of observations between two values, linear within a bucket.

    The lowest bucket starts at 0 when its bound is positive, at -Inf otherwise.
    """
    merged = _merged(buckets)
    if not merged or merged[-1].bound != INF:
        return NAN
    count = merged[-1].count
    if count == 0 or math.isnan(count) or math.isnan(lower) or math.isnan(upper):
        return NAN
    if lower >= upper:
        return 0.0
    return (_rank(upper, merged) - _rank(lower, merged)) / count


def _rank(value: float, buckets: list[Bucket]) -> float:
    """Return how many observations were below `value`."""
    rank = 0.0
    start = 0.0 if buckets[0].bound > 0 else -INF
    for bucket in buckets:
        if start >= value:
            return rank
        if start < value < bucket.bound:
            if start == -INF:
                return bucket.count
            return min(
                rank + (bucket.count - rank) * (value - start) / (bucket.bound - start),
                buckets[-1].count,
            )
        rank, start = bucket.count, bucket.bound
    return buckets[-1].count


def _merged(buckets: list[Bucket]) -> list[Bucket]:
    """Return the buckets by their bounds, those of one bound (`1` and `1.0`) added up."""
    merged: list[Bucket] = []
    for bucket in sorted(buckets, key=lambda bucket: bucket.bound):
        if merged and merged[-1].bound == bucket.bound:
            merged[-1].count += bucket.count
        else:
            merged.append(Bucket(bucket.bound, bucket.count))
    return merged


def _make_monotonic(buckets: list[Bucket]) -> bool:
    """Lift counts that are below their predecessors; tell whether any was so by more than a rounding error."""
    repaired = False
    previous = buckets[0].count
    for bucket in buckets[1:]:
        if almost_equal(previous, bucket.count, _SMALL_DELTA):
            bucket.count = previous
        elif bucket.count < previous:
            bucket.count = previous
            repaired = True
        else:
            previous = bucket.count
    return repaired


def _native_only(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    evaluator.vector(call.args[0], at)
    return []


TABLE: Final[FunctionTable] = {
    "histogram_quantile": _quantile,
    "histogram_fraction": _fraction,
    "histogram_avg": _native_only,
    "histogram_count": _native_only,
    "histogram_stddev": _native_only,
    "histogram_stdvar": _native_only,
    "histogram_sum": _native_only,
}
