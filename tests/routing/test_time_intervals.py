"""Time intervals: which instants lie in them, in which zone, and which texts are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.clock import DAY, MINUTE, from_rfc3339, to_datetime
from alertd.routing.time_intervals import (
    Period,
    Span,
    TimeInterval,
    TimeIntervalError,
    TimeOfDay,
    parse_days_of_month,
    parse_location,
    parse_months,
    parse_times,
    parse_weekdays,
    parse_years,
)


def period(
    times: tuple[str, str] | None = None,
    weekdays: str = "",
    days: str = "",
    months: str = "",
    years: str = "",
    location: str = "",
) -> Period:
    return Period(
        times=(parse_times(*times),) if times else None,
        weekdays=(parse_weekdays(weekdays),) if weekdays else None,
        days_of_month=(parse_days_of_month(days),) if days else None,
        months=(parse_months(months),) if months else None,
        years=(parse_years(years),) if years else None,
        zone=parse_location(location),
    )


OFFICE = period(("09:00", "17:00"), weekdays="monday:friday")
BERLIN = period(("02:00", "03:00"), location="Europe/Berlin")


@pytest.mark.parametrize(
    ("case", "at", "expected"),
    [
        (Period(), "2026-01-01T00:00:00Z", True),
        (OFFICE, "2026-11-20T09:00:00Z", True),
        (OFFICE, "2026-11-20T08:59:59.999Z", False),
        (OFFICE, "2026-11-20T16:59:59.999Z", True),
        (OFFICE, "2026-11-20T17:00:00Z", False),
        (OFFICE, "2026-11-21T12:00:00Z", False),
        (period(("22:00", "24:00")), "2026-11-20T23:59:59.999Z", True),
        (period(("22:00", "24:00")), "2026-11-21T00:00:00Z", False),
        (period(("00:00", "24:00")), "2026-11-21T00:00:00Z", True),
        (period(weekdays="Sunday"), "2026-11-22T12:00:00Z", True),
        (period(weekdays="sunday:saturday"), "2026-11-20T12:00:00Z", True),
        (period(days="-1"), "2026-02-28T12:00:00Z", True),
        (period(days="-1"), "2028-02-28T12:00:00Z", False),
        (period(days="-1"), "2028-02-29T12:00:00Z", True),
        (period(days="-3:-1"), "2026-04-28T12:00:00Z", True),
        (period(days="-3:-1"), "2026-04-27T12:00:00Z", False),
        (period(days="25:-1"), "2026-04-24T12:00:00Z", False),
        (period(days="25:-1"), "2026-04-30T12:00:00Z", True),
        (period(days="30:31"), "2026-04-30T12:00:00Z", True),
        (period(days="31"), "2026-04-30T12:00:00Z", False),
        (period(days="29:31"), "2026-02-28T12:00:00Z", False),
        (period(days="-31:-29"), "2026-02-01T12:00:00Z", False),
        (period(days="-31:-28"), "2026-02-01T12:00:00Z", True),
        (period(months="january:3"), "2026-03-31T23:59:00Z", True),
        (period(months="january:3"), "2026-04-01T00:00:00Z", False),
        (period(years="2026:2027"), "2028-01-01T00:00:00Z", False),
        (period(months="12", years="2026"), "2026-12-31T23:00:00Z", True),
        # Winter in Berlin is UTC+1, summer UTC+2; on 29 March 2026 the hour from 02:00 does not exist.
        (BERLIN, "2026-01-10T01:30:00Z", True),
        (BERLIN, "2026-07-10T00:30:00Z", True),
        (BERLIN, "2026-07-10T01:30:00Z", False),
        (BERLIN, "2026-03-29T00:59:00Z", False),
        (BERLIN, "2026-03-29T01:00:00Z", False),
        # On 25 October 2026 the hour from 02:00 comes twice, and both are inside.
        (BERLIN, "2026-10-25T00:30:00Z", True),
        (BERLIN, "2026-10-25T01:30:00Z", True),
        (BERLIN, "2026-10-25T02:00:00Z", False),
        # The calendar day is the zone's as well.
        (period(weekdays="friday", location="Australia/Sydney"), "2026-11-19T13:00:00Z", True),
        (period(weekdays="friday", location="Australia/Sydney"), "2026-11-20T13:00:00Z", False),
        # A list that is there and empty holds never.
        (Period(times=()), "2026-01-01T00:00:00Z", False),
    ],
)
def test_contains(case: Period, at: str, expected: bool) -> None:
    """Ends are excluded for times and included for the rest; days clamp to the month; the zone's wall clock counts."""
    assert case.contains(from_rfc3339(at)) is expected


