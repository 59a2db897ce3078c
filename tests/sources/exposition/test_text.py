"""The text format: what it says, where it is wrong, and that it says what the client library's own parser says."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from alertd.sources.exposition.families import Exposed, ExpositionError, Family, all_samples
from alertd.sources.exposition.text import read_text


def read(text: str) -> list[Family]:
    return read_text(text.encode())


def test_what_a_whole_exposition_says() -> None:
    """Types, texts, escapes, times, quoted names, bounds in one form, and comments that say nothing."""
    found = read(
        "# a comment\n"
        "\n"
        '# HELP requests All \\\\ of\\nthem, "quoted".\n'
        "# TYPE requests counter\n"
        'requests{path="a\\\\b\\"c\\nd", code="200",} 3 1395066363000\n'
        '\t requests { path = "}{" } +Inf\n'
        "# TYPE wait histogram\n"
        'wait_bucket{le="1"} 1\n'
        'wait_bucket{le="+Inf"} 2\n'
        "wait_sum 1.5e3\n"
        "wait_count\t2\t-5\n"
        '{"with.dots","a.b"="c"} NaN\n'
    )
    assert [(family.name, family.type, len(family.samples)) for family in found] == [
        ("requests", "counter", 2),
        ("wait", "histogram", 4),
        ("with.dots", "untyped", 1),
    ]
    assert found[0].help == 'All \\ of\nthem, "quoted".'
    assert list(all_samples(found))[:6] == [
        Exposed({"__name__": "requests", "path": 'a\\b"c\nd', "code": "200"}, 3.0, 1_395_066_363_000),
        Exposed({"__name__": "requests", "path": "}{"}, math.inf),
        Exposed({"__name__": "wait_bucket", "le": "1.0"}, 1.0),
        Exposed({"__name__": "wait_bucket", "le": "+Inf"}, 2.0),
        Exposed({"__name__": "wait_sum"}, 1500.0),
        Exposed({"__name__": "wait_count"}, 2.0, -5),
    ]
    assert found[2].samples[0].labels == {"__name__": "with.dots", "a.b": "c"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a 1", "line 1: expected a line feed at the end"),
        ("a\n", "line 1, column 2: expected a number, found nothing"),
        ("a x\n", "line 1, column 3: expected a number, found 'x'"),
        ("a 1_0\n", "expected a number, found '1_0'"),
        ("b 1\na 1\r\n", "line 2, column 3: expected a number, found '1\\r'"),
        ("a \x1f\t\n", "line 1, column 3: expected a number, found '\\x1f'"),
        ("a 1 x\n", "line 1, column 5: expected the end of the line or a time in whole milliseconds, found 'x'"),
        ("a 1 2 3\n", "found '2 3'"),
        ("a 1\t2\t3 \n", "line 1, column 5: expected the end of the line or a time in whole milliseconds, found '2 3'"),
        ("a{b=1} 1\n", "line 1, column 3: expected label=\"value\", found 'b=1'"),
        ('a{b="1"\n', "line 1, column 2: expected labels as"),
        ('a{b="1" c="2"} 1\n', 'column 3: expected label="value"'),
        ('a{b="1",b="2"} 1\n', "line 1, column 9: the label 'b' is there twice"),
        ('a{b:c="1"} 1\n', "'b:c' cannot be a label's name"),
        ('a{b="\\x"} 1\n', "line 1, column 6: expected \\\\\\\\, "),
        ('{b="1"} 1\n', "line 1, column 1: expected a metric's name"),
        ('{"a","b"} 1\n', 'expected label="value"'),
        ("# TYPE a countr\n", "line 1, column 10: expected one of counter, gauge, histogram, summary, untyped"),
        ("# TYPE 1a counter\n", "line 1, column 8: expected a metric's name, found '1a'"),
        ("# TYPE a gauge\n# TYPE a gauge\n", "line 2, column 1: second TYPE line for the metric 'a'"),
        ("# HELP a b\n# HELP a b\n", "second HELP line"),
        ("a 1\n# TYPE a gauge\n", "line 2, column 1: the TYPE line of the metric 'a' must come before its samples"),
        ("# TYPE a histogram\na_bucket 1\n", "line 2, column 1: expected the label le"),
        ('# TYPE a histogram\na_bucket{le="x"} 1\n', "expected a number, found 'x'"),
    ],
)
def test_mistakes_have_a_place(text: str, says: str) -> None:
    """Each mistake is named with its line and column, what was found and what would be right."""
    with pytest.raises(ExpositionError) as caught:
        read(text)
    assert says.replace("\\\\\\\\, ", "\\\\, ") in str(caught.value)


def test_what_is_no_utf8() -> None:
    """The place of the first byte that cannot be is named."""
    with pytest.raises(ExpositionError, match="line 2, column 6: expected UTF-8, found the byte 0xff"):
        read_text(b'a 1\nb{c="\xff"} 1\n')


def test_what_the_client_library_shows() -> None:
    """Everything that the library can show is read, with its types."""
    registry = CollectorRegistry()
    Counter("jobs", "Jobs.", ["kind"], registry=registry).labels('a"b\\c\n').inc(3)
    Gauge("load", "Load.", registry=registry).set(-0.5)
    Histogram("took_seconds", "Time.", registry=registry).observe(0.3)
    Summary("size_bytes", "Size.", registry=registry).observe(7)
    found = read_text(generate_latest(registry))
    types = {family.name: family.type for family in found}
    assert types["jobs_total"] == "counter"
    assert types["took_seconds"] == "histogram"
    assert types["size_bytes"] == "summary"
    samples = {tuple(sorted(sample.labels.items())): sample.value for sample in all_samples(found)}
    assert samples[("__name__", "jobs_total"), ("kind", 'a"b\\c\n')] == 3.0
    assert samples[("__name__", "took_seconds_bucket"), ("le", "0.5")] == 1.0


_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
_VALUES = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"), max_size=12
)
_NUMBERS = st.floats(width=64) | st.integers(-(10**18), 10**18).map(float)


@given(
    st.lists(
        st.tuples(
            _NAMES,
            st.dictionaries(
                _NAMES.filter(lambda n: n not in ("le", "quantile") and not n.startswith("__")), _VALUES, max_size=4
            ),
            _NUMBERS,
        )
    )
)
def test_the_same_as_the_librarys_parser(samples: list[tuple[str, dict[str, str], float]]) -> None:
    """Whatever samples are written, both readers find the same."""
    lines = []
    for name, labels, value in samples:
        escaped = (
            (label, text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\""))
            for label, text in labels.items()
        )
        inside = ",".join(f'{label}="{text}"' for label, text in escaped)
        lines.append(f"{name}{{{inside}}} {value!r}\n")
    body = "".join(lines)
    own = [(sample.labels, repr(sample.value)) for sample in all_samples(read(body))]
    theirs = [
        ({"__name__": sample.name, **sample.labels}, repr(float(sample.value)))
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    ]
    assert sorted(map(str, own)) == sorted(map(str, theirs))


@given(st.binary(max_size=200) | st.text('a{}="\\#, \n1.TYPEHLcountr_buckele', max_size=120).map(str.encode))
def test_any_bytes(body: bytes) -> None:
    """Whatever comes is read or refused in words, never anything else."""
    with suppress(ExpositionError):
        read_text(body)
