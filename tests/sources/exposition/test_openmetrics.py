"""OpenMetrics: what it says, where it is wrong, and that it says what the client library's own parser says."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Summary
from prometheus_client import Enum as StateSet
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from alertd.sources.exposition.families import Exemplar, ExpositionError, all_samples
from alertd.sources.exposition.openmetrics import read_openmetrics


def test_what_a_whole_exposition_says() -> None:
    """Types, units, texts, times in seconds, exemplars with and without a time."""
    found = read_openmetrics(
        b"# TYPE a_seconds counter\n"
        b"# UNIT a_seconds seconds\n"
        b'# HELP a_seconds one \\n two "three"\n'
        b'a_seconds_total{x="1"} 5 1.5 # {trace_id="abc"} 0.5 3.25\n'
        b"a_seconds_created 3\n"
        b"# TYPE h histogram\n"
        b'h_bucket{le="1"} 2 # {} 0.25\n'
        b"h_count 3\n"
        b"loose 7\n"
        b"# EOF"
    )
    assert [(family.name, family.type, family.unit) for family in found] == [
        ("a_seconds", "counter", "seconds"),
        ("h", "histogram", ""),
        ("loose", "untyped", ""),
    ]
    assert found[0].help == 'one \n two "three"'
    first, _, bucket, *_ = all_samples(found)
    assert (first.value, first.at, first.exemplar) == (5.0, 1500, Exemplar({"trace_id": "abc"}, 0.5, 3250))
    assert (bucket.labels["le"], bucket.exemplar) == ("1.0", Exemplar({}, 0.25))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a 1\n", "line 2: expected # EOF as the last line"),
        ("", "expected # EOF as the last line"),
        ("# EOF\na 1\n", "line 2, column 1: expected nothing after # EOF, found 'a 1'"),
        ("\n# EOF\n", "line 1, column 1: expected a sample, found nothing"),
        ("# hello\n# EOF\n", "line 1, column 1: expected # HELP, # TYPE, # UNIT or # EOF, found '# hello'"),
        ("# TYPE a untyped\n# EOF\n", "line 1, column 10: expected one of counter, gauge,"),
        ("# TYPE a gauge\n# TYPE a gauge\n# EOF\n", "second TYPE line for the metric 'a'"),
        ("a 1\n# TYPE a gauge\n# EOF\n", "line 2, column 1: the TYPE line of the metric 'a' must come before"),
        ("# UNIT a seconds\n# EOF\n", "line 1, column 10: expected a unit that ends the name 'a', found 'seconds'"),
        ("# TYPE a counter\na 1\n# EOF\n", "expected a_total or a_created as a sample of the counter 'a', found 'a'"),
        ("# TYPE a histogram\na_bucket 1\n# EOF\n", "line 2, column 1: expected the label le at 'a_bucket'"),
        ("# TYPE a summary\na 1\n# EOF\n", "expected the label quantile at 'a'"),
        ("# TYPE a stateset\na 1\n# EOF\n", "expected the label a at 'a'"),
        ("a 1\nb 1\na 2\n# EOF\n", "line 3, column 1: the lines of the metric 'a' must follow each other"),
        ("a 1 x\n# EOF\n", "line 1, column 5: expected a number, found 'x'"),
        ("a 1 NaN\n# EOF\n", "line 1, column 5: expected a time in seconds, found 'NaN'"),
        ('# TYPE a gauge\na 1 # {x="y"} 1\n# EOF\n', "column 5: only counters and buckets have exemplars"),
        (f'# TYPE a counter\na_total 1 # {{x="{"y" * 128}"}} 1\n# EOF\n', "may have 128 characters, found 129"),
    ],
)
def test_mistakes_have_a_place(text: str, says: str) -> None:
    """Each mistake is named with its line and column, what was found and what would be right."""
    with pytest.raises(ExpositionError) as caught:
        read_openmetrics(text.encode())
    assert says in str(caught.value)


def test_what_the_client_library_shows() -> None:
    """Both readers find the same samples in everything that the library can show."""
    registry = CollectorRegistry()
    Counter("jobs", "Jobs.", ["kind"], registry=registry).labels('a"b\\c\n').inc(3, exemplar={"trace_id": "x"})
    Gauge("load", "Load.", registry=registry).set(-0.5)
    Histogram("took_seconds", "Time.", registry=registry, unit="seconds").observe(0.3, exemplar={"trace_id": "y"})
    Summary("size_bytes", "Size.", registry=registry).observe(7)
    Info("build", "Build.", registry=registry).info({"version": "1"})
    StateSet("phase", "Phase.", states=["on", "off"], registry=registry).state("off")
    body = generate_latest(registry)
    own = [
        (sample.labels, sample.value, sample.exemplar and sample.exemplar.labels)
        for sample in all_samples(read_openmetrics(body))
    ]
    theirs = [
        ({"__name__": sample.name, **sample.labels}, sample.value, sample.exemplar and sample.exemplar.labels)
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    ]
    assert own == theirs


@given(
    st.text('a{}="\\#, \n1.TYPEUNIHLcountr_totbuckelsgF', max_size=120).map(lambda text: f"{text}\n# EOF\n".encode())
)
def test_any_text(body: bytes) -> None:
    """Whatever comes is read or refused in words, never anything else."""
    with suppress(ExpositionError):
        read_openmetrics(body)
