"""The series notation of unit tests."""

from __future__ import annotations

import math

import pytest

from alertd.promql import ParseError, is_stale, parse_metric, parse_series
from alertd.promql.histogram import CounterReset, FloatHistogram


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2.5 -3", [1, 2.5, -3]),
        ("1x3", [1, 1, 1, 1]),
        ("0+10x3", [0, 10, 20, 30]),
        ("5-2x2", [5, 3, 1]),
        ("-1-1.5x2", [-1, -2.5, -4]),
        ("1 _ 2 _x3 4", [1, None, 2, None, None, None, 4]),
        ("Inf -Inf +Inf 1e3 1_000", [math.inf, -math.inf, math.inf, 1000, 1000]),
        ("0x3 7", [0, 0, 0, 0, 7]),
        ("1e2+1e1x1", [100, 110]),
        ("", []),
    ],
)
def test_values(text: str, expected: list[float | None]) -> None:
    """Every form of item stands for its values."""
    assert parse_series(f"up {text}").values == expected


def test_stale_and_nan_differ() -> None:
    """`stale` is the marker, `NaN` an ordinary value."""
    first, second, third = parse_series("up stale NaN stalex0").values
    assert isinstance(first, float)
    assert is_stale(first)
    assert isinstance(second, float)
    assert math.isnan(second)
    assert not is_stale(second)
    assert isinstance(third, float)
    assert is_stale(third)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("up 1", {"__name__": "up"}),
        ('up{a="b"} 1', {"__name__": "up", "a": "b"}),
        ('up {a="}", b=\'"{\'}\t1', {"__name__": "up", "a": "}", "b": '"{'}),
        ('{__name__="up",a="b",} 1', {"__name__": "up", "a": "b"}),
        ('{"my metric","c.d"="e"} 1', {"__name__": "my metric", "c.d": "e"}),
        ("{} 1", {}),
        ("ns:m{} 1", {"__name__": "ns:m"}),
        ('up{a=""} 1', {"__name__": "up"}),
    ],
)
def test_labels(text: str, labels: dict[str, str]) -> None:
    """The metric comes with or without braces, with blanks before them, and with quoted names."""
    described = parse_series(text)
    assert described.labels == labels
    assert described.values == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("up 1 x 2", '1:6: parse error: invalid value "x" in a series, expected a number, a histogram, _ or stale'),
        ("up 1x", '1:4: parse error: invalid value "1x" in a series, expected a number, a histogram, _ or stale'),
        ("up {{schema:x}}", '1:4: parse error: schema of a histogram is "x", expected an integer'),
        ("up {{size:1}}", '1:4: parse error: unknown key "size" in a histogram, expected one of schema, sum, count,'),
        (
            "up {{schema:1}}+{{schema:0}}x2",
            "1:4: parse error: error combining histograms: cannot merge from schema 0 to 1",
        ),
        (
            "up {{schema:-53}}+{{schema:0}}x2",
            "1:4: parse error: error combining histograms: exponential and custom buckets do not mix",
        ),
        ("up 1x99999999", "1:4: parse error: more than 10000000 values in one item"),
        ('up{a!="b"} 1', '1:1: parse error: unexpected "!=" in label set, expected "="'),
        ('up{a="b",a="c"} 1', '1:1: parse error: label "a" is set twice'),
    ],
)
def test_refuses(text: str, message: str) -> None:
    """Faults are named with their place."""
    with pytest.raises(ParseError) as caught:
        parse_series(text)
    assert str(caught.value).startswith(message)


def test_histograms_grow() -> None:
    """A histogram may be repeated and may grow, and it is known whether it speaks of counter resets."""
    described = parse_series(
        "h {{schema:0 count:2 sum:3 buckets:[2]}}+{{schema:0 count:1 sum:1 buckets:[0 1]}}x2"
        " {{counter_reset_hint:gauge count:5}}x1 7"
    )
    shown = [value if isinstance(value, float) else str(value) for value in described.values]
    assert shown == [
        "{count:2, sum:3, (0.5,1]:2}",
        "{count:3, sum:4, (0.5,1]:2, (1,2]:1}",
        "{count:4, sum:5, (0.5,1]:2, (1,2]:2}",
        "{count:5, sum:0}",
        "{count:5, sum:0}",
        7.0,
    ]
    assert described.hinted == {3, 4}


@pytest.mark.parametrize(
    ("text", "hints", "hinted"),
    [
        ("{{count:1}}x1", ["", ""], set()),
        ("{{count:1 counter_reset_hint:gauge}}x1", ["gauge", "gauge"], {0, 1}),
        ("{{count:1}}+{{count:1}}x2", ["", "", ""], set()),
        ("{{count:1}}+{{counter_reset_hint:gauge}}x2", ["", "gauge", "gauge"], {0, 1, 2}),
        ("{{count:1 counter_reset_hint:gauge}}+{{count:1}}x2", ["gauge", "gauge", "gauge"], set()),
        ("{{count:1 counter_reset_hint:reset}}+{{count:1}}x2", ["reset", "", ""], set()),
        ("{{count:9 counter_reset_hint:reset}}-{{count:1 counter_reset_hint:reset}}x1", ["reset", "reset"], {0, 1}),
        ("{{count:1 counter_reset_hint:not_reset}}+{{schema:-9}}x0", ["not_reset"], set()),
    ],
)
def test_hints(text: str, hints: list[str], hinted: set[int]) -> None:
    """Values after the first have the hint of a sum, and what a growing item says is said by what grows it."""
    described = parse_series(f"h {text}")
    histograms = [value for value in described.values if isinstance(value, FloatHistogram)]
    assert [histogram.counter_reset for histogram in histograms] == [CounterReset(hint or "unknown") for hint in hints]
    assert described.hinted == hinted


def test_parse_metric_alone() -> None:
    """A metric may be read without values."""
    assert parse_metric('up{a="b"}') == {"__name__": "up", "a": "b"}
