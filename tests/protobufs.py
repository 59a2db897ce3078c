"""Messages of the real protobuf library, described in a few words, to check readers and writers against."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.message import Message

#: Message → field → number and type; `*` before a type says that the field repeats.
Shapes = Mapping[str, Mapping[str, tuple[int, str]]]

_SCALARS = {
    "string": Field.TYPE_STRING,
    "double": Field.TYPE_DOUBLE,
    "uint32": Field.TYPE_UINT32,
    "uint64": Field.TYPE_UINT64,
    "int64": Field.TYPE_INT64,
    "int32": Field.TYPE_INT32,
    "sint32": Field.TYPE_SINT32,
    "sint64": Field.TYPE_SINT64,
}


def message_class(shapes: Shapes, name: str) -> type[Message]:
    """The class of one of the messages."""
    proto = descriptor_pb2.FileDescriptorProto(name="described.proto", package="described", syntax="proto3")
    for shape, fields in shapes.items():
        message = proto.message_type.add(name=shape)
        for field_name, (number, kind) in fields.items():
            plain = kind.lstrip("*")
            field = message.field.add(name=field_name, number=number)
            field.label = Field.LABEL_REPEATED if kind.startswith("*") else Field.LABEL_OPTIONAL
            field.type = _SCALARS.get(plain, Field.TYPE_MESSAGE)
            if plain not in _SCALARS:
                field.type_name = f".described.{plain}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(proto)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"described.{name}"))


_HISTOGRAM = {
    "count_int": (1, "uint64"),
    "count_float": (2, "double"),
    "sum": (3, "double"),
    "schema": (4, "sint32"),
    "zero_threshold": (5, "double"),
    "zero_count_int": (6, "uint64"),
    "zero_count_float": (7, "double"),
    "negative_spans": (8, "*BucketSpan"),
    "negative_deltas": (9, "*sint64"),
    "negative_counts": (10, "*double"),
    "positive_spans": (11, "*BucketSpan"),
    "positive_deltas": (12, "*sint64"),
    "positive_counts": (13, "*double"),
    "reset_hint": (14, "int32"),
    "timestamp": (15, "int64"),
    "custom_values": (16, "*double"),
}
_COMMON = {
    "BucketSpan": {"offset": (1, "sint32"), "length": (2, "uint32")},
    "Histogram": _HISTOGRAM,
    "Label": {"name": (1, "string"), "value": (2, "string")},
}

#: Remote write 1.0.
WRITE_REQUEST = message_class(
    {
        **_COMMON,
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "Exemplar": {"labels": (1, "*Label"), "value": (2, "double"), "timestamp": (3, "int64")},
        "TimeSeries": {
            "labels": (1, "*Label"),
            "samples": (2, "*Sample"),
            "exemplars": (3, "*Exemplar"),
            "histograms": (4, "*Histogram"),
        },
        "MetricMetadata": {"type": (1, "int32"), "metric_family_name": (2, "string"), "help": (4, "string")},
        "WriteRequest": {"timeseries": (1, "*TimeSeries"), "metadata": (3, "*MetricMetadata")},
    },
    "WriteRequest",
)
#: Remote write 2.0.
REQUEST_2 = message_class(
    {
        **_COMMON,
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64"), "start_timestamp": (3, "int64")},
        "Exemplar": {"labels_refs": (1, "*uint32"), "value": (2, "double"), "timestamp": (3, "int64")},
        "Metadata": {"type": (1, "int32"), "help_ref": (3, "uint32"), "unit_ref": (4, "uint32")},
        "TimeSeries": {
            "labels_refs": (1, "*uint32"),
            "samples": (2, "*Sample"),
            "histograms": (3, "*Histogram"),
            "exemplars": (4, "*Exemplar"),
            "metadata": (5, "Metadata"),
            "created_timestamp": (6, "int64"),
        },
        "Request": {"symbols": (4, "*string"), "timeseries": (5, "*TimeSeries")},
    },
    "Request",
)
#: The errors of OTLP, as gRPC has them.
STATUS = message_class({"Status": {"code": (1, "int32"), "message": (2, "string")}}, "Status")
#: A family of metrics in the protobuf form of an exposition.
METRIC_FAMILY = message_class(
    {
        "BucketSpan": _COMMON["BucketSpan"],
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
            "zero_threshold": (6, "double"),
            "zero_count": (7, "uint64"),
            "zero_count_float": (8, "double"),
            "negative_span": (9, "*BucketSpan"),
            "negative_delta": (10, "*sint64"),
            "positive_span": (12, "*BucketSpan"),
            "positive_delta": (13, "*sint64"),
            "positive_count": (14, "*double"),
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
    },
    "MetricFamily",
)
