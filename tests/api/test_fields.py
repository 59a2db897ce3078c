"""Instants and durations go out as they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from alertd.api.fields import LAST_INSTANT, Number, check_matcher, read_duration, read_instant
from alertd.clock import to_rfc3339
from alertd.promql.durations import format_duration


def outcome(read: Callable[[Any], object], value: object) -> tuple[object, str]:
    """What was read, or the words of the refusal."""
    try:
        return read(value), ""
    except ValueError as error:
        return None, str(error)


@given(st.integers(0, LAST_INSTANT))
def test_instants(instant: int) -> None:
    """Every instant that can be printed reads back as itself."""
    assert read_instant(to_rfc3339(instant)) == instant


@given(st.integers(1, 10 * 365 * 86_400_000))
def test_durations(duration: int) -> None:
    """Every duration reads back as itself."""
    assert read_duration(format_duration(duration)) == duration


@given(st.one_of(st.text(), st.none(), st.booleans(), st.integers(), st.floats()))
def test_anything_else(value: object) -> None:
    """Whatever is given, it is an instant or a duration in range, or refused in words."""
    for read, largest in ((read_instant, LAST_INSTANT), (read_duration, 3_652 * 86_400_000)):
        found, refusal = outcome(read, value)
        assert "expected a" in refusal or (isinstance(found, int) and 0 <= found <= largest)


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2026-01-31",
        "2026-13-01T00:00Z",
    ],
)
def test_instants_out_of_range(text: str) -> None:
    """A time that cannot be printed again, or that has no zone, is refused."""
    with pytest.raises(ValueError, match="expected a time from 1970"):
        read_instant(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.5, "1.5"), (float("nan"), '"NaN"'), (float("inf"), '"+Inf"'), (float("-inf"), '"-Inf"')],
)
def test_numbers(value: float, text: str) -> None:
    """The numbers that JSON does not have are written as Prometheus writes them."""
    assert TypeAdapter(Number).dump_json(value).decode() == text


@given(st.text())
def test_matchers(text: str) -> None:
    """Any text is a matcher or is refused in words."""
    found, refusal = outcome(check_matcher, text)
    assert found == text or "matcher" in refusal or "U+0000" in refusal
