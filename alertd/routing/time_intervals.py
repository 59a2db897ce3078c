"""Named time intervals that mute or open a route; their meaning is Alertmanager's."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from alertd.clock import to_datetime

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_INTEGER = re.compile(r"[-+]?[0-9]{1,9}", re.ASCII)
_SHORTEST_MONTH = 28
_LONGEST_MONTH = 31
_MINUTES_A_DAY = 24 * 60


class TimeIntervalError(ValueError):
    """A text is no time, range or zone of a time interval."""


@dataclass(frozen=True)
class Span:
    """Whole numbers from `first` to `last`, both included; of days of a month, negative ones count from its end."""

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    def contains_day(self, day: int, month_length: int) -> bool:
        """Whether `day` of a month lies in this span; one that begins after the month's end holds no day of it."""
        first, last = (number + month_length + 1 if number < 0 else number for number in (self.first, self.last))
        return first <= day <= last


@dataclass(frozen=True)
class TimeOfDay:
    """From `start` to before `end`, in minutes of the day on the wall clock."""

    start: int
    end: int

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end


@dataclass(frozen=True)
class Period:
    """All conditions must hold; one that is None always does, and of a tuple one member must.

    `weekdays` count from Sunday = 0, `months` from January = 1. `zone` None is the zone of the machine.
    """

    times: tuple[TimeOfDay, ...] | None = None
    weekdays: tuple[Span, ...] | None = None
    days_of_month: tuple[Span, ...] | None = None
    months: tuple[Span, ...] | None = None
    years: tuple[Span, ...] | None = None
    zone: tzinfo | None = UTC

    def contains(self, now: int) -> bool:
        """Whether the instant lies in this period, by the calendar and wall clock of its zone."""
        local = to_datetime(now).astimezone(self.zone)
        return (
            _holds(self.times, local.hour * 60 + local.minute)
            and _holds(self.weekdays, local.isoweekday() % 7)
            and self._holds_day(local)
            and _holds(self.months, local.month)
            and _holds(self.years, local.year)
        )

    def _holds_day(self, local: datetime) -> bool:
        if self.days_of_month is None:
            return True
        length = monthrange(local.year, local.month)[1]
        return any(span.contains_day(local.day, length) for span in self.days_of_month)


def _holds(condition: tuple[Span, ...] | tuple[TimeOfDay, ...] | None, number: int) -> bool:
    return condition is None or any(number in span for span in condition)


@dataclass(frozen=True)
class TimeInterval:
    """A named set of periods."""

    name: str
    periods: tuple[Period, ...] = ()

    def contains(self, now: int) -> bool:
        """Whether the instant lies in one of the periods."""
        return any(period.contains(now) for period in self.periods)


def parse_times(start: str, end: str) -> TimeOfDay:
    """`09:00` and `17:00` as a range, the end excluded; `24:00` is the end of the day."""
    times = TimeOfDay(_minute(start), _minute(end))
    if times.start >= times.end:
        raise TimeIntervalError(
            f"start time cannot be equal or greater than end time, as {start} is to {end};"
            f" over midnight write two entries: {start} to 24:00, and 00:00 to {end}"
        )
    return times


def _minute(text: str) -> int:
    if text == "24:00":
        return _MINUTES_A_DAY
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None:
        raise TimeIntervalError(
            f"couldn't parse timestamp {text}, invalid format; write HH:MM from 00:00 to 24:00, as in '09:30'"
        )
    return int(found[1]) * 60 + int(found[2])


def parse_weekdays(text: str) -> Span:
    """`monday` or `monday:friday`; a week begins on Sunday, and a range does not go over its end."""
    first, last = _ends(text)
    span = Span(_weekday(first), _weekday(last))
    if span.first > span.last:
        raise TimeIntervalError(
            "start day cannot be before end day: a week begins on sunday and a range cannot go over its end;"
            " write two entries, as in 'saturday' and 'sunday'"
        )
    return span


def _weekday(text: str) -> int:
    if text.lower() not in WEEKDAYS:
        raise TimeIntervalError(f"{text} is not a valid weekday; write its English name in full, as in 'monday'")
    return WEEKDAYS.index(text.lower())


def parse_days_of_month(text: str) -> Span:
    """`1`, `1:5`, `-1` or `-3:-1`; negative days count from the end of the month."""
    first, last = _ends(text)
    span = Span(_day(first), _day(last))
    if span.first < 0 < span.last:
        raise TimeIntervalError(f"end day must be negative if start day is negative; mend {text!r}, as in '{first}:-1'")
    # A positive start and a negative end can only be compared for some month; the shortest is the strictest.
    first_day, last_day = (
        day + _SHORTEST_MONTH if day < 0 and span.first * span.last < 0 else day for day in (span.first, span.last)
    )
    if first_day > last_day:
        raise TimeIntervalError(f"end day {last} is always before start day {first}; swap them")
    return span


def _day(text: str) -> int:
    number = _integer(text)
    if number is None or number == 0 or abs(number) > _LONGEST_MONTH:
        raise TimeIntervalError(
            f"{text} is not a valid day of the month: out of range;"
            " write 1 to 31, or -1 to -31 to count from the end of the month"
        )
    return number


def parse_months(text: str) -> Span:
    """`january`, `1` or `january:march`. A number that no month has is taken, as Alertmanager does; it never comes."""
    first, last = _ends(text)
    span = Span(_month(first), _month(last))
    if span.first > span.last:
        raise TimeIntervalError(
            f"end month {_month_name(span.last)} is before start month {_month_name(span.first)};"
            f" over the end of the year write two entries, as in '{first}:december' and 'january:{last}'"
        )
    return span


def _month(text: str) -> int:
    if text.lower() in MONTHS:
        return MONTHS.index(text.lower()) + 1
    number = _integer(text)
    if number is None:
        raise TimeIntervalError(f"{text} is not a valid month; write its English name in full or 1 to 12")
    return number


def _month_name(number: int) -> str:
    return MONTHS[number - 1] if 1 <= number <= len(MONTHS) else str(number)


def parse_years(text: str) -> Span:
    """`2026` or `2026:2028`."""
    first, last = _ends(text)
    span = Span(_year(first), _year(last))
    if span.first > span.last:
        raise TimeIntervalError(f"end year {last} is before start year {first}; swap them")
    return span


def _year(text: str) -> int:
    number = _integer(text)
    if number is None:
        raise TimeIntervalError(f"{text!r} is no year; write a number, as in '2026'")
    return number


def parse_location(text: str) -> tzinfo | None:
    """The zone of an IANA name as `Europe/Berlin`; `UTC` or nothing is UTC, `Local` the machine's own (None)."""
    if text in {"", "UTC"}:
        return UTC
    if text == "Local":
        return None
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise TimeIntervalError(
            f"unknown time zone {text}; write an IANA name, as in 'Europe/Berlin', or 'UTC', or 'Local'"
        ) from error


def _ends(text: str) -> tuple[str, str]:
    """Both ends of `a:b`; a single `a` is both."""
    ends = text.split(":")
    if len(ends) > 2:
        raise TimeIntervalError(f"couldn't parse range {text}, invalid format; write one value, or two as in a:b")
    return ends[0], ends[-1]


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None
