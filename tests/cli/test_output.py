"""What is printed: columns, fields, durations, and nothing that a terminal would obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.cli.output import clean, label_text, moment, show_fields, show_table, span


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as their widest cell; no line ends in blanks; an empty table says so."""
    show_table(("A", "LONG"), [("xxx", 1), ("y", None)], empty="nothing")
    show_table(("A", "LONG"), [], empty="nothing")
    assert capsys.readouterr().out == "A    LONG\nxxx  1\ny\nnothing\n"


def test_fields_leave_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """Values stand below each other; a zero is a value, an empty text is none."""
    show_fields([("a", 0), ("longer", ["x", "y"]), ("none", ""), ("labels", {"b": "2", "a": "1"})])
    assert capsys.readouterr().out == 'a:      0\nlonger: x, y\nlabels: a="1", b="2"\n'


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "0ms"), (999, "999ms"), (1_000, "1s"), (61_000, "1m1s"), (3_600_000, "1h"), (90_061_000, "1d1h")],
)
def test_span(milliseconds: int, text: str) -> None:
    """A duration is told to its two largest units."""
    assert span(milliseconds) == text


def test_moment() -> None:
    """An instant is told in whole seconds; none is nothing."""
    assert moment("2026-01-31T12:00:00.123Z") == "2026-01-31 12:00:00Z"
    assert moment(None) == ""


def test_labels_are_sorted_and_quoted() -> None:
    """Labels read as in a matcher; some can be left out."""
    assert label_text({"b": 'say "x"', "a": "1", "alertname": "X"}, without=["alertname"]) == 'a="1", b="say \\"x\\""'


@given(st.text())
def test_clean_text_is_printable(text: str) -> None:
    """Whatever others wrote, what is printed has no control characters, and printable text is left as it is."""
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert not text.isprintable() or cleaned == text
