"""Float arithmetic as Go has it: no exceptions, infinities and NaN instead; and compensated sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

NAN: Final = math.nan
INF: Final = math.inf


def divide(left: float, right: float) -> float:
    if right:
        return left / right
    if left != left or left == 0:
        return NAN
    return math.copysign(INF, left) * math.copysign(1, right)


def modulo(left: float, right: float) -> float:
    try:
        return math.fmod(left, right)
    except ValueError:
        return NAN


def power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        negative = base < 0 and math.fmod(exponent, 2) != 0
        return -INF if negative else INF
    except ValueError:
        if base != 0:
            return NAN
        # A negative power of zero keeps the sign of the zero for odd exponents.
        odd = math.fmod(exponent, 2) in (1, -1)
        return math.copysign(INF, base) if odd else INF


def kahan_add(increment: float, total: float, compensation: float) -> tuple[float, float]:
    """Add with Neumaier's improvement of Kahan's summation; return the new total and compensation."""
    result = total + increment
    if result in (INF, -INF):
        return result, 0.0
    if abs(total) >= abs(increment):
        return result, compensation + ((total - result) + increment)
    return result, compensation + ((increment - result) + total)


def kahan_sum(values: Iterable[float]) -> float:
    total = compensation = 0.0
    for value in values:
        total, compensation = kahan_add(value, total, compensation)
    return total + compensation


def mean(values: Sequence[float]) -> float:
    """Return the average of at least one value; a sum that would overflow is avoided."""
    total, compensation = values[0], 0.0
    for index in range(1, len(values)):
        new_total, new_compensation = kahan_add(values[index], total, compensation)
        if new_total in (INF, -INF):
            return _incremental_mean(values, index, total / index, compensation / index)
        total, compensation = new_total, new_compensation
    count = len(values)
    return total / count + compensation / count


def _incremental_mean(values: Sequence[float], start: int, average: float, compensation: float) -> float:
    for index in range(start, len(values)):
        count = index + 1
        weight = index / count
        average, compensation = kahan_add(values[index] / count, weight * average, weight * compensation)
    return average + compensation


def variance(values: Iterable[float]) -> float:
    """Return the population variance, by Welford's method with compensated sums."""
    count = 0
    average = average_rest = squares = squares_rest = 0.0
    for value in values:
        count += 1
        delta = value - (average + average_rest)
        average, average_rest = kahan_add(delta / count, average, average_rest)
        squares, squares_rest = kahan_add(delta * (value - (average + average_rest)), squares, squares_rest)
    return (squares + squares_rest) / count


def quantile(q: float, values: Iterable[float]) -> float:
    """Return the q-quantile, interpolated between neighbours; NaN is the smallest value.

    A `q` outside 0 … 1 gives an infinity of its side.
    """
    ordered = sorted(values, key=lambda value: (value == value, value))
    return interpolated(q, len(ordered), ordered.__getitem__) if ordered else NAN


def interpolated(q: float, count: int, number: Callable[[int], float]) -> float:
    """Return the q-quantile of at least one number, which `number` gives by their places in ascending order."""
    if q != q:
        return NAN
    if q < 0:
        return -INF
    if q > 1:
        return INF
    rank = q * (count - 1)
    lower = math.floor(rank)
    weight = rank - lower
    return number(lower) * (1 - weight) + number(min(count - 1, lower + 1)) * weight


def minimum(left: float, right: float) -> float:
    """Return the smaller, as Go's math.Min: -Inf before NaN, NaN before numbers, -0 before 0."""
    if -INF in (left, right):
        return -INF
    if left != left or right != right:
        return NAN
    return min(left, right) if left or right else min(left, right, key=_sign)


def maximum(left: float, right: float) -> float:
    """Return the larger, as Go's math.Max: +Inf before NaN, NaN before numbers, 0 before -0."""
    if INF in (left, right):
        return INF
    if left != left or right != right:
        return NAN
    return max(left, right) if left or right else max(left, right, key=_sign)


def _sign(value: float) -> float:
    return math.copysign(1, value)


def largest(values: Sequence[float]) -> float:
    """Return the largest value; NaN only when there is no other."""
    numbers = [value for value in values if value == value]
    return max(numbers) if numbers else NAN


def smallest(values: Sequence[float]) -> float:
    """Return the smallest value; NaN only when there is no other."""
    numbers = [value for value in values if value == value]
    return min(numbers) if numbers else NAN


def guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """Return a function of Python's math that answers NaN outside its domain and an infinity where it overflows.

    The infinity has the sign of the argument: a function that overflows on both sides must be odd.
    """

    def answer(value: float) -> float:
        try:
            return function(value)
        except ValueError:
            return NAN
        except OverflowError:
            return math.copysign(INF, value)

    return answer


def almost_equal(left: float, right: float, tolerance: float) -> bool:
    """Whether two numbers differ by less than `tolerance` relative to their sizes; NaN equals NaN."""
    if left == right or (left != left and right != right):
        return True
    size = abs(left) + abs(right)
    difference = abs(left - right)
    smallest_normal = 2.2250738585072014e-308
    if left == 0 or right == 0 or size < smallest_normal:
        return difference < tolerance * smallest_normal
    return difference / min(size, 1.7976931348623157e308) < tolerance
