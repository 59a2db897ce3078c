"""Evaluation at an instant and over a range: bounds, times, limits, what is reported."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import (
    EvaluationError,
    EvaluationTimeout,
    FloatHistogram,
    Matrix,
    MemoryStorage,
    Options,
    Sample,
    Scalar,
    String,
    TooManySamples,
    Vector,
    evaluate,
    evaluate_range,
    parse,
    parse_histogram,
    parse_series,
)

MINUTE = 60_000


def storage_of(*series: str, step: int = MINUTE) -> MemoryStorage:
    storage = MemoryStorage()
    for text in series:
        described = parse_series(text)
        for index, value in enumerate(described.values):
            if isinstance(value, float):
                storage.append(described.labels, index * step, value)
    return storage


def values(expr: str, storage: MemoryStorage, at: int, options: Options | None = None) -> dict[str, float]:
    """Return the vector's values by the label `l`."""
    result = evaluate(parse(expr), storage, at, options=options).value
    assert isinstance(result, Vector)
    return {sample.labels.get("l", ""): sample.value for sample in result}


def test_kinds_of_values() -> None:
    """Each type of expression gives its own kind of value, stamped with the evaluation time."""
    storage = storage_of('up{l="a"} 1 2 3')
    assert evaluate(parse("1 + 1"), storage, 7).value == Scalar(2.0, 7)
    assert evaluate(parse('"text"'), storage, 7).value == String("text", 7)
    assert evaluate(parse("up"), storage, 90_000).value == [Sample({"__name__": "up", "l": "a"}, 2.0, 90_000)]
    matrix = evaluate(parse("up[90s]"), storage, 2 * MINUTE).value
    assert isinstance(matrix, Matrix)
    (series,) = matrix
    assert (list(series.times), list(series.values)) == ([MINUTE, 2 * MINUTE], [2, 3])


def test_lookback_is_open_on_the_left() -> None:
    """A sample counts for less than the lookback, which is an option."""
    storage = storage_of("up 1")
    assert values("up", storage, 5 * MINUTE - 1) == {"": 1}
    assert values("up", storage, 5 * MINUTE) == {}
    assert values("up", storage, MINUTE, Options(lookback=MINUTE)) == {}


def test_stale_marker_ends_a_series() -> None:
    """A marker hides the series at once, and is no sample of a range."""
    storage = storage_of("up 1 stale _ 4")
    assert values("up", storage, MINUTE) == {}
    assert values("up", storage, 2 * MINUTE) == {}
    assert values("up", storage, 3 * MINUTE) == {"": 4}
    assert values("count_over_time(up[10m])", storage, 3 * MINUTE) == {"": 2}
    assert values("count_over_time(up[30s])", storage, MINUTE) == {}


def test_ordinary_nan_is_a_value() -> None:
    """NaN is not staleness."""
    assert math.isnan(values("up", storage_of("up NaN"), 1)[""])
    assert values("count_over_time(up[5m])", storage_of("up NaN 1"), MINUTE) == {"": 2}


def test_subquery_steps_are_multiples_of_the_step() -> None:
    """Steps are aligned to time 0, open on the left, and default to an option."""
    storage = storage_of("up 0+1x100", step=1000)
    assert values("count_over_time(up[10s:3s])", storage, 20_000) == {"": 3}
    assert values("sum_over_time(up[10s:5s])", storage, 20_000) == {"": 35}
    assert values("count_over_time(up[10s:])", storage, 20_000, Options(default_subquery_step=2000)) == {"": 5}
    assert values("sum_over_time(up[10s:5s] offset 10s)", storage, 30_000) == {"": 35}


def test_anchors() -> None:
    """`@` moves the selector's time; start() and end() are those of the query."""
    storage = storage_of("up 0+1x100")
    assert values("up @ 60", storage, 0) == {"": 1}
    assert values("up @ 60 offset -1m", storage, 0) == {"": 2}
    ranged = evaluate_range(parse("up @ end() - up @ start()"), storage, MINUTE, 5 * MINUTE, MINUTE).value
    assert isinstance(ranged, Matrix)
    assert list(ranged[0].values) == [4.0] * 5


def test_range_evaluation_is_sorted_and_keeps_gaps() -> None:
    """A range query gives one series per label set, sorted by labels, with the steps at which it had a value."""
    storage = storage_of('up{l="b"} 1 stale 3', 'up{l="a"} 5 5 5')
    result = evaluate_range(parse("up"), storage, 0, 2 * MINUTE, MINUTE).value
    assert isinstance(result, Matrix)
    assert [(series.labels["l"], list(series.times), list(series.values)) for series in result] == [
        ("a", [0, MINUTE, 2 * MINUTE], [5, 5, 5]),
        ("b", [0, 2 * MINUTE], [1, 3]),
    ]


