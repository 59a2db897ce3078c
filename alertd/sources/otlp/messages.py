"""The messages of OTLP metrics as far as alertd uses them, and their JSON form.

`numbers` of a message are its fields' numbers in protobuf, with how each is written there.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from alertd.errors import AlertdError

#: Aggregation temporalities.
DELTA = 1
CUMULATIVE = 2
#: The flag of a point that says that there was nothing to record.
NO_RECORDED_VALUE = 1

Numbers = dict[int, tuple[str, "str | type[Message]"]]


class OtlpError(AlertdError):
    """A body that is no request of OTLP metrics."""


class Message(msgspec.Struct, rename="camel", frozen=True):
    """A message; what protobuf has more than alertd uses is passed over."""

    numbers: ClassVar[Numbers] = {}


class AnyValue(Message, frozen=True):
    """A value of an attribute: the one that is set."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: str | None = None

    numbers: ClassVar[Numbers] = {}


class ArrayValue(Message, frozen=True):
    """Values in their order."""

    values: list[AnyValue] = []


class KeyValue(Message, frozen=True):
    """An attribute."""

    key: str = ""
    value: AnyValue = AnyValue()


class KeyValueList(Message, frozen=True):
    """Attributes within an attribute."""

    values: list[KeyValue] = []


AnyValue.numbers = {
    1: ("string_value", "text"),
    2: ("bool_value", "flag"),
    3: ("int_value", "int"),
    4: ("double_value", "double"),
    5: ("array_value", ArrayValue),
    6: ("kvlist_value", KeyValueList),
    7: ("bytes_value", "bytes"),
}
ArrayValue.numbers = {1: ("*values", AnyValue)}
KeyValue.numbers = {1: ("key", "text"), 2: ("value", AnyValue)}
KeyValueList.numbers = {1: ("*values", KeyValue)}


class NumberPoint(Message, frozen=True):
    """One value of a gauge or a sum."""

    attributes: list[KeyValue] = []
    time_unix_nano: int = 0
    as_double: float | None = None
    as_int: int | None = None
    flags: int = 0

    numbers: ClassVar[Numbers] = {
        3: ("time_unix_nano", "fixed"),
        4: ("as_double", "double"),
        6: ("as_int", "sfixed"),
        7: ("*attributes", KeyValue),
        8: ("flags", "uint"),
    }


class HistogramPoint(Message, frozen=True):
    """Counts between explicit bounds."""

    attributes: list[KeyValue] = []
    time_unix_nano: int = 0
    count: int = 0
    sum: float | None = None
    bucket_counts: list[int] = []
    explicit_bounds: list[float] = []
    flags: int = 0

    numbers: ClassVar[Numbers] = {
        3: ("time_unix_nano", "fixed"),
        4: ("count", "fixed"),
        5: ("sum", "double"),
        6: ("*bucket_counts", "fixed"),
        7: ("*explicit_bounds", "double"),
        9: ("*attributes", KeyValue),
        10: ("flags", "uint"),
    }


class Buckets(Message, frozen=True):
    """Counts of exponential buckets from `offset` on."""

    offset: int = 0
    bucket_counts: list[int] = []

    numbers: ClassVar[Numbers] = {1: ("offset", "sint"), 2: ("*bucket_counts", "uint")}


class ExponentialPoint(Message, frozen=True):
    """Counts in exponential buckets."""

    attributes: list[KeyValue] = []
    time_unix_nano: int = 0
    count: int = 0
    sum: float | None = None
    scale: int = 0
    zero_count: int = 0
    positive: Buckets = Buckets()
    negative: Buckets = Buckets()
    flags: int = 0

    numbers: ClassVar[Numbers] = {
        1: ("*attributes", KeyValue),
        3: ("time_unix_nano", "fixed"),
        4: ("count", "fixed"),
        5: ("sum", "double"),
        6: ("scale", "sint"),
        7: ("zero_count", "fixed"),
        8: ("positive", Buckets),
        9: ("negative", Buckets),
        10: ("flags", "uint"),
    }


class Quantile(Message, frozen=True):
    """A value of a summary."""

    quantile: float = 0.0
    value: float = 0.0

    numbers: ClassVar[Numbers] = {1: ("quantile", "double"), 2: ("value", "double")}


