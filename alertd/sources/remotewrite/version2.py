"""Remote write 2.0: the message `io.prometheus.write.v2.Request`, whose labels are places in a list of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alertd.promql import METRIC_NAME
from alertd.sources import wire
from alertd.sources.descriptions import Description, metric_of, read_references, type_of
from alertd.sources.remotewrite.histograms import HistogramRefused, read_histogram
from alertd.sources.remotewrite.request import (
    UNBOUNDED,
    SeriesRefused,
    TooManySamples,
    WriteRequest,
    refused_histogram,
    too_many_labels,
)
from alertd.sources.series import NOBODY, Identity, SeriesLimits, SeriesSamples, shown

_MOST_REMEMBERED = 200_000
_MOST_SYMBOLS = 1_000_000
# Where the newest drafts of the protocol say since when a sample counts.
_SAMPLE_START = 3
_HISTOGRAM_START = 17


class Version2Reader:
    """Reads requests; the labels of up to 200 000 series are remembered from one to the next."""

    def __init__(self, limits: SeriesLimits = SeriesLimits()) -> None:
        self._limits = limits
        self._known: dict[tuple[str, ...], Identity] = {}

    def read(self, data: bytes, most: int = UNBOUNDED) -> WriteRequest:
        """What a request of at most so many samples says. Raises `WireError` where it is no such message."""
        request = WriteRequest()
        symbols: list[str] = []
        places: list[tuple[int, int]] = []
        for number, kind, first, last in wire.fields(data):
            if number == 4:
                wire.expect(kind, wire.BYTES, "a symbol")
                symbols.append(wire.text(data, first, last))
                if len(symbols) > _MOST_SYMBOLS:
                    raise wire.WireError(f"a request may have {_MOST_SYMBOLS} symbols, found more")
            elif number == 5:
                wire.expect(kind, wire.BYTES, "a series")
                places.append((first, last))
                if len(places) > most:
                    raise TooManySamples(most)
            elif number <= 3:
                raise wire.WireError(f"expected a request of version 2.0, found the field {number} of version 1.0")
        if symbols and symbols[0]:
            raise wire.WireError(f"expected an empty text as the first symbol, found {symbols[0][:60]!r}")
        # A place of 0 says that there is no text, and somebody who says no text may send no symbols.
        symbols = symbols or [""]
        number = 0
        for first, last in places:
            try:
                series = self._series(data, first, last, symbols, request, most)
            except SeriesRefused as error:
                request.refused.append(str(error))
                continue
            request.series.append(series)
            number += len(series)
            if number > most:
                raise TooManySamples(most)
        return request

    def _series(
        self, data: bytes, start: int, end: int, symbols: Sequence[str], request: WriteRequest, most: int
    ) -> SeriesSamples:
        references: list[int] = []
        described = (0, 0, 0)
        series = SeriesSamples(NOBODY)
        problem: HistogramRefused | None = None
        for number, kind, first, last in wire.fields(data, start, end):
            if number == 1:
                references += wire.varints(data, kind, first, last)
                if len(references) > 2 * self._limits.labels + 1:
                    raise too_many_labels(self._readable(references, symbols), self._limits)
            elif number == 2:
                wire.expect(kind, wire.BYTES, "a sample")
                at, value, since = _sample(data, first, last)
                series.samples.append((at, value))
                series.start = since or series.start
            elif number == 3:
                wire.expect(kind, wire.BYTES, "a histogram")
                try:
                    series.histograms.append(read_histogram(data, first, last))
                except HistogramRefused as error:
                    problem = error
                series.start = _start(data, first, last, _HISTOGRAM_START) or series.start
            elif number == 5:
                wire.expect(kind, wire.BYTES, "a description")
                described = read_references(data, first, last)
            elif number == 6:
                wire.expect(kind, wire.VARINT, "an instant")
                series.start = wire.signed(first)
            if len(series) > most:
                raise TooManySamples(most)
        self._check(references, described, symbols)
        series.identity = self._identity(tuple(symbols[reference] for reference in references))
        if problem is not None:
            raise refused_histogram(problem, series.identity)
        if any(described):
            request.descriptions[_description(series.identity, described, symbols)] = None
        return series

    def _check(self, references: Sequence[int], described: tuple[int, int, int], symbols: Sequence[str]) -> None:
        """Raises `SeriesRefused` where a text is not among the symbols, or a label has no value."""
        highest = max((*references, *described[1:]))
        if highest >= len(symbols):
            problem = f"expected a symbol below {len(symbols)}, found {highest}"
        elif len(references) % 2:
            problem = f"expected names and values of labels in pairs, found {len(references)} texts"
        else:
            return
        raise SeriesRefused(f"{problem} for series {shown(self._readable(references, symbols))}")

    def _identity(self, texts: tuple[str, ...]) -> Identity:
        identity = self._known.get(texts)
        if identity is None:
            identity = Identity(tuple(zip(texts[::2], texts[1::2], strict=True)), self._limits)
            # A sender may try ever other labels that cannot be taken.
            if identity.problem is None:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[texts] = identity
        return identity

    def _readable(self, references: Sequence[int], symbols: Sequence[str]) -> Mapping[str, str]:
        """As many labels as a series may have, as far as they are there, and of their texts no more than may be."""
        limits = self._limits
        pairs = list(zip(references[::2], references[1::2], strict=False))[: limits.labels]
        return {
            symbols[name][: limits.name]: symbols[value][: limits.value]
            for name, value in pairs
            if max(name, value) < len(symbols)
        }


def _description(identity: Identity, described: tuple[int, int, int], symbols: Sequence[str]) -> Description:
    number, about, unit = described
    kind = type_of(number)
    return Description(metric_of(identity.labels.get(METRIC_NAME, ""), kind), kind, symbols[about], symbols[unit])


def _sample(data: bytes, start: int, end: int) -> tuple[int, float, int]:
    """The instant, the value, and since when it counts, 0 where that is not said."""
    at, value, since = 0, 0.0, 0
    for number, kind, first, _ in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.FIXED64, "a value")
            value = wire.double(data, first)
        elif number in (2, _SAMPLE_START):
            wire.expect(kind, wire.VARINT, "an instant")
            if number == 2:
                at = wire.signed(first)
            else:
                since = wire.signed(first)
    return at, value, since


def _start(data: bytes, start: int, end: int, wanted: int) -> int:
    """The instant in the field `wanted` of a message; 0 where it is not there."""
    for number, kind, first, _ in wire.fields(data, start, end):
        if number == wanted:
            wire.expect(kind, wire.VARINT, "an instant")
            return wire.signed(first)
    return 0
