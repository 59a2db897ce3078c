"""The notation of start timestamps."""

from __future__ import annotations

import re

import pytest

from alertd.promql.startnotation import parse_starts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1m", [-60_000]),
        ("-1mx2", [-60_000] * 3),
        ("0-1mx2 _", [0, -60_000, -120_000, None]),
        ("-30s+10sx1 _x2 +5ms", [-30_000, -20_000, None, None, 5]),
        ("-10s *", [-10_000, -10_000]),
        ("-10s *x2", [-10_000] * 4),
        ("0s-1mx2 _ *", [0, -60_000, -120_000, None, -120_000]),
        ("* -1s *x0", [0, -1000, -1000]),
        ("_x2 *x1", [None, None, 0, 0]),
        ("", []),
    ],
)
def test_items(text: str, expected: list[int | None]) -> None:
    """Durations count from the sample, may be repeated and may grow; `*` is the last one before it."""
    assert parse_starts(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-1m 1", 'unexpected "1", expected a duration, _ or *'),
        ("-1m+1s", 'unexpected "-1m+1s", expected a duration, _ or *'),
        ("_x0", '"_x0" stands for nothing, expected a count of at least 1'),
        ("*x99999999", "more than 10000000 values in one item"),
        ("1mx99999999", "more than 10000000 values in one item"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    """What is no item is named."""
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_starts(text)
