"""Remote write 1.0: the message `prometheus.WriteRequest`, both ways.

A sender repeats the labels of a series, byte by byte, in every request, and behind them stands one sample in nearly all
cases. So the reader remembers the bytes of labels: a series that it knows costs it one look-up.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from alertd.sources import wire
from alertd.sources.descriptions import read_description
from alertd.sources.remotewrite.histograms import HistogramRefused, read_histogram, write_histogram
from alertd.sources.remotewrite.request import (
    UNBOUNDED,
    SeriesRefused,
    TooManySamples,
    WriteRequest,
    refused_histogram,
    too_many_labels,
)
from alertd.sources.series import NOBODY, Identity, SeriesLimits, SeriesSamples

_DOUBLE = struct.Struct("<d").unpack_from
_SERIES: Final = 1 << 3 | wire.BYTES
_SAMPLE: Final = 2 << 3 | wire.BYTES
_VALUE: Final = 1 << 3 | wire.FIXED64
_AT: Final = 2 << 3 | wire.VARINT
# A sample of our time: its key and length, the value (9 bytes, left out when it is zero), the instant (7 bytes).
_WITH_VALUE: Final = 18
_WITHOUT_VALUE: Final = 9
_INSTANT: Final = 6
_MOST_REMEMBERED: Final = 200_000
_MOST_DESCRIPTIONS: Final = 20_000


class Version1Reader:
    """Reads requests; the labels of up to 200 000 series are remembered from one to the next."""

    def __init__(self, limits: SeriesLimits = SeriesLimits()) -> None:
        self._limits = limits
        self._known: dict[bytes, Identity] = {}

    def read(self, data: bytes, most: int = UNBOUNDED) -> WriteRequest:
        """What a request of at most so many samples says. Raises `WireError` where it is no such message."""
        request = WriteRequest()
        series = request.series
        known = self._known
        instants: dict[bytes, int] = {}
        number, position, end = 0, 0, len(data)
        while position < end:
            if data[position] != _SERIES:
                position = _other(data, position, end, request)
                continue
            if number >= most:
                raise TooManySamples(most)
            number += 1
            length, position = wire.read_varint(data, position + 1, end)
            last = position + length
            if last > end:
                raise wire.WireError(f"expected {length} bytes at byte {position}, found {end - position}")
            # If the bytes before a sample are the labels of a series that is known, they are read to their end.
            if length > _WITHOUT_VALUE and data[last - 7] == _AT:
                tail = data[last - _INSTANT : last]
                at = instants.get(tail)
                if at is None:
                    at = instants[tail] = _instant(tail)
                if data[last - 9] == _SAMPLE and data[last - 8] == 7 and at:
                    identity = known.get(data[position : last - _WITHOUT_VALUE])
                    if identity is not None:
                        series.append(SeriesSamples(identity, [(at, 0.0)]))
                        position = last
                        continue
                elif (
                    length > _WITH_VALUE
                    and data[last - 16] == _VALUE
                    and data[last - 17] == 16
                    and data[last - 18] == _SAMPLE
                    and at
                ):
                    identity = known.get(data[position : last - _WITH_VALUE])
                    if identity is not None:
                        series.append(SeriesSamples(identity, [(at, _DOUBLE(data, last - 15)[0])]))
                        position = last
                        continue
            number += self._add(request, data, position, last, most)
            position = last
        if number > most:
            raise TooManySamples(most)
        return request

    def _add(self, request: WriteRequest, data: bytes, start: int, end: int, most: int) -> int:
        """Add a series, or why it cannot be taken, to a request; how many samples beyond one it has."""
        try:
            series = self._series(data, start, end, most)
        except SeriesRefused as error:
            request.refused.append(str(error))
            return 0
        # Exemplars may come alone, and none are kept.
        if not len(series):
            return 0
        request.series.append(series)
        return len(series) - 1

    def _series(self, data: bytes, start: int, end: int, most: int) -> SeriesSamples:
        pairs: list[tuple[str, str]] = []
        series = SeriesSamples(NOBODY)
        problem: HistogramRefused | None = None
        labels_end, only_labels = start, True
        for number, kind, first, last in wire.fields(data, start, end):
            if number <= 4:
                wire.expect(kind, wire.BYTES, "a part of a series")
            if number == 1:
                pairs.append(_label(data, first, last))
                # Labels behind something else are read, but not remembered by their bytes.
                labels_end = last if only_labels else start
                if len(pairs) > self._limits.labels:
                    raise too_many_labels(dict(pairs), self._limits)
                continue
            only_labels = False
            if number == 2:
                series.samples.append(read_sample(data, first, last))
            elif number == 4:
                try:
                    series.histograms.append(read_histogram(data, first, last))
                except HistogramRefused as error:
                    problem = error
            if len(series) > most:
                raise TooManySamples(most)
        series.identity = self._identity(data[start:labels_end], pairs)
        if problem is not None:
            raise refused_histogram(problem, series.identity)
        return series

    def _identity(self, written: bytes, pairs: list[tuple[str, str]]) -> Identity:
        identity = self._known.get(written)
        if identity is None:
            identity = Identity(pairs, self._limits)
            # A sender may try ever other labels that cannot be taken.
            if written and identity.problem is None:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[written] = identity
        return identity


def write_request(series: Iterable[SeriesSamples]) -> bytes:
    """The message of a request."""
    return b"".join(wire.message(1, _written(one)) for one in series)


def read_sample(data: bytes, start: int, end: int) -> tuple[int, float]:
    """The instant and the value of a sample. Raises `WireError`."""
    at, value = 0, 0.0
    for number, kind, first, _ in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.FIXED64, "a value")
            value = wire.double(data, first)
        elif number == 2:
            wire.expect(kind, wire.VARINT, "an instant")
            at = wire.signed(first)
    return at, value


def _instant(tail: bytes) -> int:
    """The number that six bytes are; 0 where they are not one number."""
    if tail[-1] >= 0x80 or min(tail[:-1]) < 0x80:
        return 0
    return wire.read_varint(tail, 0, len(tail))[0]


def _other(data: bytes, position: int, end: int, request: WriteRequest) -> int:
    """Take a field that is no series: a description, or one to pass over; where it ends."""
    number, kind, first, last = next(wire.fields(data, position, end))
    if number == 3:
        wire.expect(kind, wire.BYTES, "a description")
        if len(request.descriptions) < _MOST_DESCRIPTIONS:
            request.descriptions[read_description(data, first, last)] = None
    if number == 1:
        raise wire.WireError(f"expected a series at byte {position}, found the wire type {kind}")
    return last


def _label(data: bytes, start: int, end: int) -> tuple[str, str]:
    name = value = ""
    for number, kind, first, last in wire.fields(data, start, end):
        if number in (1, 2):
            wire.expect(kind, wire.BYTES, "a label")
            if number == 1:
                name = wire.text(data, first, last)
            else:
                value = wire.text(data, first, last)
    return name, value


def _written(one: SeriesSamples) -> bytes:
    labels = one.identity.labels
    parts = [
        wire.message(1, wire.message(1, name.encode()) + wire.message(2, labels[name].encode()))
        for name in sorted(labels)
    ]
    parts += [wire.message(2, wire.double_field(1, value) + wire.varint_field(2, at)) for at, value in one.samples]
    parts += [wire.message(4, write_histogram(at, histogram)) for at, histogram in one.histograms]
    return b"".join(parts)
