"""The protobuf form, written by protobuf itself, says what the text form says."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.sources import wire
from alertd.sources.exposition.families import ExpositionError, all_samples
from alertd.sources.exposition.protobuf import read_protobuf
from tests.protobufs import METRIC_FAMILY


def delimited(*families: dict[str, object]) -> bytes:
    written = [METRIC_FAMILY(**family).SerializeToString() for family in families]
    return b"".join(wire.varint(len(one)) + one for one in written)


def test_every_kind_of_metric() -> None:
    """Counters, gauges, summaries and histograms become the samples that the text form has."""
    labels = [{"name": "a", "value": "ä"}]
    found = read_protobuf(
        delimited(
            {
                "name": "c",
                "type": 0,
                "help": "C.",
                "unit": "u",
                "metric": [{"label": labels, "counter": {"value": 2.5}}],
            },
            {"name": "g", "type": 1, "metric": [{"gauge": {}, "timestamp_ms": -7}]},
            {
                "name": "s",
                "type": 2,
                "metric": [
                    {"summary": {"sample_count": 3, "sample_sum": 6, "quantile": [{"quantile": 0.5, "value": 2}]}}
                ],
            },
            {"name": "u", "type": 3, "metric": [{"untyped": {"value": 1}}]},
            {
                "name": "h",
                "type": 4,
                "metric": [
                    {
                        "histogram": {
                            "sample_count": 3,
                            "sample_sum": 6,
                            "bucket": [{"cumulative_count": 1, "upper_bound": 1}],
                        }
                    }
                ],
            },
        )
    )
    assert [(family.name, family.type) for family in found] == [
        ("c", "counter"),
        ("g", "gauge"),
        ("s", "summary"),
        ("u", "untyped"),
        ("h", "histogram"),
    ]
    assert (found[0].help, found[0].unit) == ("C.", "u")
    assert [(sample.labels, sample.value, sample.at) for sample in all_samples(found)] == [
        ({"__name__": "c", "a": "ä"}, 2.5, None),
        ({"__name__": "g"}, 0.0, -7),
        ({"__name__": "s", "quantile": "0.5"}, 2.0, None),
        ({"__name__": "s_sum"}, 6.0, None),
        ({"__name__": "s_count"}, 3.0, None),
        ({"__name__": "u"}, 1.0, None),
        ({"__name__": "h_bucket", "le": "1.0"}, 1.0, None),
        ({"__name__": "h_bucket", "le": "+Inf"}, 3.0, None),
        ({"__name__": "h_sum"}, 6.0, None),
        ({"__name__": "h_count"}, 3.0, None),
    ]


def test_counts_that_are_no_whole_numbers() -> None:
    """The counts of a float histogram go before the whole ones."""
    bucket = {"cumulative_count": 9, "cumulative_count_float": 0.5, "upper_bound": float("inf")}
    histogram = {"sample_count": 9, "sample_count_float": 1.5, "bucket": [bucket], "schema": 3}
    found = read_protobuf(delimited({"name": "h", "type": 5, "metric": [{"histogram": histogram}]}))
    assert [sample.value for sample in all_samples(found)] == [0.5, 0.0, 1.5]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\x05ab", "expected 5 bytes at byte 1, found 2"),
        (b"\xff" * 11, "expected a number at byte 0"),
        (delimited({"help": "x"}), "expected a metric family with a name"),
        (delimited({"name": "x", "type": 9}), "expected a metric's type of at most 5, found 9"),
        (delimited({"name": "x", "metric": [{}]}), "expected a value of the metric 'x', found none"),
        (delimited({"name": "x", "metric": [{"label": [{"name": ""}], "gauge": {}}]}), "labels with a name each"),
    ],
)
def test_refusals(body: bytes, says: str) -> None:
    """What is no exposition is refused in words."""
    with pytest.raises(ExpositionError, match=says):
        read_protobuf(body)


@given(st.binary(max_size=80))
def test_any_bytes(body: bytes) -> None:
    """Whatever comes is read or refused in words, never anything else."""
    with suppress(ExpositionError):
        read_protobuf(body)


NATIVE = {
    "sample_count": 12,
    "sample_sum": 18.4,
    "schema": 1,
    "zero_threshold": 0.001,
    "zero_count": 2,
    "positive_span": [{"offset": -1, "length": 2}, {"offset": 1, "length": 1}],
    "positive_delta": [1, 2, -1],
    "negative_span": [{"offset": 3, "length": 1}],
    "negative_delta": [4],
}
READ = FloatHistogram(
    schema=1,
    count=12.0,
    sum=18.4,
    zero_threshold=0.001,
    zero_count=2.0,
    positive={-1: 1.0, 0: 3.0, 2: 2.0},
    negative={3: 4.0},
)


def test_native_histograms() -> None:
    """Whole numbers and others; one sample, and the classic buckets besides where there are some."""
    floats = {
        "sample_count_float": 5.5,
        "sample_sum": 3.0,
        "zero_count_float": 1.5,
        "zero_threshold": 0.5,
        "positive_span": [{"offset": 0, "length": 1}],
        "positive_count": [4.0],
    }
    both = {**NATIVE, "bucket": [{"cumulative_count": 12, "upper_bound": 5.0}]}
    families = read_protobuf(
        delimited(
            {"name": "n", "type": 4, "metric": [{"histogram": NATIVE}]},
            {"name": "g", "type": 5, "metric": [{"histogram": floats}]},
            {"name": "b", "type": 4, "metric": [{"histogram": both}]},
        )
    )
    found = [(one.labels["__name__"], one.histogram) for one in all_samples(families)]
    gauge = FloatHistogram(
        count=5.5, sum=3.0, zero_threshold=0.5, zero_count=1.5, positive={0: 4.0}, counter_reset=CounterReset.GAUGE
    )
    classic = [("b_bucket", None), ("b_bucket", None), ("b_sum", None), ("b_count", None)]
    assert found == [("n", READ), ("g", gauge), ("b", READ), *classic]


def test_native_histograms_that_cannot_be() -> None:
    """Spans that do not fit the counts are refused with the push."""
    wrong = {**NATIVE, "positive_delta": [1]}
    with pytest.raises(ExpositionError, match="spans of 3 buckets and 1 counts"):
        read_protobuf(delimited({"name": "n", "type": 4, "metric": [{"histogram": wrong}]}))
