"""The protobuf form of an exposition: messages `io.prometheus.client.MetricFamily`, each after its length.

A native histogram is one sample; where it has classic buckets as well, those are taken besides, with sum and count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from alertd.promql.histogram import CounterReset, FloatHistogram
from alertd.promql.numbers import format_openmetrics_float
from alertd.sources import wire
from alertd.sources.exposition.families import Exposed, ExpositionError, Family, Room
from alertd.sources.remotewrite.histograms import HistogramRefused, buckets_of, read_span

_TYPES = ("counter", "gauge", "summary", "untyped", "histogram", "gaugehistogram")
# The numbers of the fields of a Metric that hold one value each: gauge, counter, untyped.
_PLAIN = (2, 3, 5)
# Where the spans of a histogram's negative and positive buckets are; their deltas and float counts follow.
_NEGATIVE, _POSITIVE = 9, 12


@dataclass
class _Metric:
    labels: dict[str, str] = field(default_factory=dict)
    value: float | None = None
    count: float | None = None
    sum: float = 0.0
    bounds: list[tuple[float, float]] = field(default_factory=list)
    at: int | None = None
    native: FloatHistogram | None = None


def read_protobuf(body: bytes, most: int = 10_000) -> list[Family]:
    """The families of an exposition of at most so many samples, in their order. Raises `ExpositionError`."""
    room = Room(most)
    families: dict[str, Family] = {}
    position = 0
    try:
        while position < len(body):
            length, position = wire.read_varint(body, position, len(body))
            if length > len(body) - position:
                raise wire.WireError(f"expected {length} bytes at byte {position}, found {len(body) - position}")
            room.family()
            family = _family(body, position, position + length, room)
            families[family.name] = family
            position += length
    except wire.WireError as error:
        raise ExpositionError(str(error)) from error
    return list(families.values())


def _family(data: bytes, start: int, end: int, room: Room) -> Family:
    family = Family("", _TYPES[0])
    metrics = []
    for number, kind, first, last in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.BYTES, "a name")
            family.name = wire.text(data, first, last)
        elif number == 2:
            wire.expect(kind, wire.BYTES, "a help text")
            family.help = wire.text(data, first, last)
        elif number == 3:
            wire.expect(kind, wire.VARINT, "a type")
            if first >= len(_TYPES):
                raise wire.WireError(f"expected a metric's type of at most {len(_TYPES) - 1}, found {first}")
            family.type = _TYPES[first]
        elif number == 4:
            wire.expect(kind, wire.BYTES, "a metric")
            metrics.append(_metric(data, first, last, room))
        elif number == 5:
            wire.expect(kind, wire.BYTES, "a unit")
            family.unit = wire.text(data, first, last)
    if not family.name:
        raise wire.WireError("expected a metric family with a name")
    for metric in metrics:
        family.samples += _exposed(family, metric)
    return family


def _metric(data: bytes, start: int, end: int, room: Room) -> _Metric:
    metric = _Metric()
    room.sample()
    for number, kind, first, last in wire.fields(data, start, end):
        if number == 6:
            wire.expect(kind, wire.VARINT, "a time")
            metric.at = wire.signed(first)
            continue
        if number > 7:
            continue
        wire.expect(kind, wire.BYTES, "a part of a metric")
        if number == 1:
            name, value = _label(data, first, last)
            if not name or name in metric.labels:
                raise wire.WireError(f"expected labels with a name each, and each once, found {name!r}")
            metric.labels[name] = value
        elif number in _PLAIN:
            metric.value = _value(data, first, last)
        else:
            _distribution(data, first, last, metric, room, is_histogram=number == 7)
            if number == 7:
                metric.native = _native(data, first, last)
    return metric


def _label(data: bytes, start: int, end: int) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    for number, kind, first, last in wire.fields(data, start, end):
        if number in texts:
            wire.expect(kind, wire.BYTES, "a label")
            texts[number] = wire.text(data, first, last)
    return texts[1], texts[2]


def _value(data: bytes, start: int, end: int) -> float:
    value = 0.0
    for number, kind, first, _ in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.FIXED64, "a value")
            value = wire.double(data, first)
    return value


def _distribution(data: bytes, start: int, end: int, metric: _Metric, room: Room, *, is_histogram: bool) -> None:
    """A summary or a histogram: the first two fields are the same, and the third repeats a bound with a number."""
    metric.count = 0.0
    for number, kind, first, last in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.VARINT, "a count")
            metric.count = metric.count or float(first)
        elif number == 2:
            wire.expect(kind, wire.FIXED64, "a sum")
            metric.sum = wire.double(data, first)
        elif number == 3:
            wire.expect(kind, wire.BYTES, "a bucket or a quantile")
            room.sample()
            metric.bounds.append(_bucket(data, first, last) if is_histogram else _quantile(data, first, last))
        elif number == 4 and is_histogram:
            wire.expect(kind, wire.FIXED64, "a count")
            metric.count = wire.double(data, first) or metric.count


def _native(data: bytes, start: int, end: int) -> FloatHistogram | None:
    """What is native of a histogram; None when there is nothing of the kind. Raises `WireError`."""
    plain: dict[int, int] = {}
    floats: dict[int, float] = {}
    spans: dict[int, list[tuple[int, int]]] = {_NEGATIVE: [], _POSITIVE: []}
    deltas: dict[int, list[int]] = {_NEGATIVE + 1: [], _POSITIVE + 1: []}
    counts: dict[int, list[float]] = {_NEGATIVE + 2: [], _POSITIVE + 2: []}
    for number, kind, first, last in wire.fields(data, start, end):
        if number in (1, 5, 7):
            wire.expect(kind, wire.VARINT, "a number")
            plain[number] = first
        elif number in (2, 4, 6, 8):
            wire.expect(kind, wire.FIXED64, "a number")
            floats[number] = wire.double(data, first)
        elif number in spans:
            wire.expect(kind, wire.BYTES, "a span of buckets")
            spans[number].append(read_span(data, first, last))
        elif number in deltas:
            deltas[number] += map(wire.zigzag, wire.varints(data, kind, first, last))
        elif number in counts:
            counts[number] += wire.doubles(data, kind, first, last)
    if not (any(spans.values()) or floats.get(6) or plain.get(7) or floats.get(8)):
        return None

    def buckets(side: int) -> dict[int, float]:
        found = counts[side + 2] or list(accumulate(deltas[side + 1]))
        return {place: float(count) for place, count in buckets_of(spans[side], found).items() if count}

    try:
        positive, negative = buckets(_POSITIVE), buckets(_NEGATIVE)
    except HistogramRefused as error:
        raise wire.WireError(str(error)) from error
    return FloatHistogram(
        schema=wire.zigzag(plain.get(5, 0)),
        count=floats.get(4) or float(plain.get(1, 0)),
        sum=floats.get(2, 0.0),
        zero_threshold=floats.get(6, 0.0),
        zero_count=floats.get(8) or float(plain.get(7, 0)),
        positive=positive,
        negative=negative,
    )


def _bucket(data: bytes, start: int, end: int) -> tuple[float, float]:
    bound = count = 0.0
    for number, kind, first, _ in wire.fields(data, start, end):
        if number == 1:
            wire.expect(kind, wire.VARINT, "a count")
            count = count or float(first)
        elif number in (2, 4):
            wire.expect(kind, wire.FIXED64, "a number")
            if number == 2:
                bound = wire.double(data, first)
            else:
                count = wire.double(data, first) or count
    return bound, count


def _quantile(data: bytes, start: int, end: int) -> tuple[float, float]:
    rank = value = 0.0
    for number, kind, first, _ in wire.fields(data, start, end):
        if number in (1, 2):
            wire.expect(kind, wire.FIXED64, "a number")
            if number == 1:
                rank = wire.double(data, first)
            else:
                value = wire.double(data, first)
    return rank, value


def _exposed(family: Family, metric: _Metric) -> Iterator[Exposed]:
    name, at = family.name, metric.at
    if metric.count is None:
        if metric.value is None:
            raise wire.WireError(f"expected a value of the metric {name!r}, found none")
        yield Exposed({"__name__": name, **metric.labels}, metric.value, at)
        return
    is_summary = family.type == "summary"
    bounds = metric.bounds
    if metric.native is not None:
        is_gauge = family.type == "gaugehistogram"
        histogram = metric.native.hinted(CounterReset.GAUGE) if is_gauge else metric.native
        yield Exposed({"__name__": name, **metric.labels}, math.nan, at, histogram=histogram)
        if not bounds:
            return
    if not is_summary and not any(math.isinf(bound) and bound > 0 for bound, _ in bounds):
        bounds = [*bounds, (math.inf, metric.count)]
    for bound, value in bounds:
        part = {"quantile" if is_summary else "le": format_openmetrics_float(bound)}
        yield Exposed({"__name__": name if is_summary else f"{name}_bucket", **metric.labels, **part}, value, at)
    yield Exposed({"__name__": f"{name}_sum", **metric.labels}, metric.sum, at)
    yield Exposed({"__name__": f"{name}_count", **metric.labels}, metric.count, at)
