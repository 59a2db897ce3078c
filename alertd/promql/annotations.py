"""The texts of what an evaluation has to say beside its value, in Prometheus' words."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from alertd.promql.numbers import format_go_float
from alertd.promql.quoting import quote

Operation: TypeAlias = Literal["addition", "subtraction", "aggregation"]

_COUNTER_SUFFIXES: Final = ("_total", "_sum", "_count", "_bucket")
_COUNTER_TYPES: Final = ("counter", "histogram")

SORT_IN_RANGE: Final = "sort is ineffective for range queries since results are always ordered by labels"
FORCED_MONOTONICITY: Final = (
    "input to histogram_quantile needed to be fixed for monotonicity (see"
    " https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)
MIXED_IN_AGGREGATION: Final = "encountered a mix of histograms and floats for aggregation"


def of_metric(text: str, name: str) -> str:
    """Return `text` with the metric it speaks of, if that has a name."""
    return f"{text} for metric name {quote(name)}" if name else text


def invalid_quantile(q: float) -> str:
    return f"quantile value should be between 0 and 1, got {format_go_float(q)}"


def invalid_ratio(ratio: float, capped: float) -> str:
    return f"ratio value should be between -1 and 1, got {format_go_float(ratio)}, capping to {format_go_float(capped)}"


def bad_bucket_label(name: str, text: str) -> str:
    return of_metric(f'bucket label "le" is missing or has a malformed value of {quote(text)}', name)


def mixed_floats_and_histograms(name: str) -> str:
    return f"encountered a mix of histograms and floats for metric name {quote(name)}"


def mixed_classic_and_native(name: str) -> str:
    return of_metric("vector contains a mix of classic and native histograms", name)


def mixed_schemas(name: str) -> str:
    return (
        f"vector contains a mix of histograms with exponential and custom buckets schemas for metric name {quote(name)}"
    )


def not_a_counter(name: str) -> str:
    return f"this native histogram metric is not a counter: {quote(name)}"


def not_a_gauge(name: str) -> str:
    return f"this native histogram metric is not a gauge: {quote(name)}"


def start_time_overlap(name: str) -> str:
    return f"encountered a sample with start timestamp overlapping the previous sample for metric name {quote(name)}"


def possible_non_counter(name: str, type_label: str | None) -> str:
    """Return what makes a metric seem to be no counter, "" for nothing.

    `type_label` is None when types are not read.
    """
    if type_label is None:
        if name.endswith(_COUNTER_SUFFIXES):
            return ""
        return f"metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quote(name)}"
    if type_label in _COUNTER_TYPES:
        return ""
    return (
        'metric might not be a counter, __type__ label is not set to "counter" or "histogram",'
        f" got {quote(type_label)}: {quote(name)}"
    )


def incompatible_types(left: str, operator: str, right: str) -> str:
    """`left` and `right` are `float` or `histogram`."""
    return f"incompatible sample types encountered for binary operator {quote(operator)}: {left} {operator} {right}"


def incompatible_buckets(operator: str) -> str:
    return f"incompatible bucket layout encountered for binary operator {operator}"


def ignored_in_aggregation(aggregation: str) -> str:
    return f"ignored histogram in {aggregation} aggregation"


def ignored_in_mixed_range(name: str) -> str:
    return f"ignored histograms in a range containing both floats and histograms for metric name {quote(name)}"


def counter_reset_collision(operation: Operation) -> str:
    return f"conflicting counter resets during histogram {operation}"


def reconciled_bounds(operation: Operation) -> str:
    return f"mismatched custom buckets were reconciled during {operation}"