def test_any_of_the_periods() -> None:
    """An interval holds in any of its periods, and never without one."""
    weekend = TimeInterval("weekend", (period(weekdays="saturday"), period(weekdays="sunday")))
    assert [weekend.contains(from_rfc3339(f"2026-11-{day}T12:00:00Z")) for day in (20, 21, 22, 23)] == [
        False,
        True,
        True,
        False,
    ]
    assert not TimeInterval("never").contains(0)


def test_any_of_a_list() -> None:
    """Of a list one member must hold."""
    peaks = Period(times=(TimeOfDay(480, 540), TimeOfDay(1020, 1080)), months=(Span(1, 1), Span(3, 3)))
    hours = [peaks.contains(from_rfc3339(f"2026-03-02T{hour:02}:30:00Z")) for hour in (8, 12, 17)]
    assert hours == [True, False, True]
    assert not peaks.contains(from_rfc3339("2026-02-02T08:30:00Z"))


def test_local_is_the_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Local` follows the zone of the machine."""
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert period(("09:00", "10:00"), location="Local").contains(from_rfc3339("2026-11-20T00:30:00Z"))
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_weekdays, "mon", "mon is not a valid weekday; write its English name in full"),
        (parse_weekdays, "saturday:sunday", "write two entries"),
        (parse_weekdays, "monday:", " is not a valid weekday"),
        (parse_weekdays, "monday : friday", "monday  is not a valid weekday"),
        (parse_weekdays, "monday:friday:sunday", "couldn't parse range monday:friday:sunday, invalid format"),
        (parse_days_of_month, "0", "0 is not a valid day of the month: out of range; write 1 to 31"),
        (parse_days_of_month, "32", "32 is not a valid day of the month"),
        (parse_days_of_month, "-32:-1", "-32 is not a valid day of the month"),
        (parse_days_of_month, "-3:5", "end day must be negative if start day is negative"),
        (parse_days_of_month, "5:1", "end day 1 is always before start day 5"),
        (parse_days_of_month, "-1:-3", "always before start day"),
        (parse_days_of_month, "28:-5", "always before start day"),
        (parse_days_of_month, "first", "first is not a valid day of the month"),
        (parse_months, "jan", "jan is not a valid month; write its English name in full or 1 to 12"),
        (parse_months, "november:february", "end month february is before start month november"),
        (parse_years, "two", "'two' is no year"),
        (parse_years, "2027:2026", "end year 2026 is before start year 2027; swap them"),
        (parse_location, "Europe", "unknown time zone Europe"),
        (parse_location, "Berlin/Europe", "unknown time zone Berlin/Europe; write an IANA name"),
        (parse_location, "../etc/passwd", "unknown time zone"),
    ],
)
def test_refused(parse: Callable[[str], object], text: str, message: str) -> None:
    """A refused text is quoted, and the sentence says what would be right."""
    with pytest.raises(TimeIntervalError) as refused:
        parse(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("9:00", "17:00", "couldn't parse timestamp 9:00, invalid format; write HH:MM"),
        ("09:60", "17:00", "couldn't parse timestamp 09:60"),
        ("09:00", "24:01", "couldn't parse timestamp 24:01"),
        ("09:00", "09:00", "start time cannot be equal or greater than end time, as 09:00 is to 09:00"),
        ("22:00", "06:00", "write two entries: 22:00 to 24:00, and 00:00 to 06:00"),
    ],
)
def test_times_refused(start: str, end: str, message: str) -> None:
    """Times have two digits each, end after they start, and do not go over midnight."""
    with pytest.raises(TimeIntervalError) as refused:
        parse_times(start, end)
    assert message in str(refused.value)


@given(st.integers(min_value=0, max_value=40_000), st.integers(min_value=1, max_value=31))
def test_days_and_their_negatives_agree(day_number: int, distance: int) -> None:
    """The day `-n` is the one that n-1 days later is the last of its month."""
    instant = day_number * DAY + 5 * MINUTE
    moment = to_datetime(instant)
    later = to_datetime(instant + (distance - 1) * DAY)
    last_of_month = to_datetime(instant + distance * DAY).month != later.month and later.month == moment.month
    assert period(days=f"-{distance}").contains(instant) is last_of_month
