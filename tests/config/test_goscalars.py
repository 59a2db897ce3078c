"""Numbers and durations as Go's libraries read them."""

from __future__ import annotations

import pytest

from alertd.config.goscalars import to_go_duration, to_time_out, to_whole


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("0x1f", 31),
        ("0b11", 3),
        ("017", 15),
        ("0o17", 15),
        ("1_000", 1000),
        (1e3, 1000),
        (1.9, 1),
        ("-0x1", -1),
    ],
)
def test_whole(value: object, number: int) -> None:
    """All bases, underscores, and a float without its fraction."""
    assert to_whole(value) == number


@pytest.mark.parametrize("value", [True, "x", "09", "", None, float("inf"), [1], "0x"])
def test_not_whole(value: object) -> None:
    """Anything else is said to be none."""
    with pytest.raises(ValueError, match="expected a whole number, found"):
        to_whole(value)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("1m30s", 90_000), ("1.5s", 1500), ("1h", 3_600_000), ("0", 0), ("1ns", 1), ("-1s", -1000)],
)
def test_durations(text: str, milliseconds: int) -> None:
    """Go's own form, rounded up to milliseconds."""
    assert to_go_duration(text) == milliseconds


@pytest.mark.parametrize("value", ["1d", "5", "", "x", 60, 1.5, None, True, []])
def test_not_durations(value: object) -> None:
    """Days are none of Go's units, and a number needs a unit."""
    with pytest.raises(ValueError, match="duration"):
        to_go_duration(value)


@pytest.mark.parametrize(
    ("value", "milliseconds"), [("30s", 30_000), (0, 0), (30, 1), (2_000_000, 2), ("-5s", 0), (-5, 0)]
)
def test_time_outs(value: object, milliseconds: int) -> None:
    """A bare number is one of nanoseconds, and a time below zero is no time-out."""
    assert to_time_out(value) == milliseconds
