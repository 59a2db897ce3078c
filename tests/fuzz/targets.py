"""What fuzzing feeds: the PromQL parser and the readers of pushed metrics, each with what must hold of all it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from alertd.errors import AlertdError
from alertd.promql import ALL_FEATURES, ParseError, parse, parse_series, prettify
from alertd.sources.exposition.openmetrics import read_openmetrics
from alertd.sources.exposition.protobuf import read_protobuf
from alertd.sources.exposition.text import read_text
from alertd.sources.otlp import protobuf as otlp
from alertd.sources.otlp.messages import read_json
from alertd.sources.otlp.translation import Translator
from alertd.sources.remotewrite.histograms import problem_of
from alertd.sources.remotewrite.request import WriteRequest
from alertd.sources.remotewrite.version1 import Version1Reader, write_request
from alertd.sources.remotewrite.version2 import Version2Reader

_MOST_SAMPLES = 10_000


def parse_or_refuse(text: str) -> None:
    """A text parses to a tree that prints and parses again, or is refused with a place inside the text."""
    try:
        expr = parse(text, features=ALL_FEATURES)
    except ParseError as error:
        refused = error
    else:
        # Compared as texts, since NaN is not equal to itself.
        assert str(parse(str(expr), features=ALL_FEATURES)) == str(expr)
        assert str(parse(prettify(expr), features=ALL_FEATURES)) == str(expr)
        return
    assert 0 <= refused.start <= len(text)
    assert refused.caret()


def _series(body: bytes) -> None:
    with suppress(ParseError):
        parse_series(body.decode(errors="replace"))


def _write(request: WriteRequest) -> None:
    """Whatever was read can be judged, and what may be stored of it is written so that it is read again."""
    for one in request.series:
        for _, histogram in one.histograms:
            problem_of(histogram)
    good = [one for one in request.series if one.identity.problem is None and len(one)]
    again = Version1Reader().read(write_request(good))
    assert [one.identity.key for one in again.series] == [one.identity.key for one in good]


def _write1(body: bytes) -> None:
    """A reader that remembers the labels says the same as one that sees them for the first time."""
    reader = Version1Reader()
    first, second = reader.read(body, _MOST_SAMPLES), reader.read(body, _MOST_SAMPLES)
    assert repr(_said(first)) == repr(_said(second))
    _write(first)


def _said(request: WriteRequest) -> object:
    return [(sorted(one.identity.labels.items()), one.samples, one.histograms, one.start) for one in request.series]


TARGETS: Mapping[str, Callable[[bytes], object]] = {
    "promql": lambda body: parse_or_refuse(body.decode(errors="replace")),
    "series": _series,
    "text": read_text,
    "openmetrics": read_openmetrics,
    "protobuf": read_protobuf,
    "write1": _write1,
    "write2": lambda body: _write(Version2Reader().read(body, _MOST_SAMPLES)),
    "otlp": lambda body: Translator().translate(otlp.read_protobuf(body)),
    "otlpjson": lambda body: Translator().translate(read_json(body)),
}


def feed(target: str, body: bytes) -> None:
    """Let a target have a body; it reads it, or refuses it in words."""
    with suppress(AlertdError):
        TARGETS[target](body)
