"""The notation of start timestamps."""

from __future__ import annotations

import pytest

from alertd.promql.startnotation import parse_starts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1m", [-60_000]),
        ("-1mx2", [-60_000] * 3),
        ("0-1mx2 _", [0, -60_000, -120_000, None]),
        ("-30s+10sx1 _x2 +5ms", [-30_000, -20_000, None, None, 5]),
        ("*x3 _ *", [-1, -2, -1, None, -1]),
        ("", []),
    ],
)
def test_items(text: str, expected: list[int | None]) -> None:
    """Durations count from the sample, may be repeated and may grow; `*` is the default at that place."""
    assert parse_starts(text, default=[-1, -2]) == expected


def test_refuses() -> None:
    """What is no item is named."""
    with pytest.raises(ValueError, match=r'unexpected "1", expected a duration, _ or \*'):
        parse_starts("-1m 1")
    assert parse_starts("*") == [None]
