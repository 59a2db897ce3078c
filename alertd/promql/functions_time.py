"""Functions of time: the instants of the query and the parts of a date, in UTC."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from alertd.promql.ast import Call, VectorSelector, unwrap
from alertd.promql.elements import Element
from alertd.promql.floats import NAN
from alertd.promql.functiontypes import FunctionBody, FunctionTable, elementwise

if TYPE_CHECKING:
    from alertd.promql.evaluator import Evaluator

_DAY = 86_400
_DAYS_PER_ERA = 146_097
_DAYS_TO_ERA = 719_468


class Date(NamedTuple):
    """A date of the proleptic Gregorian calendar, for any year."""

    year: int
    month: int
    day: int


def civil_date(days: int) -> Date:
    """Return the date that lies `days` after 1970-01-01.

    Years are counted from March within eras of 400 years, so that the leap day comes last.
    """
    days += _DAYS_TO_ERA
    era, day_of_era = divmod(days, _DAYS_PER_ERA)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return Date(era * 400 + year_of_era + (month <= 2), month, day)


def _day_of_year(days: int) -> int:
    date = civil_date(days)
    leap = calendar.isleap(date.year)
    return sum(_month_length(month, leap=leap) for month in range(1, date.month)) + date.day


def _month_length(month: int, *, leap: bool) -> int:
    if month == 2:
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days_in_month(days: int) -> int:
    date = civil_date(days)
    return _month_length(date.month, leap=calendar.isleap(date.year))


def _date_function(compute: Callable[[int], int]) -> FunctionBody:
    """Return the function of unix seconds; without an argument it speaks of the evaluation time."""

    def answer(value: float) -> float:
        return float(compute(math.trunc(value))) if math.isfinite(value) else NAN

    of_elements = elementwise(answer)

    def body(evaluator: Evaluator, call: Call, at: int) -> float | list[Element]:
        if not call.args:
            return [Element({}, answer(at / 1000))]
        return of_elements(evaluator, call, at)

    return body


def _timestamp(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """The time of the sample for a plain selector, the evaluation time for anything computed."""
    argument = unwrap(call.args[0])
    if isinstance(argument, VectorSelector):
        elements = [
            Element(series.labels, (series.times if histogram is None else series.histogram_times)[index] / 1000, True)
            for series, index, histogram in evaluator.selection.latest(argument, at)
        ]
    else:
        elements = [Element(element.labels, at / 1000, True) for element in evaluator.vector(argument, at)]
    return evaluator.settle(elements)


def _start_timestamp(evaluator: Evaluator, call: Call, at: int) -> list[Element]:
    """Since when the sample of a plain selector counts, 0 where that is not known; nothing for anything computed."""
    argument = unwrap(call.args[0])
    if not isinstance(argument, VectorSelector) or not evaluator.options.start_timestamps:
        return []
    result: list[Element] = []
    for series, index, histogram in evaluator.selection.latest(argument, at):
        starts = series.starts if histogram is None else series.histogram_starts
        result.append(Element(series.labels, starts[index] / 1000 if starts else 0.0, True))
    return evaluator.settle(result)


def _time(_evaluator: Evaluator, _call: Call, at: int) -> float:
    return at / 1000


def _start(evaluator: Evaluator, _call: Call, _at: int) -> float:
    return evaluator.times.start / 1000


def _end(evaluator: Evaluator, _call: Call, _at: int) -> float:
    return evaluator.times.end / 1000


def _step(evaluator: Evaluator, _call: Call, _at: int) -> float:
    return evaluator.times.step / 1000


def _range(evaluator: Evaluator, _call: Call, _at: int) -> float:
    return (evaluator.times.end - evaluator.times.start) / 1000


TABLE: Final[FunctionTable] = {
    "minute": _date_function(lambda seconds: seconds // 60 % 60),
    "hour": _date_function(lambda seconds: seconds // 3600 % 24),
    "day_of_week": _date_function(lambda seconds: (seconds // _DAY + 4) % 7),
    "day_of_month": _date_function(lambda seconds: civil_date(seconds // _DAY).day),
    "day_of_year": _date_function(lambda seconds: _day_of_year(seconds // _DAY)),
    "days_in_month": _date_function(lambda seconds: _days_in_month(seconds // _DAY)),
    "month": _date_function(lambda seconds: civil_date(seconds // _DAY).month),
    "year": _date_function(lambda seconds: civil_date(seconds // _DAY).year),
    "timestamp": _timestamp,
    "start_timestamp": _start_timestamp,
    "time": _time,
    "start": _start,
    "end": _end,
    "step": _step,
    "range": _range,
}
