"""Counter resets between native histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_arithmetic import aligned, outside_zero_bucket, reduce_resolution, zero_count_up_to


def is_reset(current: FloatHistogram, previous: FloatHistogram) -> bool:
    """Whether the counter began anew between two histograms: some count has become smaller, or a bucket is gone.

    A hint that says so, or denies it, decides. A finer resolution or a narrower zero bucket only come with a reset.
    """
    if current.counter_reset is CounterReset.RESET:
        return True
    if current.counter_reset is CounterReset.NOT_RESET:
        return False
    if current.count < previous.count:
        return True
    if current.is_custom:
        if not previous.is_custom:
            return True
        if current.custom_values != previous.custom_values:
            now, before, _ = aligned(current, previous)
            return any(now.positive.get(index, 0.0) < count for index, count in before.positive.items())
    if current.schema > previous.schema or current.zero_threshold < previous.zero_threshold:
        return True
    count, threshold = zero_count_up_to(previous, current.zero_threshold)
    if threshold != current.zero_threshold or current.zero_count < count:
        return True
    previous = outside_zero_bucket(replace(reduce_resolution(previous, current.schema), zero_threshold=threshold))
    current = outside_zero_bucket(current)
    return _fell(current.positive, previous.positive) or _fell(current.negative, previous.negative)


def _fell(current: Mapping[int, float], previous: Mapping[int, float]) -> bool:
    for index, count in previous.items():
        now = current.get(index)
        if (count != 0) if now is None else now < count:
            return True
    return False
