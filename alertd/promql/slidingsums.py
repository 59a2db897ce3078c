"""Functions of ranges that slide and are made of sums: `sum_over_time`, `stddev_over_time`, `deriv` and their kin.

The running sums are whole numbers: they neither round nor cancel out, so that what went in comes out again exactly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Final

from alertd.promql.floats import INF, NAN, divide, kahan_sum, mean, variance
from alertd.promql.functions_rate import linear_regression
from alertd.promql.sliding import Asked, Slide

# Every number is a whole multiple of this part of one.
_FRACTION: Final = 1074
_ONE: Final = 1 << _FRACTION
# Beyond them sums, and sums of products, may overflow on their way, which the plain functions know how to treat.
_HUGE_ADDEND: Final = 1e290
_HUGE_FACTOR: Final = 1e140
# What rounds at every sample is computed plainly over so few of them, where it costs little: every bit is the same.
_FEW: Final = 120


class _Sums(ABC):
    """Sums over the numbers of a range that add up, and how many others there are, by their kind."""

    __slots__ = ("_huge", "_infinite", "_most", "_nan", "_negative")

    def __init__(self, most: float) -> None:
        self._most = most
        self._nan = self._infinite = self._negative = self._huge = 0

    def push(self, time: int, value: float) -> None:
        if -self._most < value < self._most:
            self._add(time, _exact(value), 1)
        else:
            self._count(value, 1)

    def drop(self, time: int, value: float) -> None:
        if -self._most < value < self._most:
            self._add(time, _exact(value), -1)
        else:
            self._count(value, -1)

    @abstractmethod
    def _add(self, time: int, number: int, sign: int) -> None:
        """Let a number in parts of 2^-1074 into the sums (`sign` 1) or out of them (-1)."""

    def _count(self, value: float, sign: int) -> None:
        if value != value:
            self._nan += sign
        elif not math.isinf(value):
            self._huge += sign
        else:
            self._infinite += sign
            if value < 0:
                self._negative += sign

    def _not_finite(self) -> float | None:
        """Return the sum of the numbers that are not finite, None when there are none."""
        if self._nan or 0 < self._negative < self._infinite:
            return NAN
        if self._infinite:
            return -INF if self._negative else INF
        return None


class Total(_Sums):
    """`sum_over_time` and `avg_over_time`."""

    __slots__ = ("_average", "_sum")

    def __init__(self, *, average: bool) -> None:
        super().__init__(_HUGE_ADDEND)
        self._average = average
        self._sum = 0

    def _add(self, time: int, number: int, sign: int) -> None:  # noqa: ARG002 - the form of all
        self._sum += sign * number

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        if self._huge:
            values = slide.values()
            return mean(values) if self._average else kahan_sum(values)
        odd = self._not_finite()
        if odd is not None:
            return odd
        total = self._sum / _ONE
        if not self._average:
            return total
        rest = (self._sum - _exact(total)) / _ONE
        return total / slide.count + rest / slide.count


class Spread(_Sums):
    """`stdvar_over_time` and `stddev_over_time`."""

    __slots__ = ("_deviation", "_squares", "_sum")

    def __init__(self, *, deviation: bool) -> None:
        super().__init__(_HUGE_FACTOR)
        self._deviation = deviation
        self._sum = self._squares = 0

    def _add(self, time: int, number: int, sign: int) -> None:  # noqa: ARG002 - the form of all
        self._sum += sign * number
        self._squares += sign * number * number

    def value(self, slide: Slide, asked: Asked) -> float:  # noqa: ARG002 - the form of all
        spread = self._variance(slide)
        return math.sqrt(spread) if self._deviation else spread

    def _variance(self, slide: Slide) -> float:
        if self._not_finite() is not None:
            return NAN
        count = slide.count
        if self._huge or count <= _FEW:
            return variance(slide.values())
        return (count * self._squares - self._sum * self._sum) / ((count * count) << (2 * _FRACTION))


class Line(_Sums):
    """`deriv` and `predict_linear`: the least-squares line. Its sums count time from the first sample that came."""

    __slots__ = ("_epoch", "_instants", "_instants_squared", "_last", "_level_since", "_predict", "_sum", "_weighted")

    def __init__(self, *, predict: bool) -> None:
        super().__init__(_HUGE_FACTOR)
        self._predict = predict
        self._epoch: int | None = None
        self._instants = self._instants_squared = self._sum = self._weighted = 0
        # The last number, and the first sample since which there was no other.
        self._last = NAN
        self._level_since = 0

    def push(self, time: int, value: float) -> None:
        if self._epoch is None:
            self._epoch = time
        if value != self._last:
            self._last, self._level_since = value, time
        super().push(time, value)

    def _add(self, time: int, number: int, sign: int) -> None:
        instant = time - (self._epoch or 0)
        self._instants += sign * instant
        self._instants_squared += sign * instant * instant
        self._sum += sign * number
        self._weighted += sign * instant * number

    def value(self, slide: Slide, asked: Asked) -> float | None:
        if slide.count < 2:
            return None
        if not self._predict:
            return self._line(slide, slide.first_time)[0]
        slope, intercept = self._line(slide, asked.at)
        return slope * asked.scalar + intercept

    def _line(self, slide: Slide, origin: int) -> tuple[float, float]:
        """Return slope per second and value at `origin`, as `linear_regression` does."""
        if self._level_since <= slide.first_time:
            return (NAN, NAN) if math.isinf(slide.first_value) else (0.0, slide.first_value)
        odd = self._not_finite() is not None
        # An infinity may leave a slope only with samples on both sides of the origin.
        if odd and not slide.first_time < origin < slide.last_time:
            return NAN, NAN
        if odd or self._huge or slide.count <= _FEW:
            return linear_regression(slide.times(), slide.values(), origin)
        return self._regression(slide.count, origin - (self._epoch or 0))

    def _regression(self, count: int, origin: int) -> tuple[float, float]:
        """Return slope and value at `origin`, which counts as the sums do, with the roundings of the plain function."""
        sum_x = (self._instants - count * origin) / 1000
        sum_y = self._sum / _ONE
        sum_xy = (self._weighted - origin * self._sum) / (1000 * _ONE)
        sum_xx = (self._instants_squared - 2 * origin * self._instants + count * origin * origin) / 1_000_000
        slope = divide(sum_xy - sum_x * sum_y / count, sum_xx - sum_x * sum_x / count)
        return slope, sum_y / count - slope * sum_x / count


def _exact(value: float) -> int:
    """Return a finite number in parts of 2^-1074."""
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_FRACTION + 1 - denominator.bit_length())
