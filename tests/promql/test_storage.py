"""The storage in memory."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import STALE_NAN, Matcher, MemoryStorage, is_stale, parse_histogram

UP = {"__name__": "up", "job": "a"}


def samples(
    storage: MemoryStorage, *matchers: Matcher, start: int = -(10**9), end: int = 10**9
) -> dict[str, list[float]]:
    found = storage.select(matchers or (Matcher("__name__", "=", "up"),), start, end)
    return {series.labels.get("job", ""): list(series.values) for series in found}


def test_stale_marker_is_one_nan_of_many() -> None:
    """Only Prometheus' bit pattern is a stale marker."""
    assert is_stale(STALE_NAN)
    assert not is_stale(math.nan)
    assert not is_stale(1.0)


def test_window_is_open_on_the_left() -> None:
    """Samples at the start are outside, samples at the end inside; series without samples are left out."""
    storage = MemoryStorage()
    for at in (10, 20, 30):
        storage.append(UP, at, at)
    storage.append({"__name__": "up", "job": "b"}, 100, 1)
    assert samples(storage, start=10, end=30) == {"a": [20, 30]}
    assert samples(storage, start=30, end=99) == {}


def test_late_samples_find_their_place() -> None:
    """Samples may come in any order; the later of two at one instant wins."""
    storage = MemoryStorage()
    for at, value in ((30, 3), (10, 1), (20, 9), (20, 2)):
        storage.append(UP, at, value)
    (series,) = storage.series()
    assert (list(series.times), list(series.values)) == ([10, 20, 30], [1, 2, 3])


def test_stale_marker_never_replaces_a_value() -> None:
    """A marker gives way to a value at the same instant, whichever comes first."""
    storage = MemoryStorage()
    storage.append(UP, 10, 1)
    storage.mark_stale(UP, 10)
    storage.mark_stale(UP, 20)
    storage.append(UP, 20, 2)
    storage.mark_stale(UP, 30)
    (series,) = storage.series()
    assert list(series.values)[:2] == [1, 2]
    assert is_stale(series.values[2])


def test_empty_labels_are_absent() -> None:
    """A label with an empty value is no label."""
    storage = MemoryStorage()
    storage.append({**UP, "zone": ""}, 1, 1)
    storage.append(UP, 2, 2)
    assert len(storage) == 1
    assert samples(storage) == {"a": [1, 2]}


def test_matchers_select_with_and_without_the_index() -> None:
    """Equality, alternation, negation, patterns and absence select what they say."""
    storage = MemoryStorage()
    for job in ("a", "b", "c"):
        storage.append({"__name__": "up", "job": job}, 1, 1)
    storage.append({"__name__": "up"}, 1, 1)
    storage.append({"__name__": "down", "job": "a"}, 1, 1)
    up = Matcher("__name__", "=", "up")
    assert samples(storage, up, Matcher("job", "=", "a")).keys() == {"a"}
    assert samples(storage, up, Matcher("job", "=~", "a|c|x")).keys() == {"a", "c"}
    assert samples(storage, up, Matcher("job", "=~", "a|")).keys() == {"a", ""}
    assert samples(storage, up, Matcher("job", "!=", "a")).keys() == {"b", "c", ""}
    assert samples(storage, up, Matcher("job", "=~", "[ab]")).keys() == {"a", "b"}
    assert samples(storage, up, Matcher("job", "=", "")).keys() == {""}
    assert len(list(storage.select((Matcher("job", "=", "a"),), 0, 1))) == 2
    assert len(list(storage.select((Matcher("job", "!=", "a"),), 0, 1))) == 3
    assert list(storage.select((Matcher("job", "=", "nope"),), 0, 1)) == []


def test_prune_drops_old_samples_and_empty_series() -> None:
    """What is older than the limit goes, a sample on the limit stays, and the index forgets empty series."""
    storage = MemoryStorage()
    for at in (10, 20, 30):
        storage.append(UP, at, at)
    storage.append({"__name__": "up", "job": "b"}, 10, 1)
    assert storage.prune(20) == 2
    assert samples(storage) == {"a": [20, 30]}
    assert len(storage) == 1
    assert storage.prune(1000) == 2
    assert list(storage.select((Matcher("job", "=", "a"),), 0, 1000)) == []


def test_selected_series_do_not_change() -> None:
    """A selection is a copy: later samples do not show in it."""
    storage = MemoryStorage()
    storage.append(UP, 1, 1)
    (series,) = storage.select((Matcher("job", "=", "a"),), 0, 10)
    storage.append(UP, 2, 2)
    assert list(series.values) == [1]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.floats(allow_nan=False)), max_size=30),
    st.integers(-1, 21),
    st.integers(-1, 21),
)
def test_storage_agrees_with_a_dictionary(appended: list[tuple[int, float]], start: int, end: int) -> None:
    """Whatever the order of appends, a window holds the last value given for each instant, in order."""
    storage = MemoryStorage()
    for at, value in appended:
        storage.append(UP, at, value)
    expected = [value for at, value in sorted(dict(appended).items()) if start < at <= end]
    assert samples(storage, start=start, end=end).get("a", []) == expected


def test_histograms_say_what_is_known_of_resets() -> None:
    """A counter that goes on says so, gauges stay gauges, and anything else is left to those who compare."""
    storage = MemoryStorage()
    texts = (
        *("{{count:1 buckets:[1]}}", "{{count:2 buckets:[2]}}", "{{count:1 buckets:[1]}}"),
        *("{{count:5 buckets:[5] counter_reset_hint:gauge}}", "{{count:6 buckets:[6]}}"),
        *("{{count:7 buckets:[7] counter_reset_hint:reset}}", "{{schema:1 count:8 buckets:[8]}}"),
    )
    for index, text in enumerate(texts):
        storage.append_histogram({"a": "b"}, index, parse_histogram(text))
    (series,) = storage.select([], -1, 10)
    hints = [histogram.counter_reset.value for histogram in series.histograms]
    assert hints == ["unknown", "not_reset", "unknown", "gauge", "unknown", "unknown", "unknown"]
    assert len(series) == 7
    assert storage.prune(5) == 5
    (left,) = storage.select([], -1, 10)
    assert list(left.histogram_times) == [5, 6]


def test_starts_are_kept_beside_the_samples() -> None:
    """Since when samples count is known of those that say so, wherever they are stored."""
    storage = MemoryStorage()
    storage.append({"a": "b"}, 20, 2.0)
    storage.append({"a": "b"}, 30, 3.0, start=25)
    storage.append({"a": "b"}, 10, 1.0, start=5)
    (series,) = storage.select([], 0, 30)
    assert list(series.starts) == [5, 0, 25]
    (later,) = storage.select([], 10, 30)
    assert list(later.starts) == [0, 25]
