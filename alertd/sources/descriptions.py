"""What pushers say of their metrics: type, help and unit, as Prometheus' metadata has them."""

from __future__ import annotations

from typing import Final, NamedTuple

from alertd.sources import wire

#: The types by their numbers in remote write, versions 1.0 and 2.0 alike.
TYPES: Final = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")

# The series of one metric have its name with one of these behind it.
_SUFFIXES: Final = {
    "histogram": ("_bucket", "_sum", "_count"),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
    "summary": ("_sum", "_count"),
}


class Description(NamedTuple):
    """A metric's name, one of `TYPES`, and two texts, "" where nothing was said."""

    metric: str
    type: str = "unknown"
    help: str = ""
    unit: str = ""

    def within(self, most: int) -> Description:
        """The same with texts of at most so many characters."""
        return Description(self.metric, self.type, self.help[:most], self.unit[:most])


def type_of(number: int) -> str:
    """The type with a number in remote write; one that nobody knows is `unknown`."""
    return TYPES[number] if 0 <= number < len(TYPES) else TYPES[0]


def metric_of(series: str, kind: str) -> str:
    """The name of the metric that a series of this name belongs to."""
    for suffix in _SUFFIXES.get(kind, ()):
        if series.endswith(suffix):
            return series.removesuffix(suffix)
    return series


def read_description(data: bytes, start: int, end: int) -> Description:
    """The message `MetricMetadata` of remote write 1.0. Raises `WireError`."""
    kind, texts = 0, {2: "", 4: "", 5: ""}
    for number, wire_type, first, last in wire.fields(data, start, end):
        if number == 1:
            wire.expect(wire_type, wire.VARINT, "a metric's type")
            kind = first
        elif number in texts:
            wire.expect(wire_type, wire.BYTES, "a text about a metric")
            texts[number] = wire.text(data, first, last)
    return Description(texts[2], type_of(kind), texts[4], texts[5])


def read_references(data: bytes, start: int, end: int) -> tuple[int, int, int]:
    """The message `Metadata` of remote write 2.0: the type's number, and the places of help and unit among the symbols.

    Raises `WireError`.
    """
    found = {1: 0, 3: 0, 4: 0}
    for number, wire_type, first, _ in wire.fields(data, start, end):
        if number in found:
            wire.expect(wire_type, wire.VARINT, "a number about a metric")
            found[number] = first
    return found[1], found[3], found[4]