def test_range_evaluation_of_a_scalar() -> None:
    """A scalar becomes one series without labels."""
    result = evaluate_range(parse("time()"), MemoryStorage(), 0, 2000, 1000).value
    assert isinstance(result, Matrix)
    assert (dict(result[0].labels), list(result[0].values)) == ({}, [0, 1, 2])


@pytest.mark.parametrize(("start", "end", "step"), [(0, 10, 0), (0, 10, -1), (10, 0, 1)])
def test_range_bounds_are_checked(start: int, end: int, step: int) -> None:
    """Impossible bounds are refused."""
    with pytest.raises(ValueError, match=r"step|end"):
        evaluate_range(parse("1"), MemoryStorage(), start, end, step)


def test_range_of_a_matrix_is_refused() -> None:
    """Only vectors and scalars have a value per step."""
    with pytest.raises(EvaluationError, match='invalid expression type "matrix" for range query'):
        evaluate_range(parse("up[5m]"), MemoryStorage(), 0, 1, 1)


def test_samples_are_counted_and_bounded() -> None:
    """The result says how many samples were read; a bound refuses more."""
    storage = storage_of('up{l="a"} 0+1x9', 'up{l="b"} 0+1x9')
    evaluation = evaluate(parse("sum(max_over_time(up[10m]))"), storage, 9 * MINUTE)
    assert evaluation.samples_read == 20
    with pytest.raises(EvaluationError, match="too many samples"):
        evaluate(parse("up[10m]"), storage, 9 * MINUTE, options=Options(max_samples=19))
    assert evaluate(parse("up[10m]"), storage, 9 * MINUTE, options=Options(max_samples=20)).samples_read == 20


def test_notes_name_their_place_once() -> None:
    """Warnings and infos carry line and column of what they speak of, and are not repeated."""
    storage = storage_of('up{l="a"} 0+1x9', 'up{l="b"} 0+1x9')
    evaluation = evaluate(parse("quantile(2,\n rate(up[5m]))"), storage, 9 * MINUTE)
    assert evaluation.warnings == ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]
    assert evaluation.infos == [
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (2:7)'
    ]


def test_names_are_dropped_now_or_later() -> None:
    """Functions drop the metric name at once by default; delayed, label_replace can still save it."""
    storage = storage_of('up{l="a"} 1')
    save = 'label_replace(abs(up), "__name__", "was_$1", "__name__", "(.+)")'
    now = evaluate(parse(save), storage, 0).value
    later = evaluate(parse(save), storage, 0, options=Options(delayed_name_removal=True)).value
    assert now == [Sample({"l": "a"}, 1, 0)]
    assert later == [Sample({"__name__": "was_up", "l": "a"}, 1, 0)]


@pytest.mark.parametrize("delayed", [False, True])
def test_series_that_become_one_are_an_error(delayed: bool) -> None:
    """Two series that differ by name alone cannot both lose it."""
    storage = storage_of("a 1", "b 2")
    for expr in (
        'abs({__name__=~"a|b"})',
        '-{__name__=~"a|b"}',
        '{__name__=~"a|b"} * 2',
        'max_over_time({__name__=~"a|b"}[1m])',
    ):
        with pytest.raises(EvaluationError, match="vector cannot contain metrics with the same labelset"):
            evaluate(parse(expr), storage, 0, options=Options(delayed_name_removal=delayed))


def test_results_are_the_callers_own() -> None:
    """Changing a result's labels does not change the storage."""
    storage = storage_of('up{l="a"} 1')
    result = evaluate(parse("up"), storage, 0).value
    assert isinstance(result, Vector)
    result[0].labels["l"] = "z"
    assert values("up", storage, 0) == {"a": 1}


def test_state_comparison_selects_by_label() -> None:
    """A comparison with a text gives the series in that state."""
    storage = storage_of('door{room="1",state="open"} 1', 'door{room="2",state="shut"} 1')
    result = evaluate(parse('door == "open"', states=True), storage, 0).value
    assert result == [Sample({"__name__": "door", "room": "1", "state": "open"}, 1, 0)]
    assert len(evaluate(parse('count(door != "open")', states=True), storage, 0).value) == 1  # type: ignore[arg-type]  # a vector


@given(
    st.sampled_from(
        ["up", "rate(up[3m])", "up > 3", "sum by (l) (up)", "max_over_time(up[4m:1m])", "up offset 2m", "topk(1, up)"]
    ),
    st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1, max_size=12),
    st.integers(0, 15 * MINUTE),
)
def test_range_query_is_its_instants(expr: str, column: list[float | None], start: int) -> None:
    """Each step of a range query gives what an instant query gives at that instant."""
    storage = MemoryStorage()
    for index, value in enumerate(column):
        if value is not None:
            storage.append({"__name__": "up", "l": "a"}, index * MINUTE, value)
            storage.append({"__name__": "up", "l": "b"}, index * MINUTE + 7000, value / 2)
    ranged = evaluate_range(parse(expr), storage, start, start + 3 * MINUTE, MINUTE).value
    assert isinstance(ranged, Matrix)
    found = {
        (at, tuple(sorted(series.labels.items()))): value
        for series in ranged
        for at, value in zip(series.times, series.values, strict=True)
    }
    single = {
        (at, tuple(sorted(sample.labels.items()))): sample.value
        for at in range(start, start + 3 * MINUTE + 1, MINUTE)
        for sample in evaluate(parse(expr), storage, at).value  # type: ignore[union-attr]  # all are vectors
    }
    assert found == single


