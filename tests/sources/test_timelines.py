"""Pushes one after another, and what lasts of them."""

from __future__ import annotations

from alertd.promql import MemoryStorage, is_stale
from alertd.sources.timelines import Timelines

A, B = {"__name__": "a"}, {"__name__": "b"}


def points(storage: MemoryStorage) -> dict[str, list[tuple[int, float | None]]]:
    """Every series with its samples, None for an end."""
    return {
        series.labels["__name__"]: [
            (at, None if is_stale(value) else value) for at, value in zip(series.times, series.values, strict=True)
        ]
        for series in storage.series()
    }


def test_what_the_next_push_lacks_ends() -> None:
    """In the order of their instants, not of their arrival."""
    timelines = Timelines(MemoryStorage())
    timelines.take(30, {"job": "x"}, [(A, 3.0)])
    timelines.take(10, {"job": "x"}, [(A, 1.0), (B, 1.0)])
    assert points(timelines.storage) == {"a": [(10, 1.0), (30, 3.0)], "b": [(10, 1.0), (30, None)]}


def test_what_lasts_is_kept_when_the_rest_is_forgotten() -> None:
    """The last word of a pusher that still counts survives; what ended does not."""
    timelines = Timelines(MemoryStorage(), lasting=True)
    timelines.take(10, {"job": "x"}, [(A, 1.0), (B, 1.0)])
    timelines.take(20, {"job": "x"}, [(A, 2.0)])
    timelines.take(15, {"job": "y"}, [({**B, "job": "y"}, 5.0)])
    timelines.take(18, {"job": "y"}, [])
    assert timelines.prune(1000) == 5
    assert points(timelines.storage) == {"a": [(20, 2.0)]}
    assert [dict(labels) for labels, _ in timelines.current()] == [{"job": "x"}]
    timelines.take(1010, {"job": "x"}, [])
    assert points(timelines.storage) == {"a": [(20, 2.0), (1010, None)]}
    assert not list(timelines.current())


def test_without_lasting_all_that_is_old_goes() -> None:
    """Snapshots are forgotten whole."""
    timelines = Timelines(MemoryStorage())
    timelines.take(10, {"job": "x"}, [(A, 1.0)])
    assert timelines.prune(11) == 1
    assert points(timelines.storage) == {}
    assert not list(timelines.current())


def test_how_many_series_stand() -> None:
    """Those that pushers have now, through replacements, late pushes and what is forgotten."""
    timelines = Timelines(MemoryStorage())
    timelines.take(10, {"job": "x"}, [(A, 1.0), (B, 1.0)])
    timelines.take(10, {"job": "y"}, [({**A, "job": "y"}, 1.0)])
    assert (timelines.standing, timelines.series_of({"job": "x"}), timelines.series_of({"job": "z"})) == (3, 2, 0)
    timelines.take(30, {"job": "x"}, [(A, 1.0)])
    timelines.take(20, {"job": "x"}, [])
    assert timelines.standing == 2
    timelines.prune(20)
    assert timelines.standing == 1
    timelines.prune(31)
    assert timelines.standing == 0
