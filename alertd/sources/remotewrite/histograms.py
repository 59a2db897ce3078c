"""Native histograms of remote write; versions 1.0 and 2.0 have the same fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from alertd.errors import AlertdError
from alertd.promql.histogram import CUSTOM_BUCKETS, HIGHEST_SCHEMA, LOWEST_SCHEMA, CounterReset, FloatHistogram
from alertd.sources import wire

_RESETS = (CounterReset.UNKNOWN, CounterReset.RESET, CounterReset.NOT_RESET, CounterReset.GAUGE)
_FLOATS = frozenset({2, 3, 5, 7})
_MOST_BUCKETS = 4096


class HistogramRefused(AlertdError):
    """A histogram whose parts contradict each other."""


def read_histogram(data: bytes, start: int, end: int) -> tuple[int, FloatHistogram]:
    """The instant of a histogram, and the histogram.

    Raises `WireError` where it is no message of one, `HistogramRefused` where what it says cannot be.
    """
    plain: dict[int, int] = {}
    floats: dict[int, float] = {}
    spans: dict[int, list[tuple[int, int]]] = {8: [], 11: []}
    deltas: dict[int, list[int]] = {9: [], 12: []}
    counts: dict[int, list[float]] = {10: [], 13: [], 16: []}
    for number, kind, first, last in wire.fields(data, start, end):
        if number in _FLOATS:
            wire.expect(kind, wire.FIXED64, "a number")
            floats[number] = wire.double(data, first)
        elif number in spans:
            wire.expect(kind, wire.BYTES, "a span of buckets")
            spans[number].append(read_span(data, first, last))
            if len(spans[number]) > _MOST_BUCKETS:
                raise HistogramRefused(f"a histogram may have {_MOST_BUCKETS} spans, found more")
        elif number in deltas:
            deltas[number] += map(wire.zigzag, wire.varints(data, kind, first, last))
        elif number in counts:
            counts[number] += wire.doubles(data, kind, first, last)
        elif number <= 15:
            wire.expect(kind, wire.VARINT, "a number")
            plain[number] = first
    # Which kind of count it has says which kind of histogram it is.
    is_float = 2 in floats
    positive = buckets_of(spans[11], counts[13] if is_float else list(accumulate(deltas[12])))
    negative = buckets_of(spans[8], counts[10] if is_float else list(accumulate(deltas[9])))
    if not is_float:
        found = sum(positive.values()) + sum(negative.values()) + plain.get(6, 0)
        _check_count(plain.get(1, 0), int(found), may_miss=math.isnan(floats.get(3, 0.0)))
    histogram = FloatHistogram(
        schema=wire.zigzag(plain.get(4, 0)),
        count=floats.get(2, float(plain.get(1, 0))),
        sum=floats.get(3, 0.0),
        zero_threshold=floats.get(5, 0.0),
        zero_count=floats.get(7, float(plain.get(6, 0))),
        positive={place: float(count) for place, count in positive.items()},
        negative={place: float(count) for place, count in negative.items()},
        custom_values=tuple(counts[16]),
        counter_reset=_RESETS[min(plain.get(14, 0), len(_RESETS)) % len(_RESETS)],
    )
    return wire.signed(plain.get(15, 0)), histogram


def problem_of(histogram: FloatHistogram) -> str | None:
    """Why a histogram cannot be stored; None when it can."""
    if histogram.is_custom:
        bounds = histogram.custom_values
        if any(later <= earlier for earlier, later in pairwise(bounds)) or any(map(math.isnan, bounds)):
            return "its custom bounds must ascend"
        if bounds and bounds[-1] == math.inf:
            return "its last custom bound is +Inf, which must not be said"
        if histogram.negative or histogram.zero_count or histogram.zero_threshold:
            return "it has custom buckets, and negative or zero buckets beside them"
        if any(not 0 <= index <= len(bounds) for index in histogram.positive):
            return f"it has {len(bounds)} custom bounds, and a bucket beyond them"
    elif not LOWEST_SCHEMA <= histogram.schema <= HIGHEST_SCHEMA:
        return f"its schema is {histogram.schema}, known are {LOWEST_SCHEMA} to {HIGHEST_SCHEMA} and {CUSTOM_BUCKETS}"
    elif histogram.custom_values:
        return f"it has custom bounds, and the schema {histogram.schema} that has none"
    numbers = (histogram.count, histogram.zero_count, *histogram.positive.values(), *histogram.negative.values())
    if any(number < 0 for number in numbers):
        return "it has a negative count"
    return None


def write_histogram(at: int, histogram: FloatHistogram) -> bytes:
    """The message of a histogram with float counts."""
    reset = _RESETS.index(histogram.counter_reset)
    return b"".join(
        (
            wire.double_field(2, histogram.count),
            wire.double_field(3, histogram.sum),
            wire.varint_field(4, wire.to_zigzag(histogram.schema)),
            wire.double_field(5, histogram.zero_threshold),
            wire.double_field(7, histogram.zero_count),
            *_written_buckets(8, 10, histogram.negative),
            *_written_buckets(11, 13, histogram.positive),
            wire.varint_field(14, reset) if reset else b"",
            wire.varint_field(15, at),
            wire.packed_doubles(16, histogram.custom_values),
        )
    )


def read_span(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The offset and the length of a span of buckets. Raises `WireError`."""
    offset = length = 0
    for number, kind, value, _ in wire.fields(data, start, end):
        if number in (1, 2):
            wire.expect(kind, wire.VARINT, "a number")
            if number == 1:
                offset = wire.zigzag(value)
            else:
                length = value
    return offset, length


def buckets_of(spans: Sequence[tuple[int, int]], values: Sequence[float]) -> dict[int, float]:
    """The counts by their places. Raises `HistogramRefused`."""
    wanted = sum(length for _, length in spans)
    if wanted != len(values) or wanted > _MOST_BUCKETS:
        found = f"spans of {wanted} buckets and {len(values)} counts"
        raise HistogramRefused(f"a histogram may have {_MOST_BUCKETS} buckets with a count each, found {found}")
    back = next((offset for offset, _ in spans[1:] if offset < 0), 0)
    if back:
        raise HistogramRefused(f"a histogram's spans must follow each other, found one with the offset {back}")
    buckets: dict[int, float] = {}
    place = position = 0
    for offset, length in spans:
        place += offset
        for value in values[position : position + length]:
            buckets[place] = value
            place += 1
        position += length
    return buckets


def _check_count(count: int, found: int, *, may_miss: bool) -> None:
    """Raises `HistogramRefused` unless the buckets have all that was counted; NaN is in none of them."""
    if found != count and not (may_miss and found < count):
        raise HistogramRefused(f"a histogram must count as much as its buckets together, found {count} and {found}")


def _written_buckets(spans: int, counts: int, buckets: Mapping[int, float]) -> Iterator[bytes]:
    """A span for each bucket run, then all counts."""
    places = sorted(buckets)
    expected = 0
    run: list[int] = []
    for place in (*places, None):
        if run and (place is None or place != run[-1] + 1):
            content = wire.varint_field(1, wire.to_zigzag(run[0] - expected)) + wire.varint_field(2, len(run))
            yield wire.message(spans, content)
            expected = run[-1] + 1
            run = []
        if place is not None:
            run.append(place)
    yield wire.packed_doubles(counts, (buckets[place] for place in places))
