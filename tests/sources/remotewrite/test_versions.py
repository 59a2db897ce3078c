"""Requests of remote write, written by protobuf itself, and what the readers make of them."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql import STALE_NAN, is_stale
from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.sources import wire
from alertd.sources.descriptions import Description
from alertd.sources.remotewrite.histograms import problem_of
from alertd.sources.remotewrite.request import TooManySamples
from alertd.sources.remotewrite.version1 import Version1Reader, write_request
from alertd.sources.remotewrite.version2 import Version2Reader
from alertd.sources.series import Identity, SeriesLimits, SeriesSamples
from alertd.sources.wire import WireError
from tests.protobufs import REQUEST_2, WRITE_REQUEST

NOW = 1_769_860_800_000


def version1(*series: dict[str, Any], **more: Any) -> bytes:
    return WRITE_REQUEST(timeseries=series, **more).SerializeToString()


def labels(**pairs: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs.items()]


def plain(series: list[SeriesSamples]) -> list[tuple[dict[str, str], list[tuple[int, str]]]]:
    return [(one.identity.labels, [(at, repr(value)) for at, value in one.samples]) for one in series]


_TEXTS = st.text(max_size=8)
_SERIES = st.fixed_dictionaries(
    {
        "labels": st.lists(st.fixed_dictionaries({"name": _TEXTS, "value": _TEXTS}), max_size=3),
        "samples": st.lists(
            st.fixed_dictionaries(
                {
                    "value": st.floats() | st.just(0.0),
                    "timestamp": st.integers(-(2**63), 2**63 - 1) | st.integers(NOW, NOW + 10**9),
                }
            ),
            max_size=2,
        ),
        "exemplars": st.lists(st.fixed_dictionaries({"value": st.floats()}), max_size=1),
    }
)


@given(st.lists(st.lists(_SERIES, max_size=4), min_size=1, max_size=4))
def test_version_1_says_what_protobuf_says(requests: list[list[dict[str, Any]]]) -> None:
    """Whatever a request holds, and whatever of it was seen before; series without samples say nothing."""
    reader = Version1Reader(SeriesLimits())
    for request in [*requests, *requests]:
        found = reader.read(version1(*request))
        expected = [
            (
                {label["name"]: label["value"] for label in one["labels"] if label["value"]},
                [(sample["timestamp"], repr(sample["value"])) for sample in one["samples"]],
            )
            for one in request
            if one["samples"]
        ]
        assert plain(found.series) == expected


@given(st.binary(max_size=60))
def test_version_1_takes_no_more_than_protobuf(body: bytes) -> None:
    """Any bytes are read or refused; what protobuf refuses is refused, and what both read says the same."""
    try:
        expected = WRITE_REQUEST.FromString(body)
    except DecodeError:
        with suppress(WireError):
            Version1Reader().read(body)
        return
    with suppress(WireError):
        found = Version1Reader().read(body)
        assert len(found.series) + len(found.refused) <= len(expected.timeseries)


def test_labels_that_end_like_a_sample() -> None:
    """A label's text may look like what is read quickly; it is still a label's text."""
    reader = Version1Reader()
    like = "\x12\x10\t" + "x" * 8 + "\x10" + "aaaaaa"
    for _ in range(2):
        series = {"labels": labels(__name__="a", b=like), "samples": []}
        assert reader.read(version1({"labels": labels(__name__="a")}, series)).series == []


def test_what_version_1_passes_over() -> None:
    """Series with exemplars alone say nothing that is kept, and count against the limit all the same."""
    alone = {"labels": labels(__name__="a"), "exemplars": [{"value": 1}]}
    found = Version1Reader().read(version1(alone, {"labels": labels(__name__="b"), "samples": [SAMPLE]}))
    assert plain(found.series) == [({"__name__": "b"}, [(NOW, "1.0")])]
    assert found.refused == []
    with pytest.raises(TooManySamples):
        Version1Reader().read(version1(*[alone] * 3), 2)


@pytest.mark.parametrize("samples", [[1, 4], [4, 1], [3, 2], [1] * 5])
def test_how_many_samples_a_request_may_have(samples: list[int]) -> None:
    """They are counted over all series, in both versions."""
    first = [{"labels": labels(__name__="a"), "samples": [SAMPLE] * number} for number in samples]
    second = [{"labels_refs": [1, 2], "samples": [SAMPLE] * number} for number in samples]
    for reader, body in ((Version1Reader(), version1(*first)), (Version2Reader(), version2(*second))):
        assert len(reader.read(body, 5).series) == len(samples)
        with pytest.raises(TooManySamples):
            reader.read(body, 4)


@pytest.mark.parametrize("bad", [{"l": "x" * 3000}, {"": "x"}, {"b": "\0"}])
def test_refused_labels_are_not_remembered(bad: dict[str, str]) -> None:
    """Only labels that can be a series' are kept for the next request: others could fill the memory."""
    pairs = {"__name__": "a", **bad}
    first = version1({"labels": labels(**pairs), "samples": [SAMPLE]})
    symbols = ("", *(text for pair in pairs.items() for text in pair))
    second = version2({"labels_refs": [1, 2, 3, 4], "samples": [SAMPLE]}, symbols=symbols)
    for reader, body in ((Version1Reader(), first), (Version2Reader(), second)):
        once, again = (reader.read(body).series[0].identity for _ in range(2))
        assert once.problem is not None
        assert again is not once


