"""Printing as Go's fmt prints."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alertd.gotemplate.goduration import GoDuration
from alertd.gotemplate.gofloat import format_float
from alertd.gotemplate.gofmt import sprint, sprintf, sprintln
from alertd.gotemplate.values import KV, StringMap

CASES = yaml.safe_load(Path(__file__).with_name("printf.yml").read_text())

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['format']} {case['values']}"[:60])
def test_sprintf_prints_as_go(case: dict[str, object]) -> None:
    """Verbs, flags, width, precision, argument indexes and all complaints are those of fmt.Sprintf."""
    template, values = case["format"], case["values"]
    assert isinstance(template, str)
    assert isinstance(values, list)
    assert sprintf(template, *values) == case["output"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (999999.0, "999999"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (123456.7, "123456.7"),
        (123456789.5, "1.234567895e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-1e6, "-1e+06"),
        (100000.5, "100000.5"),
        (0.0, "0"),
        (-0.0, "-0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_floats_print_with_gos_exponent_rule(value: float, expected: str) -> None:
    """A float has an exponent below 1e-4 and from 1e6 on, with at least two digits."""
    assert (format_float(value), sprint(value), sprintf("%v", value)) == (expected, expected, expected)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_float_reads_back_as_itself(value: float) -> None:
    """The shortest form loses nothing, in any notation."""
    assert float(format_float(value)) == value
    assert float(format_float(value, "f")) == value
    assert float.fromhex(format_float(value, "x")) == value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 2), "1 2"),
        (("a", 1), "a1"),
        (("a", "b"), "ab"),
        ((1, None), "1 <nil>"),
        ((True, 1.5, [1, "x"]), "true 1.5 [1 x]"),
        (({"b": 1, "a": None},), "map[a:<nil> b:1]"),
        ((StringMap(b="2", a="1"),), "map[a:1 b:2]"),
        ((KV(b="2", alertname="x"),), "alertname=x, b=2"),
        ((GoDuration(90_000_000_000), GoDuration(1_500_000)), "1m30s 1.5ms"),
        ((), ""),
    ],
)
def test_sprint_prints_values_side_by_side(values: tuple[object, ...], expected: str) -> None:
    """A space stands between two neighbours of which neither is a string."""
    assert sprint(*values) == expected


def test_sprintln_parts_everything_and_ends_the_line() -> None:
    """`println` puts a space between all values."""
    assert sprintln("a", 1, "b") == "a 1 b\n"


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("%d", GoDuration(1500), "1500"),
        ("%s", GoDuration(1500), "1.5µs"),
        ("%q", KV(a="b"), '"a=b"'),
        ("%T", KV(), "template.KV"),
        ("%T", {"a": 1}, "map[string]interface {}"),
        ("%#v", StringMap(a="b"), 'map[string]string{"a":"b"}'),
        ("%t", GoDuration(5), "%!t(time.Duration=5)"),
    ],
)
def test_sprintf_knows_types_and_methods(template: str, value: object, expected: str) -> None:
    """A value with a String method is printed by it where a string fits, and by its kind elsewhere."""
    assert sprintf(template, value) == expected


@given(st.text(alphabet="%vdsqxXeEfFgGbotTUcOpw+-# 0123456789.*[]é!", max_size=12), st.lists(VALUES, max_size=3))
def test_sprintf_takes_anything(template: str, values: list[object]) -> None:
    """No format and no value makes sprintf fail."""
    assert isinstance(sprintf(template, *values), str)
