"""Counter resets between native histograms."""

from __future__ import annotations

from collections.abc import Mapping

from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.histogram_arithmetic import aligned, reduce_resolution, widen_zero_bucket


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
    previous = widen_zero_bucket(previous, current.zero_threshold)
    # A populated bucket that the wider zero bucket cuts through cannot be compared.
    if previous.zero_threshold != current.zero_threshold or current.zero_count < previous.zero_count:
        return True
    previous = reduce_resolution(previous, current.schema)
    return _fell(current.positive, previous.positive) or _fell(current.negative, previous.negative)


def _fell(current: Mapping[int, float], previous: Mapping[int, float]) -> bool:
    for index, count in previous.items():
        now = current.get(index)
        if (count != 0) if now is None else now < count:
            return True
    return False