def test_a_series_with_too_many_labels() -> None:
    """It is refused alone, and read no further than to see that."""
    most = SeriesLimits(labels=3)
    many = {"__name__": "a", **{f"l{n}": "x" for n in range(900)}}
    found = Version1Reader(most).read(
        version1({"labels": labels(**many), "samples": [SAMPLE]}, {"labels": labels(__name__="b"), "samples": [SAMPLE]})
    )
    assert found.refused == ["a series may have 3 labels, found more at a"]
    assert plain(found.series) == [({"__name__": "b"}, [(NOW, "1.0")])]
    # What is behind the labels that are read may be anything.
    written = version1({"labels": labels(**dict(list(many.items())[:4]))})[2:] + b"\x07"
    assert Version1Reader(most).read(wire.message(1, written)).refused == found.refused


def test_what_else_a_request_brings() -> None:
    """Descriptions are read, exemplars passed over; the stale marker is one afterwards."""
    body = version1(
        {
            "labels": labels(__name__="a"),
            "samples": [{"value": STALE_NAN, "timestamp": NOW}],
            "exemplars": [{"value": 1}],
        },
        metadata=[{"metric_family_name": "a"}],
    )
    found = Version1Reader().read(body)
    assert list(found.descriptions) == [Description("a")]
    assert is_stale(found.series[0].samples[0][1])


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([("job", "x")], 'invalid metric name or labels, got {job="x"}'),
        ([("__name__", "")], "invalid metric name or labels, got {}"),
        ([("__name__", "a"), ("", "b")], "invalid metric name or labels"),
        ([("__name__", "a"), ("b", "1"), ("b", "2")], "duplicated label b"),
        ([("__name__", "a"), *((f"l{n}", "x") for n in range(64))], "may have 64 labels, found 65 at a"),
        ([("__name__", "a"), ("n" * 257, "x")], "a label's name may have 256 characters, found 257 at a"),
        ([("__name__", "a" * 257)], "the label __name__ may have 256 characters, found 257"),
        ([("__name__", "a"), ("b", "x" * 2049)], "the label b may have 2048 characters, found 2049 at a"),
        ([("__name__", "a"), ("b", "\0")], "cannot contain the character U+0000"),
        ([("__name__", "a.b c"), ("ä", "x"), ("empty", "")], None),
    ],
)
def test_which_labels_are_a_series(pairs: list[tuple[str, str]], says: str | None) -> None:
    """What is wrong with labels is told, and nothing of what is not."""
    problem = Identity(pairs).problem
    assert problem is None if says is None else problem is not None and says in problem


SAMPLE = {"value": 1.0, "timestamp": NOW}
HISTOGRAM: dict[str, Any] = {
    "count_int": 12,
    "sum": 18.4,
    "schema": 1,
    "zero_threshold": 0.001,
    "zero_count_int": 2,
    "positive_spans": [{"offset": -1, "length": 2}, {"offset": 1, "length": 1}],
    "positive_deltas": [1, 2, -1],
    "negative_spans": [{"offset": 3, "length": 1}],
    "negative_deltas": [4],
    "reset_hint": 2,
    "timestamp": NOW,
}
READ = FloatHistogram(
    schema=1,
    count=12.0,
    sum=18.4,
    zero_threshold=0.001,
    zero_count=2.0,
    positive={-1: 1.0, 0: 3.0, 2: 2.0},
    negative={3: 4.0},
    counter_reset=CounterReset.NOT_RESET,
)
CUSTOM: dict[str, Any] = {
    "count_float": 5.5,
    "sum": 1.0,
    "schema": -53,
    "positive_spans": [{"offset": 0, "length": 2}],
    "positive_counts": [0.5, 5.0],
    "custom_values": [0.1, 1.0],
    "timestamp": NOW,
}


