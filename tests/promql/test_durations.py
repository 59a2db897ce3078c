"""Durations: reading, writing, refusing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import format_duration, parse_duration

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("0", 0),
        ("0s", 0),
        ("1ms", 1),
        ("500ms", 500),
        ("90s", 90_000),
        ("1d12h", 36 * 3_600_000),
        ("1y2w3d4h5m6s7ms", (365 + 14 + 3) * DAY + 4 * 3_600_000 + 5 * 60_000 + 6_007),
        ("292y", 292 * 365 * DAY),
    ],
)
def test_reads_units_in_descending_order(text: str, milliseconds: int) -> None:
    """Every unit is worth its fixed number of milliseconds, a year being 365 days."""
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("5x", 'unknown unit "x" in duration "5x"'),
        ("5 m", 'unknown unit " m" in duration "5 m"'),
        ("5", 'not a valid duration string: "5"'),
        ("m", 'not a valid duration string: "m"'),
        ("-5m", 'not a valid duration string: "-5m"'),
        ("1m1h", 'not a valid duration string: "1m1h"'),
        ("1m1m", 'not a valid duration string: "1m1m"'),
        ("1.5h", 'unknown unit "." in duration "1.5h"'),
        ("293y", "duration out of range"),
        ("99999999999999999999s", 'not a valid duration string: "99999999999999999999s"'),
    ],
)
def test_refuses_in_prometheus_words(text: str, message: str) -> None:
    """A bad duration is refused with the message Prometheus users know."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (60_000, "1m"),
        (90 * DAY, "90d"),
        (14 * DAY, "2w"),
        (365 * DAY, "1y"),
        (366 * DAY, "366d"),
        (129_600_000, "1d12h"),
        (-90_000, "-1m30s"),
    ],
)
def test_writes_weeks_and_years_only_when_exact(milliseconds: int, text: str) -> None:
    """The canonical form uses weeks and years only for whole ones."""
    assert format_duration(milliseconds) == text


@given(st.integers(min_value=0, max_value=292 * 365 * DAY))
def test_written_durations_read_back(milliseconds: int) -> None:
    """Writing and reading are inverse."""
    assert parse_duration(format_duration(milliseconds)) == milliseconds