def test_time_is_bounded() -> None:
    """When the time is over, evaluation ends with its own error, in subqueries and ranges, too."""
    storage = storage_of('up{l="a"} 0+1x9')
    for expr in ("up", "max_over_time(up[5m:1s])"):
        with pytest.raises(EvaluationTimeout, match="timed out"):
            evaluate(parse(expr), storage, 9 * MINUTE, options=Options(expired=lambda: True))
    asked = iter([False, False, True])
    with pytest.raises(EvaluationTimeout):
        evaluate_range(parse("up"), storage, 0, 9 * MINUTE, MINUTE, options=Options(expired=lambda: next(asked)))


def test_histograms_weigh_more_than_numbers() -> None:
    """A histogram counts against the bound with its size."""
    storage = MemoryStorage()
    storage.append_histogram({"__name__": "h"}, 0, parse_histogram("{{count:3 buckets:[1 1 1]}}"))
    assert evaluate(parse("h"), storage, 0, options=Options(max_samples=13)).value
    with pytest.raises(TooManySamples):
        evaluate(parse("h"), storage, 0, options=Options(max_samples=12))


def test_types_tell_counters() -> None:
    """With labels of type the label tells what is a counter, and not the name."""
    storage = storage_of('a{__type__="counter"} 0+1x9', 'b_total{__type__="gauge"} 0+1x9')
    options = Options(type_and_unit_labels=True)
    assert evaluate(parse("rate(a[5m])"), storage, 9 * MINUTE, options=options).infos == []
    (note,) = evaluate(parse("rate(b_total[5m])"), storage, 9 * MINUTE, options=options).infos
    assert note == (
        'PromQL info: metric might not be a counter, __type__ label is not set to "counter" or "histogram",'
        ' got "gauge": "b_total" (1:6)'
    )


def test_repairs_of_classic_histograms_are_told_once() -> None:
    """Over a range, one note says where and when counts had to be lifted."""
    storage = storage_of(
        'h_bucket{le="1"} 4+4x9', 'h_bucket{le="2"} 3+3x9', 'h_bucket{le="4"} 2+2x9', 'h_bucket{le="+Inf"} 6+6x9'
    )
    expr = parse("histogram_quantile(0.5, h_bucket)")
    options = Options(delayed_name_removal=True)
    (note,) = evaluate_range(expr, storage, 0, 9 * MINUTE, MINUTE, options=options).infos
    assert note.endswith(
        'for metric name "h_bucket", from buckets 2 to 4, with a max diff of 20, over 10 samples'
        " from 1970-01-01T00:00:00Z to 1970-01-01T00:09:00Z (1:25)"
    )


def test_starts_of_numbers_beside_histograms() -> None:
    """A number that counts from after the one before it began anew, also where the range has an older histogram."""
    storage = MemoryStorage()
    labels = {"__name__": "m_total"}
    storage.append_histogram(labels, 0, FloatHistogram(count=1.0, sum=1.0, positive={0: 1.0}))
    storage.append(labels, 60_000, 5.0, 30_000)
    storage.append(labels, 120_000, 8.0, 90_000)
    options = Options(start_timestamps=True)
    for text in ("irate(m_total[90s])", "irate(m_total[5m])"):
        assert values(text, storage, 120_000, options) == {"": 8 / 60}


def test_overlaps_are_told_of_what_goes_together() -> None:
    """When histograms do not go together, their starts are not judged besides."""
    storage = MemoryStorage()
    labels = {"__name__": "m_total"}
    for at, start, text in (
        (60_000, 30_000, "{{schema:0 count:1 sum:1 buckets:[1]}}"),
        (120_000, 45_000, "{{schema:0 count:3 sum:1 buckets:[3]}}"),
        (180_000, 45_000, "{{schema:-53 count:4 sum:1 custom_values:[5] buckets:[4]}}"),
    ):
        storage.append_histogram(labels, at, parse_histogram(text), start)
    warnings = evaluate(parse("rate(m_total[5m])"), storage, 180_000, options=Options(start_timestamps=True)).warnings
    assert len(warnings) == 1
    assert "exponential and custom" in warnings[0]


def test_a_line_far_from_its_samples() -> None:
    """In the year 2000, samples a second apart stand at one instant; there is no slope then, as in Go."""
    storage = storage_of("m 1 2 4 7", step=1000)
    (value,) = values("predict_linear(m[1m] @ 3, 1)", storage, 946_684_800_000).values()
    assert not math.isfinite(value)
