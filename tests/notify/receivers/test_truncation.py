"""Cutting texts: never longer than the limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.notify.receivers.truncation import truncate_bytes, truncate_runes


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 5, ""),
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcd…"),
        ("äöüäöü", 5, "äöüä…"),
        ("abcdef", 3, "abc"),
        ("abcdef", 0, ""),
    ],
)
def test_truncate_runes(text: str, limit: int, expected: str) -> None:
    """Characters count, whatever they weigh; up to three there is no room for an ellipsis."""
    assert truncate_runes(text, limit) == expected


@given(st.text(), st.integers(0, 40))
def test_limits_hold(text: str, limit: int) -> None:
    """Whatever the text, the limit holds and a short text is left alone."""
    assert len(truncate_runes(text, limit)) <= limit
    if len(text) <= limit:
        assert truncate_runes(text, limit) == text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abc…"),
        ("äöüä", 7, "äö…"),
        ("äöüä", 8, "äöüä"),
        ("abcdef", 3, "…"),
        ("abcdef", 2, ".."),
        ("abcdef", 0, ""),
    ],
)
def test_truncate_bytes(text: str, limit: int, expected: str) -> None:
    """Bytes count, the mark itself weighs three, and no character is halved."""
    assert truncate_bytes(text, limit) == expected


@given(st.text(), st.integers(0, 40))
def test_limits_in_bytes_hold(text: str, limit: int) -> None:
    """Whatever the text, the limit holds and a short text is left alone."""
    assert len(truncate_bytes(text, limit).encode()) <= limit
    if len(text.encode()) <= limit:
        assert truncate_bytes(text, limit) == text
