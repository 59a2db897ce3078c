"""The protobuf form, written by protobuf itself, says what the text form says."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.sources import wire
from alertd.sources.exposition.families import ExpositionError, all_samples
from alertd.sources.exposition.protobuf import read_protobuf
from tests.protobufs import message_class

_SHAPES = {
    "LabelPair": {"name": (1, "string"), "value": (2, "string")},
    "Value": {"value": (1, "double")},
    "Quantile": {"quantile": (1, "double"), "value": (2, "double")},
    "Summary": {"sample_count": (1, "uint64"), "sample_sum": (2, "double"), "quantile": (3, "*Quantile")},
    "Bucket": {
        "cumulative_count": (1, "uint64"),
        "upper_bound": (2, "double"),
        "cumulative_count_float": (4, "double"),
    },
    "Histogram": {
        "sample_count": (1, "uint64"),
        "sample_sum": (2, "double"),
        "bucket": (3, "*Bucket"),
        "sample_count_float": (4, "double"),
        "schema": (5, "sint32"),
    },
    "Metric": {
        "label": (1, "*LabelPair"),
        "gauge": (2, "Value"),
        "counter": (3, "Value"),
        "summary": (4, "Summary"),
        "untyped": (5, "Value"),
        "timestamp_ms": (6, "int64"),
        "histogram": (7, "Histogram"),
    },
    "MetricFamily": {
        "name": (1, "string"),
        "help": (2, "string"),
        "type": (3, "int32"),
        "metric": (4, "*Metric"),
        "unit": (5, "string"),
    },
}
FAMILY = message_class(_SHAPES, "MetricFamily")


def delimited(*families: dict[str, object]) -> bytes:
    written = [FAMILY(**family).SerializeToString() for family in families]
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
