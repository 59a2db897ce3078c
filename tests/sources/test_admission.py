"""Which samples of a request may be stored."""

from __future__ import annotations

import math

import pytest

from alertd.clock import HOUR, MINUTE
from alertd.promql import STALE_NAN
from alertd.promql.histogram import FloatHistogram
from alertd.sources.admission import Admission, Allowance, SampleLimits
from alertd.sources.series import Identity, SeriesSamples

NOW = 1_769_860_800_000
A = Identity((("__name__", "a"), ("job", "x")))
B = Identity((("__name__", "b"),))


def of(identity: Identity, *samples: tuple[int, float]) -> SeriesSamples:
    return SeriesSamples(identity, list(samples))


def admission(**limits: int) -> Admission:
    """One that has stored a sample of A a minute ago."""
    made = Admission(SampleLimits(**limits))
    made.note([of(A, (NOW - MINUTE, 1.0))])
    return made


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (NOW, 2.0, None),
        (NOW + 10 * MINUTE, 2.0, None),
        (NOW + 10 * MINUTE + 1, 2.0, "out of bounds"),
        (NOW - 6 * HOUR - 1, 2.0, "too old sample"),
        (NOW - MINUTE - 1, 2.0, "out of order sample"),
        (NOW - MINUTE, 1.0, None),
        (NOW - MINUTE, 2.0, "duplicate sample for timestamp"),
        (NOW - MINUTE, STALE_NAN, "duplicate sample for timestamp"),
        (NOW, STALE_NAN, None),
    ],
)
def test_one_sample(at: int, value: float, reason: str | None) -> None:
    """By its instant, and by what the series had there."""
    admitted = admission().admit([of(A, (at, value))], NOW)
    if reason is None:
        assert (admitted.samples, admitted.refused) == (1, [])
    else:
        assert admitted.samples == 0
        assert admitted.refused == [f'{reason} for series {{__name__="a", job="x"}}']


def test_the_good_ones_are_kept() -> None:
    """Of one series too: each sample is judged after those before it, wherever in the request they stand."""
    admitted = admission().admit(
        [
            of(A, (NOW - 2 * MINUTE, 0.0), (NOW, 1.0), (NOW, 2.0), (NOW + 5, 3.0)),
            of(B, (NOW, 1.0)),
            of(B, (NOW - 1, 1.0)),
        ],
        NOW,
    )
    assert [(one.identity, one.samples) for one in admitted.series] == [
        (A, [(NOW, 1.0), (NOW + 5, 3.0)]),
        (B, [(NOW, 1.0)]),
    ]
    assert [sentence.partition(" for series")[0] for sentence in admitted.refused] == [
        "out of order sample",
        "duplicate sample for timestamp",
        "out of order sample",
    ]
    assert admitted.samples == 3


def test_nan_is_the_same_as_nan() -> None:
    """A repeated sample that is no number is a repeated sample."""
    made = admission()
    made.note([of(A, (NOW, math.nan))])
    assert made.admit([of(A, (NOW, math.nan))], NOW).refused == []


def test_out_of_order_within_the_window() -> None:
    """As much older as the configuration allows."""
    made = admission(out_of_order=5000)
    assert made.admit([of(A, (NOW - MINUTE - 5000, 2.0))], NOW).samples == 1
    assert made.admit([of(A, (NOW - MINUTE - 5001, 2.0))], NOW).samples == 0
    made.note([of(A, (NOW - MINUTE - 5000, 2.0))])
    assert made.admit([of(A, (NOW - MINUTE - 5000, 2.0))], NOW).samples == 1


def test_the_number_of_series() -> None:
    """Known series go on when there is room for no new one; forgotten ones give their room back."""
    made = admission(series=2)
    admitted = made.admit([of(A, (NOW, 1.0)), of(B, (NOW, 1.0)), of(Identity((("__name__", "c"),)), (NOW, 1.0))], NOW)
    assert (admitted.samples, len(admitted.refused)) == (2, 1)
    assert 'may have 2 series, this is one too many: {__name__="c"}' in admitted.refused[0]
    made.note(admitted.series)
    assert len(made) == 2
    made.forget(NOW + 1)
    assert len(made) == 0