def test_native_histograms() -> None:
    """Whole and float counts, spans with gaps, custom bounds; both versions have them alike."""
    series = [{"labels": labels(__name__="h"), "histograms": [HISTOGRAM, CUSTOM]}]
    (first,) = Version1Reader().read(version1(*series)).series
    custom = FloatHistogram(schema=-53, count=5.5, sum=1.0, positive={0: 0.5, 1: 5.0}, custom_values=(0.1, 1.0))
    assert first.histograms == [(NOW, READ), (NOW, custom)]
    request = REQUEST_2(
        symbols=["", "__name__", "h"], timeseries=[{"labels_refs": [1, 2], "histograms": [HISTOGRAM, CUSTOM]}]
    )
    (second,) = Version2Reader().read(request.SerializeToString()).series
    assert second.histograms == first.histograms
    assert [problem_of(histogram) for _, histogram in first.histograms] == [None, None]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 9}, "its schema is 9"),
        ({"schema": -53}, "negative or zero buckets"),
        ({"custom_values": [1.0]}, "it has custom bounds, and the schema 1 that has none"),
        ({"positive_deltas": [7, -8, 1]}, "it has a negative count"),
    ],
)
def test_histograms_that_cannot_be(change: dict[str, Any], says: str) -> None:
    """They are read, and why they cannot be stored is told."""
    body = version1({"labels": labels(__name__="h"), "histograms": [HISTOGRAM | change]})
    ((_, histogram),) = Version1Reader().read(body).series[0].histograms
    assert says in str(problem_of(histogram))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"positive_spans": [{"length": 2**32 - 1}]},
            "may have 4096 buckets with a count each, found spans of 4294967295",
        ),
        ({"positive_spans": [{"length": 2}]}, "found spans of 2 buckets and 3 counts"),
        ({"positive_spans": [{"length": 1}] * 4097}, "may have 4096 spans, found more"),
        ({"positive_spans": [{"length": 2}, {"offset": -1, "length": 1}]}, "found one with the offset -1"),
        ({"positive_counts": [1.0, 3.0, 2.0], "positive_deltas": []}, "found spans of 3 buckets and 0 counts"),
        ({"count_int": 13}, "must count as much as its buckets together, found 13 and 12"),
        ({"count_int": 11, "sum": math.nan}, "must count as much as its buckets together, found 11 and 12"),
    ],
)
def test_histograms_that_contradict_themselves(change: dict[str, Any], says: str) -> None:
    """Their series is refused and named, a few bytes cannot ask for four billion buckets, and the others are taken."""
    bad = {"labels": labels(__name__="h"), "histograms": [HISTOGRAM | change]}
    found = Version1Reader().read(version1(bad, {"labels": labels(__name__="a"), "samples": [SAMPLE]}))
    assert plain(found.series) == [({"__name__": "a"}, [(NOW, "1.0")])]
    (reason,) = found.refused
    assert says in reason
    assert reason.endswith('for series {__name__="h"}')


def test_what_nan_leaves_out() -> None:
    """An observation of NaN is counted and in no bucket; float histograms need not add up at all."""
    missing = {"count_int": 13, "sum": math.nan}
    series = {"labels": labels(__name__="h"), "histograms": [HISTOGRAM | missing, CUSTOM | {"count_float": 9.0}]}
    found = Version1Reader().read(version1(series))
    assert [histogram.count for _, histogram in found.series[0].histograms] == [13.0, 9.0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"custom_values": [1.0, 0.1]}, "custom bounds must ascend"),
        ({"custom_values": [math.nan], "positive_spans": [{"length": 2}]}, "custom bounds must ascend"),
        ({"custom_values": [1.0, math.inf]}, "its last custom bound is +Inf"),
        ({"zero_threshold": 0.5}, "negative or zero buckets"),
        ({"count_float": -1.0}, "it has a negative count"),
        ({"positive_spans": [{"offset": 2, "length": 2}]}, "2 custom bounds, and a bucket beyond them"),
    ],
)
def test_custom_buckets_that_cannot_be(change: dict[str, Any], says: str) -> None:
    """Bounds out of order, and buckets without a bound."""
    body = version1({"labels": labels(__name__="h"), "histograms": [CUSTOM | change]})
    ((_, histogram),) = Version1Reader().read(body).series[0].histograms
    assert says in str(problem_of(histogram))


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5), max_size=3),
            st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats()), max_size=2),
            st.lists(
                st.builds(
                    FloatHistogram,
                    schema=st.integers(-4, 8),
                    count=st.floats(0, 1e9),
                    sum=st.floats(allow_nan=False),
                    zero_count=st.floats(0, 5),
                    positive=st.dictionaries(st.integers(-9, 9), st.floats(0, 9), max_size=5),
                    negative=st.dictionaries(st.integers(-9, 9), st.floats(0, 9), max_size=5),
                    counter_reset=st.sampled_from(CounterReset),
                ),
                max_size=2,
            ),
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_again(
    series: list[tuple[dict[str, str], list[tuple[int, float]], list[FloatHistogram]]],
) -> None:
    """By the own reader in full, and by protobuf as the same message."""
    given_series = [
        SeriesSamples(
            Identity(tuple(pairs.items())), samples, [(NOW + n, histogram) for n, histogram in enumerate(histograms)]
        )
        for pairs, samples, histograms in series
        if samples or histograms
    ]
    written = write_request(given_series)
    found = Version1Reader().read(written).series
    assert plain(found) == plain(given_series)
    assert [one.histograms for one in found] == [one.histograms for one in given_series]
    theirs = WRITE_REQUEST.FromString(written)
    assert [{label.name: label.value for label in one.labels} for one in theirs.timeseries] == [
        one.identity.labels for one in given_series
    ]