class SummaryPoint(Message, frozen=True):
    """Count, sum and quantiles."""

    attributes: list[KeyValue] = []
    time_unix_nano: int = 0
    count: int = 0
    sum: float = 0.0
    quantile_values: list[Quantile] = []
    flags: int = 0

    numbers: ClassVar[Numbers] = {
        3: ("time_unix_nano", "fixed"),
        4: ("count", "fixed"),
        5: ("sum", "double"),
        6: ("*quantile_values", Quantile),
        7: ("*attributes", KeyValue),
        8: ("flags", "uint"),
    }


class Gauge(Message, frozen=True):
    """Points that say what is now."""

    data_points: list[NumberPoint] = []

    numbers: ClassVar[Numbers] = {1: ("*data_points", NumberPoint)}


class Sum(Message, frozen=True):
    """Points that say how much there was."""

    data_points: list[NumberPoint] = []
    aggregation_temporality: int = 0
    is_monotonic: bool = False

    numbers: ClassVar[Numbers] = {
        1: ("*data_points", NumberPoint),
        2: ("aggregation_temporality", "uint"),
        3: ("is_monotonic", "flag"),
    }


class Histogram(Message, frozen=True):
    """Distributions between explicit bounds."""

    data_points: list[HistogramPoint] = []
    aggregation_temporality: int = 0

    numbers: ClassVar[Numbers] = {
        1: ("*data_points", HistogramPoint),
        2: ("aggregation_temporality", "uint"),
    }


class ExponentialHistogram(Message, frozen=True):
    """Distributions in exponential buckets."""

    data_points: list[ExponentialPoint] = []
    aggregation_temporality: int = 0

    numbers: ClassVar[Numbers] = {
        1: ("*data_points", ExponentialPoint),
        2: ("aggregation_temporality", "uint"),
    }


class Summary(Message, frozen=True):
    """Distributions by quantiles."""

    data_points: list[SummaryPoint] = []

    numbers: ClassVar[Numbers] = {1: ("*data_points", SummaryPoint)}


class Metric(Message, frozen=True):
    """A metric: the one of its kinds that is set."""

    name: str = ""
    description: str = ""
    unit: str = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: ExponentialHistogram | None = None
    summary: Summary | None = None

    numbers: ClassVar[Numbers] = {
        1: ("name", "text"),
        2: ("description", "text"),
        3: ("unit", "text"),
        5: ("gauge", Gauge),
        7: ("sum", Sum),
        9: ("histogram", Histogram),
        10: ("exponential_histogram", ExponentialHistogram),
        11: ("summary", Summary),
    }


class ScopeMetrics(Message, frozen=True):
    """The metrics of one library."""

    metrics: list[Metric] = []

    numbers: ClassVar[Numbers] = {2: ("*metrics", Metric)}


class Resource(Message, frozen=True):
    """What the metrics are of."""

    attributes: list[KeyValue] = []

    numbers: ClassVar[Numbers] = {1: ("*attributes", KeyValue)}


class ResourceMetrics(Message, frozen=True):
    """The metrics of one resource."""

    resource: Resource = Resource()
    scope_metrics: list[ScopeMetrics] = []

    numbers: ClassVar[Numbers] = {1: ("resource", Resource), 2: ("*scope_metrics", ScopeMetrics)}


class Request(Message, frozen=True):
    """What is exported with one request."""

    resource_metrics: list[ResourceMetrics] = []

    numbers: ClassVar[Numbers] = {1: ("*resource_metrics", ResourceMetrics)}


# JSON writes large numbers as texts.
_JSON = msgspec.json.Decoder(Request, strict=False)


def read_json(body: bytes) -> Request:
    """A request in its JSON form. Raises `OtlpError` that names the place of what is wrong."""
    try:
        return _decoded(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OtlpError(f"the body is no ExportMetricsServiceRequest: {error}") from error


def _decoded(body: bytes) -> Request:
    try:
        return _JSON.decode(body)
    except msgspec.ValidationError:
        # Nearly nobody writes it, but null stands for a field that is not there.
        if b"null" not in body:
            raise
        return msgspec.convert(_without_nulls(msgspec.json.decode(body)), Request, strict=False)


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