def test_series_without_samples_and_with_bad_labels() -> None:
    """Both are told."""
    admitted = admission().admit([of(A), of(Identity((("job", "x"),)), (NOW, 1.0))], NOW)
    assert admitted.refused == [
        'TimeSeries must contain at least one sample or histogram for series {__name__="a", job="x"}',
        'invalid metric name or labels, got {job="x"}',
    ]


def test_histograms_are_judged_alike() -> None:
    """By their instants, and by whether they can be."""
    good, bad = FloatHistogram(count=1.0, sum=2.0), FloatHistogram(schema=20)
    admitted = admission().admit([SeriesSamples(A, [], [(NOW - HOUR, good), (NOW, good), (NOW + 1, bad)])], NOW)
    assert (admitted.samples, admitted.histograms) == (0, 1)
    assert [sentence.partition(" for series")[0] for sentence in admitted.refused] == [
        "out of order sample",
        "its schema is 20, known are -4 to 8 and -53",
    ]


def test_the_rate_of_samples() -> None:
    """Ten seconds' worth at once, then as many as the time that passed allows; a huge request only when all is left."""
    allowance = Allowance(100)
    assert allowance.ask(1000, NOW) == 0
    assert allowance.ask(1, NOW) == 10
    assert allowance.ask(50, NOW + 499) == 1
    assert allowance.ask(50, NOW + 500) == 0
    assert allowance.ask(5000, NOW + 5500) == 5000
    assert allowance.ask(5000, NOW + 10_500) == 0
    assert allowance.ask(100, NOW + 10_500) > 40_000
    assert Allowance(0).ask(10**9, NOW) == 0


def test_what_is_reserved_counts_at_once() -> None:
    """Of two requests that come together the second is judged after the first, and by itself when that failed."""
    made = admission()
    first = made.admit([of(A, (NOW, 1.0)), of(B, (NOW, 1.0))], NOW)
    reservation = made.reserve(first)
    second = [of(A, (NOW, 2.0)), of(B, (NOW - 1, 1.0))]
    assert made.admit(second, NOW).samples == 0
    made.release(reservation)
    assert made.admit(second, NOW).samples == 2
    assert len(made) == 1


def test_what_came_after_a_failure_stays() -> None:
    """What is taken back is only what nothing was built upon."""
    made = admission()
    failed = made.reserve(made.admit([of(A, (NOW, 1.0)), of(B, (NOW, 1.0))], NOW))
    made.reserve(made.admit([of(A, (NOW + 1, 1.0))], NOW))
    made.release(failed)
    assert made.admit([of(A, (NOW, 5.0))], NOW).samples == 0
    assert made.admit([of(B, (NOW - 1, 5.0))], NOW).samples == 1


def test_histograms_are_compared_whole() -> None:
    """One with the same sum is another one, and a number is no histogram."""
    made = Admission()
    histogram = FloatHistogram(count=3.0, sum=6.0, positive={1: 3.0})
    made.note([SeriesSamples(A, [], [(NOW, histogram)])])
    same = FloatHistogram(count=3.0, sum=6.0, positive={1: 3.0, 2: 0.0})
    assert made.admit([SeriesSamples(A, [], [(NOW, same)])], NOW).histograms == 1
    assert made.admit([SeriesSamples(A, [], [(NOW, FloatHistogram(count=3.0, sum=6.0))])], NOW).histograms == 0
    assert made.admit([of(A, (NOW, 6.0))], NOW).samples == 0


def test_series_of_other_kinds_take_room() -> None:
    """What came in another way counts, too."""
    made = admission(series=3)
    assert made.admit([of(B, (NOW, 1.0))], NOW, others=1).samples == 1
    assert made.admit([of(B, (NOW, 1.0))], NOW, others=2).samples == 0