def version2(*series: dict[str, Any], symbols: tuple[str, ...] = ("", "__name__", "a", "job", "x")) -> bytes:
    return REQUEST_2(symbols=symbols, timeseries=series).SerializeToString()


def test_version_2() -> None:
    """Labels by their places among the symbols, since when samples count, metadata and exemplars."""
    found = Version2Reader().read(
        version2(
            {
                "labels_refs": [1, 2, 3, 4],
                "samples": [{"value": 1.5, "timestamp": NOW}, {"value": 2, "timestamp": NOW + 1}],
                "metadata": {"type": 1, "help_ref": 4},
                "exemplars": [{"labels_refs": [3, 4], "value": 1}],
                "created_timestamp": NOW - 5,
            },
            {"labels_refs": [1, 2], "samples": [{"value": math.inf, "timestamp": NOW, "start_timestamp": NOW - 7}]},
        )
    )
    assert plain(found.series) == [
        ({"__name__": "a", "job": "x"}, [(NOW, "1.5"), (NOW + 1, "2.0")]),
        ({"__name__": "a"}, [(NOW, "inf")]),
    ]
    assert [one.start for one in found.series] == [NOW - 5, NOW - 7]
    assert list(found.descriptions) == [Description("a", "counter", "x")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (version2({"labels_refs": [1, 2]}, symbols=("x", "y")), "expected an empty text as the first symbol"),
        (version1({"labels": labels(__name__="a")}), "found the field 1 of version 1.0"),
        (b"\x2a\x05a", "expected 5 bytes at byte 2, found 1"),
        (b"\x22\x01\xff", "expected UTF-8 at byte 2, found 0xff"),
        (b"\x2b", "found one of the kind 3"),
        (b"\x07", "found the number 0"),
    ],
)
def test_version_2_refusals(body: bytes, says: str) -> None:
    """What is no such request is refused with the place of the mistake."""
    with pytest.raises(WireError) as caught:
        Version2Reader().read(body)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels_refs": [1, 2, 3, 9]}, 'expected a symbol below 5, found 9 for series {__name__="a"}'),
        (
            {"labels_refs": [1, 2, 3]},
            'expected names and values of labels in pairs, found 3 texts for series {__name__="a"}',
        ),
        ({"metadata": {"help_ref": 7}}, 'expected a symbol below 5, found 7 for series {__name__="a"}'),
        ({"labels_refs": [1, 2] * 65}, "a series may have 64 labels, found more at a"),
        (
            {"samples": [], "histograms": [HISTOGRAM | {"count_int": 1}]},
            'a histogram must count as much as its buckets together, found 1 and 12 for series {__name__="a"}',
        ),
    ],
)
def test_version_2_refuses_a_series_alone(change: dict[str, Any], says: str) -> None:
    """What is wrong with one series is told of it, and the others are taken."""
    bad = {"labels_refs": [1, 2], "samples": [SAMPLE]} | change
    good = {"labels_refs": [1, 2, 3, 4], "samples": [SAMPLE]}
    found = Version2Reader().read(version2(bad, good))
    assert found.refused == [says]
    assert plain(found.series) == [({"__name__": "a", "job": "x"}, [(NOW, "1.0")])]


def test_version_2_keeps_series_without_samples() -> None:
    """That version asks of a sender to have samples in every series, and of a receiver to say where there are none."""
    (one,) = Version2Reader().read(version2({"labels_refs": [1, 2], "exemplars": [{"value": 1}]})).series
    assert len(one) == 0


@given(st.binary(max_size=60))
def test_version_2_any_bytes(body: bytes) -> None:
    """Whatever comes is read or refused, never anything else."""
    with suppress(WireError):
        Version2Reader().read(body)
