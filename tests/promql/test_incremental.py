"""The incremental evaluation gives what a plain evaluation gives, at every instant of a storage that grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.promql import (
    STALE_NAN,
    EvaluationError,
    MemoryStorage,
    Options,
    Scalar,
    Value,
    Vector,
    evaluate,
    parse,
)
from alertd.promql.histogram import FloatHistogram
from alertd.promql.incremental import IncrementalEvaluation
from alertd.promql.slidingfunctions import SLIDING

STEP = 30_000
#: Whole numbers of a size at which every sum is exact, and the values that are no numbers.
WHOLE = st.integers(-1000, 1000).map(float)
ODD = st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1e300, -1e300, 5e-324])
FRACTION = st.floats(-1e6, 1e6)
STALE = st.just(STALE_NAN)

EXPRESSIONS = (
    *(f"{name}(x[3m])" for name in SLIDING),
    *(f"{name}(x[90s] offset 1m)" for name in SLIDING),
    *(f"{name}((x > 0)[4m:45s])" for name in SLIDING),
    "absent_over_time(x[2m])",
    'absent_over_time(x{a="3",b!="y"}[2m])',
    "stddev_over_time(x[3m])",
    "quantile_over_time(0.3, x[3m:30s])",
    "max_over_time(rate(x[2m])[5m:1m])",
    "sum_over_time(sum(max_over_time(x[1m]))[3m:30s])",
    "sum(rate(x[3m])) by (a) / count(x)",
    "sum_over_time(x[5m] @ 200)",
    "max_over_time(x[3m] offset -1m)",
    "max_over_time(x[3m:30s] offset -1m)",
    "max_over_time(x[3m:30s] @ 300)",
    "max_over_time((x offset -1m)[3m:30s])",
    "stddev_over_time((x offset -1m)[3m:30s])",
    "time() + scalar(sum(x))",
    "x > 1 and increase(x[10m]) > 0 or vector(1)",
    "sum_over_time(x[4m]) unless on (a) x",
)


def shown(value: Value) -> Mapping[frozenset[tuple[str, str]], object]:
    """The values by their labels; numbers as text, so that a NaN is one and a bit is a bit."""
    if isinstance(value, Scalar):
        return {frozenset(): repr(value.value)}
    assert isinstance(value, Vector)
    return {frozenset(sample.labels.items()): sample.histogram or repr(sample.value) for sample in value}


def outcome(value: Callable[[], object]) -> object:
    """What an evaluation gives, or the error that it ends with."""
    try:
        return value()
    except EvaluationError as error:
        return str(error)


def outcomes(expr: str, series: Mapping[str, list[float | None]], *, settled: bool) -> list[tuple[object, object]]:
    """What both evaluations come to, pair by pair, after each step that the storage grew by."""
    storage = MemoryStorage()
    options = Options(default_subquery_step=STEP)
    following = IncrementalEvaluation(parse(expr), storage, options=options, settled=settled)
    found: list[tuple[object, object]] = []
    for index in range(max(map(len, series.values()), default=0)):
        at = index * STEP
        for name, values in series.items():
            if index < len(values) and (value := values[index]) is not None:
                storage.append({"__name__": "x", "a": name}, at, value)
        expected = outcome(lambda at=at: shown(evaluate(parse(expr), storage, at, options=options).value))
        got = outcome(lambda at=at: shown(following.at(at)))
        found.append((expected, got))
    return found


def test_every_sliding_function_is_compared() -> None:
    """A function that gets a sliding form is in the tests below."""
    assert all(any(text.startswith(f"{name}(") for text in EXPRESSIONS) for name in SLIDING)


@settings(max_examples=20)
@given(
    series=st.dictionaries(
        st.sampled_from("123"), st.lists(st.none() | WHOLE | ODD | STALE, min_size=1, max_size=25), max_size=3
    )
)
@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_bit_for_bit(expr: str, series: dict[str, list[float | None]]) -> None:
    """With whole numbers, numbers that are none, gaps and stale markers every bit is the same."""
    for expected, got in outcomes(expr, series, settled=True):
        assert got == expected


@settings(max_examples=20)
@given(values=st.lists(FRACTION, min_size=1, max_size=25))
@pytest.mark.parametrize("name", sorted(SLIDING.keys() - {"sum_over_time", "avg_over_time"}))
def test_fractions_bit_for_bit(name: str, values: list[float | None]) -> None:
    """What is no sum has the same bits with fractions, too."""
    for expected, got in outcomes(f"{name}(x[3m])", {"1": values}, settled=True):
        assert got == expected


@settings(max_examples=100)
@given(values=st.lists(st.floats(0.001, 1e6), min_size=1, max_size=40))
@pytest.mark.parametrize("name", ["sum_over_time", "avg_over_time"])
def test_sums_of_fractions(name: str, values: list[float | None]) -> None:
    """Sums of fractions differ in the last bit at most."""
    key = frozenset({("a", "1")})
    for expected, got in outcomes(f"{name}(x[3m])", {"1": values}, settled=True):
        assert isinstance(expected, dict)
        assert isinstance(got, dict)
        assert math.isclose(float(got[key]), float(expected[key]), rel_tol=3e-16)


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_late_samples(expr: str) -> None:
    """Where samples may still come at instants that were looked at, nothing that a subquery found is kept."""
    storage = MemoryStorage()
    options = Options(default_subquery_step=STEP)
    following = IncrementalEvaluation(parse(expr), storage, options=options, settled=False)
    for index in range(20):
        at = index * STEP
        for moment in (at, at):
            expected = shown(evaluate(parse(expr), storage, moment, options=options).value)
            assert shown(following.at(moment)) == expected
            # A rule that comes later in its group writes after this one has looked.
            storage.append({"__name__": "x", "a": str(index % 2)}, at, float(index % 5))


@pytest.mark.parametrize("expr", ["sum_over_time(x[3m])", "max_over_time(x[3m:30s])", "rate(x[2m])"])
def test_going_back(expr: str) -> None:
    """An instant before the last one is answered all the same."""
    storage = MemoryStorage()
    for index in range(30):
        storage.append({"__name__": "x"}, index * STEP, float(index))
    following = IncrementalEvaluation(parse(expr), storage, settled=True)
    for index in (20, 29, 4, 12, 11, 29):
        at = index * STEP
        assert shown(following.at(at)) == shown(evaluate(parse(expr), storage, at).value)


@pytest.mark.parametrize(
    "expr", ["sum_over_time(x[3m])", "rate(x[3m])", "sum_over_time(x[3m:30s])", "x", "absent_over_time(x[1m])"]
)
def test_histograms(expr: str) -> None:
    """A series that gets native histograms is evaluated plainly from then on."""
    storage = MemoryStorage()
    following = IncrementalEvaluation(parse(expr), storage, settled=True)
    for index in range(14):
        at = index * STEP
        if index < 4:
            storage.append({"__name__": "x"}, at, float(index))
        else:
            histogram = FloatHistogram(count=float(index), sum=float(index), positive={0: float(index)})
            storage.append_histogram({"__name__": "x"}, at, histogram)
        assert shown(following.at(at)) == shown(evaluate(parse(expr), storage, at).value)


@pytest.mark.parametrize("expr", ["histogram_count(x)", "rate(x[step()])", "x[5m]", '"text"'])
def test_no_form(expr: str) -> None:
    """What cannot be followed is evaluated plainly, with its value or its error."""
    storage = MemoryStorage()
    storage.append({"__name__": "x"}, 0, 1.0)
    following = IncrementalEvaluation(parse(expr), storage)
    assert outcome(lambda: following.at(0)) == outcome(lambda: evaluate(parse(expr), storage, 0).value)


def test_each_sample_is_met_twice() -> None:
    """A long window costs what changed: the sum over all samples is never taken again."""
    storage = MemoryStorage()
    looked = 0

    class Counting(float):
        def __eq__(self, other: object) -> bool:
            nonlocal looked
            looked += 1
            return float.__eq__(self, other)

        __hash__ = float.__hash__

    following = IncrementalEvaluation(parse("sum_over_time(x[1d])"), storage)
    storage.append({"__name__": "x"}, 0, 0.0)
    (series,) = storage.series()
    series.values = values = [Counting(0.0)]
    for index in range(1, 2_000):
        series.times.append(index * STEP)  # type: ignore[attr-defined]  # the array of the storage
        values.append(Counting(index))
        following.at(index * STEP)
    assert looked < 10_000
