"""The functions of ranges that slide: what each keeps of its samples, so that a step costs only what changed.

Counts, extremes, quantiles and changes come out bit for bit as the plain functions have them, and so do sums of whole
numbers and lines through them. Other sums are kept exactly and rounded once, where the plain functions add up with
compensation: the last bit may differ. Spreads, and lines through fractions, have the bits of the plain functions over
few samples; over many they differ by less than 1e-12 of the largest number, as the plain functions themselves err.

`double_exponential_smoothing` has no form here: everything in it depends on the first sample of the range.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, overload

from alertd.promql.extrapolation import extrapolation
from alertd.promql.sliding import Asked, MakeAccumulator, Slide
from alertd.promql.slidingorder import Deviation, Extreme, Quantile, TimeOfExtreme
from alertd.promql.slidingsums import Line, Spread, Total

_EXACT: Final = 1 << 53


class _Nothing:
    """Keeps nothing: the ends of the range say it all."""

    def push(self, time: int, value: float) -> None: ...

    def drop(self, time: int, value: float) -> None: ...


class _Count(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return float(slide.count)


class _Present(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return 1.0


class _First(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return slide.first_value


class _Last(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return slide.last_value


class _TimeOfFirst(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return slide.first_time / 1000


class _TimeOfLast(_Nothing):
    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return slide.last_time / 1000


class _Ends(Sequence[int]):
    """The first and the last instant of a range and how many there are: all that an extrapolation asks of times."""

    __slots__ = ("_count", "_first", "_last")

    def __init__(self, first: int, last: int, count: int) -> None:
        self._first, self._last, self._count = first, last, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if index == 0:
            return self._first
        if index == -1:
            return self._last
        raise IndexError(index)


class _Growth:
    """`rate`, `increase` and `delta`: the ends of the range, and what a counter lost in its resets."""

    __slots__ = ("_broken", "_counter", "_lost", "_per_second", "_previous", "_whole")

    def __init__(self, *, counter: bool, per_second: bool) -> None:
        self._counter = counter
        self._per_second = per_second
        self._previous: tuple[int, float] | None = None
        # The samples before which it went down, how many of them are no whole numbers, and the sum of those that are.
        self._lost: deque[tuple[int, float]] = deque()
        self._broken = 0
        self._whole = 0

    def push(self, time: int, value: float) -> None:
        if self._counter:
            previous = self._previous
            if previous is not None and value < previous[1]:
                self._lost.append(previous)
                if previous[1].is_integer():
                    self._whole += int(previous[1])
                else:
                    self._broken += 1
            self._previous = (time, value)

    def drop(self, time: int, value: float) -> None:
        if self._previous is not None and self._previous[0] == time:
            self._previous = None
        if self._lost and self._lost[0][0] == time:
            self._lost.popleft()
            if value.is_integer():
                self._whole -= int(value)
            else:
                self._broken -= 1

    def value(self, slide: Slide, asked: Asked) -> float | None:
        if slide.count < 2:
            return None
        growth = slide.last_value - slide.first_value
        if self._counter:
            growth += self._in_resets()
        times = _Ends(slide.first_time, slide.last_time, slide.count)
        factor = extrapolation(
            times, asked.start, asked.end, None, slide.first_value if self._counter else None, growth
        )
        return growth * (factor / ((asked.end - asked.start) / 1000) if self._per_second else factor)

    def _in_resets(self) -> float:
        if not self._broken and abs(self._whole) < _EXACT:
            return float(self._whole)
        lost = 0.0
        for _, value in self._lost:
            lost += value
        return lost


class _LastTwo:
    """`irate` and `idelta`: the last two samples."""

    __slots__ = ("_before", "_last", "_rate")

    def __init__(self, *, rate: bool) -> None:
        self._rate = rate
        self._before = self._last = (0, 0.0)

    def push(self, time: int, value: float) -> None:
        self._before, self._last = self._last, (time, value)

    def drop(self, time: int, value: float) -> None: ...

    def value(self, slide: Slide, asked: Asked) -> float | None:  # noqa: ARG002 - the form of all
        if slide.count < 2:
            return None
        (earlier, before), (later, last) = self._before, self._last
        # After a counter's reset it has grown from zero.
        grown = last if self._rate and last < before else last - before
        return grown / ((later - earlier) / 1000) if self._rate else grown


class _Steps:
    """`changes` and `resets`: the samples that differ from the one before them, each known by that one's time."""

    __slots__ = ("_differs", "_previous", "_steps")

    def __init__(self, differs: Callable[[float, float], bool]) -> None:
        self._differs = differs
        self._previous: tuple[int, float] | None = None
        self._steps: deque[int] = deque()

    def push(self, time: int, value: float) -> None:
        if self._previous is not None and self._differs(self._previous[1], value):
            self._steps.append(self._previous[0])
        self._previous = (time, value)

    def drop(self, time: int, value: float) -> None:  # noqa: ARG002 - the form of all
        if self._previous is not None and self._previous[0] == time:
            self._previous = None
        if self._steps and self._steps[0] == time:
            self._steps.popleft()

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        return float(len(self._steps))


def _changed(before: float, value: float) -> bool:
    return value != before and not (value != value and before != before)


#: How each function begins, by its name.
SLIDING: Final[dict[str, MakeAccumulator]] = {
    "rate": partial(_Growth, counter=True, per_second=True),
    "increase": partial(_Growth, counter=True, per_second=False),
    "delta": partial(_Growth, counter=False, per_second=False),
    "irate": partial(_LastTwo, rate=True),
    "idelta": partial(_LastTwo, rate=False),
    "deriv": partial(Line, predict=False),
    "predict_linear": partial(Line, predict=True),
    "sum_over_time": partial(Total, average=False),
    "avg_over_time": partial(Total, average=True),
    "stdvar_over_time": partial(Spread, deviation=False),
    "stddev_over_time": partial(Spread, deviation=True),
    "count_over_time": _Count,
    "present_over_time": _Present,
    "first_over_time": _First,
    "last_over_time": _Last,
    "ts_of_first_over_time": _TimeOfFirst,
    "ts_of_last_over_time": _TimeOfLast,
    "max_over_time": partial(Extreme, operator.gt),
    "min_over_time": partial(Extreme, operator.lt),
    "ts_of_max_over_time": partial(TimeOfExtreme, operator.ge),
    "ts_of_min_over_time": partial(TimeOfExtreme, operator.le),
    "quantile_over_time": Quantile,
    "mad_over_time": Deviation,
    "changes": partial(_Steps, _changed),
    "resets": partial(_Steps, operator.gt),
}
#: The functions that leave the metric's name.
KEEP_NAME: Final = frozenset(("first_over_time", "last_over_time"))
