"""Values that hold until they are replaced, and several storages as one."""

from __future__ import annotations

import pytest

from alertd.promql import MemoryStorage, evaluate, is_stale, parse
from alertd.promql.histogram import FloatHistogram
from alertd.sources.views import RESTAMP, Layered, Restamped

S = 1000


def view(*points: tuple[int, float | None], now: int = 10**9) -> Restamped:
    """One series with changes at these seconds, None for an end."""
    storage = MemoryStorage()
    for at, value in points:
        if value is None:
            storage.mark_stale({"__name__": "a"}, at * S)
        else:
            storage.append({"__name__": "a"}, at * S, value)
    return Restamped(storage, lambda: now * S)


def selected(storage: Restamped | Layered, start: int, end: int) -> list[tuple[int, float | None]]:
    found = list(storage.select(parse("a").matchers, start * S, end * S))
    assert len(found) <= 1
    return [
        (at // S, None if is_stale(value) else value)
        for series in found
        for at, value in zip(series.times, series.values, strict=True)
    ]


@pytest.mark.parametrize(
    ("points", "start", "end", "expected"),
    [
        ([(7, 1.0)], 0, 40, [(7, 1.0), (15, 1.0), (30, 1.0)]),
        ([(7, 1.0)], 15, 45, [(30, 1.0), (45, 1.0)]),
        ([(7, 1.0)], 1_000, 1_020, [(1_005, 1.0), (1_020, 1.0)]),
        ([(15, 1.0)], 14, 16, [(15, 1.0)]),
        ([(7, 1.0), (30, 2.0)], 0, 46, [(7, 1.0), (15, 1.0), (30, 2.0), (45, 2.0)]),
        ([(7, 1.0), (20, None)], 0, 60, [(7, 1.0), (15, 1.0), (20, None)]),
        ([(7, 1.0), (20, None)], 20, 60, []),
        ([(7, 1.0), (20, None), (50, 3.0)], 30, 61, [(50, 3.0), (60, 3.0)]),
        ([(7, 1.0), (8, 2.0), (9, 3.0)], 8, 20, [(9, 3.0), (15, 3.0)]),
        ([(7, 1.0)], 0, 6, []),
    ],
)
def test_what_holds(
    points: list[tuple[int, float | None]], start: int, end: int, expected: list[tuple[int, float | None]]
) -> None:
    """A value is there when it changes, and again at every multiple of the interval until it is replaced or ends."""
    assert RESTAMP == 15 * S
    assert selected(view(*points), start, end) == expected


def test_nothing_holds_in_the_future() -> None:
    """What will be said tomorrow is not known today."""
    assert selected(view((7, 1.0), now=31), 0, 100) == [(7, 1.0), (15, 1.0), (30, 1.0)]


def test_layers() -> None:
    """The series of all layers, and one that two have is theirs together, with its histograms."""
    first, second = MemoryStorage(), MemoryStorage()
    first.append({"__name__": "a"}, 1 * S, 1.0)
    first.append({"__name__": "a"}, 3 * S, 3.0)
    first.append({"__name__": "b"}, 1 * S, 1.0)
    assert selected(Layered(first, second), 0, 9) == [(1, 1.0), (3, 3.0)]
    second.append({"__name__": "a"}, 2 * S, 2.0)
    second.append_histogram({"__name__": "h"}, 2 * S, FloatHistogram(count=5.0))
    first.append_histogram({"__name__": "h"}, 1 * S, FloatHistogram(count=4.0))
    layered = Layered(first, second)
    assert selected(layered, 0, 9) == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert selected(layered, 1, 2) == [(2, 2.0)]
    counted = evaluate(parse("sum(histogram_count(h)) + count(count_over_time(b[1m]))"), layered, 5 * S)
    assert [sample.value for sample in counted.value] == [6.0]


def test_histograms_hold_as_numbers_do() -> None:
    """Also where a series goes over from the one to the other, until it ends."""
    storage = MemoryStorage()
    labels = {"__name__": "a"}
    storage.append(labels, 1 * S, 1.0)
    storage.append_histogram(labels, 20 * S, FloatHistogram(count=2.0, sum=4.0))
    storage.mark_stale(labels, 50 * S)
    held = Restamped(storage, lambda: 10**9)
    (series,) = held.select(parse("a").matchers, 0, 100 * S)
    numbers = [
        (at // S, None if is_stale(value) else value) for at, value in zip(series.times, series.values, strict=True)
    ]
    assert numbers == [(1, 1.0), (15, 1.0), (50, None)]
    assert [at // S for at in series.histogram_times] == [20, 30, 45]
    assert [histogram.count for histogram in series.histograms] == [2.0] * 3
    assert list(held.select(parse("a").matchers, 60 * S, 100 * S)) == []
