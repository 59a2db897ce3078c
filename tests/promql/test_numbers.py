"""Numbers as PromQL, samples and scripts write them."""

from __future__ import annotations

import math

import pytest

from alertd.promql.numbers import parse_go_float, parse_literal, parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1_000", 1000),
        ("1_2.3_4e+0_1", 123.4),
        (".5", 0.5),
        ("1.", 1),
        ("-2.5E3", -2500),
        ("017", 15),
        ("0_17", 15),
        ("-0o17", -15),
        ("08", 8),
        ("0x1F", 31),
        ("0x_1f", 31),
        ("-0b101", -5),
        ("0x7fffffffffffffff", 2.0**63),
        ("0x1p-1", 0.5),
        ("-0x1.8p1", -3),
        ("0x.8P0", 0.5),
        ("+Inf", math.inf),
        ("-infinity", -math.inf),
    ],
)
def test_literals(text: str, value: float) -> None:
    """A literal is an integer of any base, or a fraction of base ten or sixteen, as in Go."""
    assert parse_literal(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "1_", "_1", "1__0", "1._5", "1e_5", "0x", "0x1_", "0b12", "0o8", "0x.p1", "1p3"),
        *("1e400", "-1e400", "0x1p9999", f"0x{'f' * 400}", "0xffffffffffffffff", "-NaN", "١"),
    ],
)
def test_no_literals(text: str) -> None:
    """Misplaced underscores, foreign digits and numbers out of range are refused."""
    assert parse_literal(text) is None
    with pytest.raises(ValueError, match="error parsing number"):
        parse_number(text)


def test_not_a_number() -> None:
    """NaN is a number in every notation."""
    for text in ("NaN", "nan"):
        for number in (parse_literal(text), parse_go_float(text), parse_number(text)):
            assert number is not None
            assert math.isnan(number)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5e3", 1500), ("-.5", -0.5), ("+Inf", math.inf), ("017", 17), ("1e-400", 0)],
)
def test_samples(text: str, value: float) -> None:
    """A sample or a bound is decimal."""
    assert parse_go_float(text) == value


@pytest.mark.parametrize("text", ["0x10", "0x1p3", "1_0", "1e400", "-1e400", "+NaN", " 1", ""])
def test_no_samples(text: str) -> None:
    """Prometheus refuses other bases, underscores, and what is out of range."""
    assert parse_go_float(text) is None
