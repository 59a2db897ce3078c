"""How far the growth between samples is extended to the ends of their range."""

from __future__ import annotations

from collections.abc import Sequence


def extrapolation(
    times: Sequence[int], start: int, end: int, since: int | None, zero: float | None, growth: float
) -> float:
    """Return the factor by which the growth between the first and the last sample is extended to the range.

    `zero` is the first value of a counter, and None for gauges.
    """
    sampled = (times[-1] - times[0]) / 1000
    gap = sampled / (len(times) - 1) if len(times) > 1 else 0.0
    threshold = gap * 1.1
    to_end = (end - times[-1]) / 1000
    if to_end >= threshold:
        to_end = gap / 2
    if since is not None:
        sampled = (times[-1] - since) / 1000
        return (sampled + to_end) / sampled
    to_start = (times[0] - start) / 1000
    if to_start >= threshold:
        to_start = gap / 2
    if zero is not None and growth > 0 and zero >= 0:
        to_start = min(to_start, sampled * (zero / growth))
    return (sampled + to_start + to_end) / sampled
