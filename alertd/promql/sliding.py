"""A range that slides over a growing series: each sample is met once when it comes in and once when it goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from alertd.promql.floats import NAN
from alertd.promql.storage import Series, is_stale


@dataclass(frozen=True, slots=True)
class Asked:
    """What a function is asked for: its value over `(start, end]`, as of the instant `at` (all milliseconds).

    `scalar` is its other argument, NaN when it has none.
    """

    start: int
    end: int
    at: int
    scalar: float = NAN


class Accumulator(Protocol):
    """What a function keeps of the samples of a range; times are milliseconds."""

    def push(self, time: int, value: float) -> None:
        """Take the next sample into the range."""
        ...

    def drop(self, time: int, value: float) -> None:
        """Let the oldest sample out of the range."""
        ...

    def value(self, slide: Slide, asked: Asked) -> float | None:
        """The function's value, None when the range has none; the range is never empty."""
        ...


MakeAccumulator: TypeAlias = "Callable[[], Accumulator]"
_BEGINNING: Final = -(1 << 63)


class Slide:
    """The samples of one series in the range that was asked for last, stale markers left out.

    `count` is their number, `first_time` … `last_value` are those at the ends of a range that is not empty.
    """

    __slots__ = (
        *("_accumulator", "_high", "_low", "_make", "_start"),
        *("count", "first_time", "first_value", "last_time", "last_value", "series"),
    )

    def __init__(self, series: Series, make: MakeAccumulator | None) -> None:
        self.series = series
        self._make = make
        self._accumulator: Accumulator | None = None
        self._start = _BEGINNING
        self._reset()

    def answer(self, asked: Asked) -> float | None:
        """Return the value that is asked for, None when there is none; without an accumulator a 1 for any sample."""
        if asked.start < self._start or (self._high and self.series.times[self._high - 1] > asked.end):
            self._reset()
        self._start = asked.start
        self._take(asked.end)
        self._let_go(asked.start)
        if not self.count:
            return None
        if self._accumulator is None:
            return 1.0
        return self._accumulator.value(self, asked)

    def times(self) -> list[int]:
        """The instants of the range."""
        return [self.series.times[index] for index in self._indexes()]

    def values(self) -> list[float]:
        """The numbers of the range."""
        return [self.series.values[index] for index in self._indexes()]

    def _indexes(self) -> Iterator[int]:
        values = self.series.values
        for index in range(self._low, self._high):
            value = values[index]
            if value == value or not is_stale(value):
                yield index

    def _reset(self) -> None:
        self._accumulator = self._make() if self._make is not None else None
        self._low = self._high = self.count = 0
        self._start = _BEGINNING
        self.first_time = self.last_time = 0
        self.first_value = self.last_value = 0.0

    def _take(self, end: int) -> None:
        times, values, accumulator = self.series.times, self.series.values, self._accumulator
        high, most = self._high, len(times)
        while high < most and times[high] <= end:
            value = values[high]
            if value == value or not is_stale(value):
                if not self.count:
                    self.first_time, self.first_value = times[high], value
                self.count += 1
                self.last_time, self.last_value = times[high], value
                if accumulator is not None:
                    accumulator.push(times[high], value)
            high += 1
        self._high = high

    def _let_go(self, start: int) -> None:
        times, values, accumulator = self.series.times, self.series.values, self._accumulator
        low, high = self._low, self._high
        if low == high or times[low] > start:
            return
        while low < high:
            value = values[low]
            counted = value == value or not is_stale(value)
            if times[low] > start:
                if counted:
                    self.first_time, self.first_value = times[low], value
                    break
            elif counted:
                self.count -= 1
                if accumulator is not None:
                    accumulator.drop(times[low], value)
            low += 1
        self._low = low
