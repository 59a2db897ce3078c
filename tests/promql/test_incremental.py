"""The incremental evaluation gives what a plain evaluation gives, at every instant of a storage that grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import chain, cycle, islice

import pytest
from hypothesis import example, given, settings
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
from alertd.promql.ast import Expr
from alertd.promql.features import ALL_FEATURES
from alertd.promql.histogram import FloatHistogram
from alertd.promql.incremental import IncrementalEvaluation
from alertd.promql.slidingfunctions import SLIDING

STEP = 30_000
#: Whole numbers of a size at which every sum is exact, and the values that are no numbers.
WHOLE = st.integers(-1000, 1000).map(float)
ODD = st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1e300, -1e300, 5e-324])
FRACTION = st.floats(-1e6, 1e6)
STALE = st.just(STALE_NAN)

#: The functions that have another argument beside the range.
FORMS = {"quantile_over_time": "quantile_over_time(0.3, {})", "predict_linear": "predict_linear({}, 100)"}
#: The functions whose values over few samples come from the plain functions.
ROUNDING = ("stdvar_over_time", "stddev_over_time", "deriv", "predict_linear")


def parsed(text: str) -> Expr:
    """The expression, of the experimental language, too."""
    return parse(text, features=ALL_FEATURES)


def call(name: str, ranged: str) -> str:
    """The function over a range."""
    return FORMS.get(name, name + "({})").format(ranged)


EXPRESSIONS = (
    *(call(name, "x[3m]") for name in SLIDING),
    *(call(name, "x[90s] offset 1m") for name in SLIDING),
    *(call(name, "(x > 0)[4m:45s]") for name in SLIDING),
    "quantile_over_time(scalar(sum(x)) / 10, x[8m])",
    "quantile_over_time(0.5, x[8m])",
    "mad_over_time(x[8m])",
    "predict_linear(x[3m], time())",
    "predict_linear(x[3m] offset -1m, 10)",
    "predict_linear(x[3m] @ 200, scalar(x))",
    "predict_linear(x[3m:30s] offset 1m, 10)",
    "double_exponential_smoothing(x[3m], 0.5, 0.3)",
    "absent_over_time(x[2m])",
    'absent_over_time(x{a="3",b!="y"}[2m])',
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


def long_series(blocks: list[tuple[list[float | None], int]]) -> list[float | None]:
    """Two hundred values, of blocks that are repeated some times each."""
    return list(islice(cycle(chain.from_iterable(values * times for values, times in blocks)), 200))


def blocks_of(values: st.SearchStrategy[float | None]) -> st.SearchStrategy[list[tuple[list[float | None], int]]]:
    return st.lists(st.tuples(st.lists(values, min_size=1, max_size=12), st.integers(1, 150)), min_size=1, max_size=6)


def outcomes(expr: str, series: Mapping[str, list[float | None]], *, settled: bool) -> list[tuple[object, object]]:
    """What both evaluations come to, pair by pair, after each step that the storage grew by."""
    storage = MemoryStorage()
    options = Options(default_subquery_step=STEP)
    following = IncrementalEvaluation(parsed(expr), storage, options=options, settled=settled)
    found: list[tuple[object, object]] = []
    for index in range(max(map(len, series.values()), default=0)):
        at = index * STEP
        for name, values in series.items():
            if index < len(values) and (value := values[index]) is not None:
                storage.append({"__name__": "x", "a": name}, at, value)
        expected = outcome(lambda at=at: shown(evaluate(parsed(expr), storage, at, options=options).value))
        got = outcome(lambda at=at: shown(following.at(at)))
        found.append((expected, got))
    return found


def test_every_sliding_function_is_compared() -> None:
    """A function that gets a sliding form is in the tests below."""
    assert all(any(text.startswith(f"{name}(") for text in EXPRESSIONS) for name in SLIDING)


@settings(max_examples=20)
@example(series={"1": [0.0, -0.0, -0.0], "2": [math.nan, math.nan, 1.0]})
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
    for expected, got in outcomes(call(name, "x[6m]"), {"1": values}, settled=True):
        assert got == expected


@settings(max_examples=20, deadline=None)
@example(blocks=[([1.0, 2.0, 1e300], 1), ([3.0, 5.0], 100)])
@example(blocks=[([1.0, math.nan], 1), ([3.0, 5.0], 80), ([math.inf], 1), ([7.0, 4.0], 20)])
@given(blocks=blocks_of(st.none() | WHOLE | ODD | STALE))
@pytest.mark.parametrize(
    "expr",
    [
        "sum_over_time(x[75m])",
        "avg_over_time(x[75m])",
        "deriv(x[75m])",
        "predict_linear(x[75m], 3600)",
        "predict_linear(x[75m] offset 10m, 3600)",
        "predict_linear(x[75m] @ 5000, 3600)",
        "predict_linear(x[75m:30s], 3600)",
        "quantile_over_time(0.9, x[75m])",
        "mad_over_time(x[75m])",
    ],
)
def test_long_ranges_bit_for_bit(expr: str, blocks: list[tuple[list[float | None], int]]) -> None:
    """Over many whole numbers, and numbers that are none, every bit is the same."""
    for expected, got in outcomes(expr, {"1": long_series(blocks)}, settled=True):
        assert got == expected


@settings(max_examples=20, deadline=None)
@given(blocks=blocks_of(st.none() | WHOLE | ODD | STALE | FRACTION), base=st.sampled_from([0.0, 0.1, 1e3, 1e9, -1e15]))
@pytest.mark.parametrize("name", ROUNDING)
def test_long_ranges_of_fractions(name: str, blocks: list[tuple[list[float | None], int]], base: float) -> None:
    """Over many numbers of any kind spreads and lines differ by less than 1e-12 of the largest number."""
    values = [value if value is None or value != value else value + base for value in long_series(blocks)]
    largest = max((abs(value) for value in values if value is not None and abs(value) < math.inf), default=0.0)
    size = largest * largest if name == "stdvar_over_time" else largest
    for expected, got in outcomes(call(name, "x[75m]"), {"1": values}, settled=True):
        assert isinstance(expected, dict)
        assert isinstance(got, dict)
        assert got.keys() == expected.keys()
        for key in expected:
            assert alike(float(got[key]), float(expected[key]), 1e-12 * size)


@pytest.mark.parametrize("level", [0.1, 123.456, -0.0, math.inf])
@pytest.mark.parametrize("name", ROUNDING)
def test_long_level(name: str, level: float) -> None:
    """Where a series keeps its number, sums do not blur that: every bit is the same, from the first such range on."""
    values: list[float | None] = [0.3, 0.2] * 20 + [level] * 200
    for expected, got in outcomes(call(name, "x[75m]"), {"1": values}, settled=True)[-51:]:
        assert got == expected


def alike(got: float, expected: float, tolerance: float) -> bool:
    if math.isfinite(expected):
        return abs(got - expected) <= tolerance
    return repr(got) == repr(expected)


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
    following = IncrementalEvaluation(parsed(expr), storage, options=options, settled=False)
    for index in range(20):
        at = index * STEP
        for moment in (at, at):
            expected = shown(evaluate(parsed(expr), storage, moment, options=options).value)
            assert shown(following.at(moment)) == expected
            # A rule that comes later in its group writes after this one has looked.
            storage.append({"__name__": "x", "a": str(index % 2)}, at, float(index % 5))


@pytest.mark.parametrize(
    "expr", [*(call(name, "x[3m]") for name in SLIDING), "max_over_time(x[3m:30s])", "mad_over_time(x[3m:30s])"]
)
def test_going_back(expr: str) -> None:
    """An instant before the last one is answered all the same."""
    storage = MemoryStorage()
    for index in range(30):
        storage.append({"__name__": "x"}, index * STEP, float(index))
    following = IncrementalEvaluation(parsed(expr), storage, settled=True)
    for index in (20, 29, 4, 12, 11, 29):
        at = index * STEP
        assert shown(following.at(at)) == shown(evaluate(parsed(expr), storage, at).value)


@pytest.mark.parametrize(("at", "value"), [(60_000, "nan"), (150_000, "inf"), (225_000, "inf"), (300_000, "nan")])
def test_infinity_ahead(at: int, value: str) -> None:
    """A line through samples on both sides of its origin may rise without end to an infinity ahead."""
    storage = MemoryStorage()
    for index in range(10):
        storage.append({"__name__": "x"}, index * STEP, math.inf if index == 8 else float(index))
    expr = parsed("predict_linear(x[10m] @ 270, 10)")
    for found in (evaluate(expr, storage, at).value, IncrementalEvaluation(expr, storage).at(at)):
        assert shown(found) == {frozenset(): value}


@pytest.mark.parametrize(
    "expr", [*(call(name, "x[3m]") for name in SLIDING), "sum_over_time(x[3m:30s])", "x", "absent_over_time(x[1m])"]
)
def test_histograms(expr: str) -> None:
    """A series that gets native histograms is evaluated plainly from then on."""
    storage = MemoryStorage()
    following = IncrementalEvaluation(parsed(expr), storage, settled=True)
    for index in range(14):
        at = index * STEP
        if index < 4:
            storage.append({"__name__": "x"}, at, float(index))
        else:
            histogram = FloatHistogram(count=float(index), sum=float(index), positive={0: float(index)})
            storage.append_histogram({"__name__": "x"}, at, histogram)
        assert shown(following.at(at)) == shown(evaluate(parsed(expr), storage, at).value)


@pytest.mark.parametrize("expr", ["histogram_count(x)", "rate(x[step()])", "x[5m]", '"text"'])
def test_no_form(expr: str) -> None:
    """What cannot be followed is evaluated plainly, with its value or its error."""
    storage = MemoryStorage()
    storage.append({"__name__": "x"}, 0, 1.0)
    following = IncrementalEvaluation(parsed(expr), storage)
    assert outcome(lambda: following.at(0)) == outcome(lambda: evaluate(parsed(expr), storage, 0).value)


@pytest.mark.parametrize("name", SLIDING)
def test_each_sample_is_met_twice(name: str) -> None:
    """A long window costs what changed: many samples are never looked at again."""
    storage = MemoryStorage()
    looked = 0

    class Counting(float):
        def __eq__(self, other: object) -> bool:
            nonlocal looked
            looked += 1
            return float.__eq__(self, other)

        __hash__ = float.__hash__

    following = IncrementalEvaluation(parsed(call(name, "x[10h]")), storage)
    storage.append({"__name__": "x"}, 0, 0.0)
    (series,) = storage.series()
    series.values = values = [Counting(0.0)]
    for index in range(1, 2_000):
        series.times.append(index * STEP)  # type: ignore[attr-defined]  # the array of the storage
        values.append(Counting(index))
        following.at(index * STEP)
    assert looked < 30_000
