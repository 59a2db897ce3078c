"""Functions of ranges that slide and look at the order of numbers: extremes, quantiles, deviations from the median."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable

from alertd.promql.floats import NAN, interpolated
from alertd.promql.sliding import Asked, Slide


class Extreme:
    """`max_over_time` and `min_over_time`: the samples that are extreme among those after them. NaN is passed over."""

    __slots__ = ("_beats", "_candidates")

    def __init__(self, beats: Callable[[float, float], bool]) -> None:
        self._beats = beats
        self._candidates: deque[tuple[int, float]] = deque()

    def push(self, time: int, value: float) -> None:
        if value != value:
            return
        candidates = self._candidates
        while candidates and self._beats(value, candidates[-1][1]):
            candidates.pop()
        candidates.append((time, value))

    def drop(self, time: int, value: float) -> None:  # noqa: ARG002 - the form of all
        if self._candidates and self._candidates[0][0] == time:
            self._candidates.popleft()

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return self._candidates[0][1] if self._candidates else NAN


class TimeOfExtreme(Extreme):
    """`ts_of_max_over_time` and `ts_of_min_over_time`: the last of the samples that are extreme, of NaN alone the last.

    A sample has to beat those that it is equal to.
    """

    __slots__ = ()

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return (self._candidates[0][0] if self._candidates else slide.last_time) / 1000


class _Ordered:
    """The numbers of a range in ascending order, the older of equals first, and how many NaN come before them."""

    __slots__ = ("_nan", "_numbers")

    def __init__(self) -> None:
        self._nan = 0
        self._numbers = array("d")

    def push(self, time: int, value: float) -> None:  # noqa: ARG002 - the form of all
        if value != value:
            self._nan += 1
        else:
            self._numbers.insert(bisect_right(self._numbers, value), value)

    def drop(self, time: int, value: float) -> None:  # noqa: ARG002 - the form of all
        if value != value:
            self._nan -= 1
        else:
            del self._numbers[bisect_left(self._numbers, value)]

    def _quantile(self, q: float) -> float:
        return interpolated(q, self._nan + len(self._numbers), self._number)

    def _number(self, place: int) -> float:
        return NAN if place < self._nan else self._numbers[place - self._nan]


class Quantile(_Ordered):
    """`quantile_over_time`."""

    __slots__ = ()

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return self._quantile(asked.scalar)


class Deviation(_Ordered):
    """`mad_over_time`: the median of the distances from the median."""

    __slots__ = ()

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        median = self._quantile(0.5)
        # Half of the numbers or more then have a distance that is NaN, too.
        if not math.isfinite(median):
            return NAN
        return interpolated(0.5, slide.count, lambda place: self._distance(place, median))

    def _distance(self, place: int, median: float) -> float:
        """Return the distance from a finite median that has `place` in their ascending order, behind every NaN.

        The numbers that are no farther off lie side by side: it is found where they begin.
        """
        numbers, others = self._numbers, place - self._nan
        low, high = 0, len(numbers) - 1 - others
        while low < high:
            middle = (low + high) // 2
            if median - numbers[middle] > numbers[middle + others + 1] - median:
                low = middle + 1
            else:
                high = middle
        return abs(max(median - numbers[low], numbers[low + others] - median))
