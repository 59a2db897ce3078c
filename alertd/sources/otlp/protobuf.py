"""OTLP's messages in protobuf."""

from __future__ import annotations

import base64
from typing import Any, TypeVar

from alertd.sources import wire
from alertd.sources.otlp.messages import Message, OtlpError, Request

T = TypeVar("T", bound=Message)

_DEEPEST = 32
# No message has so many of one thing; each could cost many times its bytes.
_MOST = 200_000


def read_protobuf(body: bytes) -> Request:
    """A request in its protobuf form. Raises `OtlpError`."""
    try:
        return _message(Request, body, 0, len(body), _DEEPEST)
    except wire.WireError as error:
        raise OtlpError(f"the body is no ExportMetricsServiceRequest: {error}") from error


def _message(kind: type[T], data: bytes, start: int, end: int, levels: int) -> T:
    if not levels:
        raise wire.WireError(f"expected messages within messages at most {_DEEPEST} deep, found a deeper one")
    found: dict[str, Any] = {}
    numbers = kind.numbers
    for number, wire_type, first, last in wire.fields(data, start, end):
        described = numbers.get(number)
        if described is None:
            continue
        name, written = described
        if not isinstance(written, str):
            wire.expect(wire_type, wire.BYTES, name)
            value: Any = _message(written, data, first, last, levels - 1)
        elif name.startswith("*"):
            many = found.setdefault(name[1:], [])
            many += _numbers(data, wire_type, first, last, written)
            value = None
        else:
            value = _scalar(data, wire_type, first, last, written)
        if name.startswith("*"):
            if value is not None:
                found.setdefault(name[1:], []).append(value)
            if len(found[name[1:]]) > _MOST:
                raise wire.WireError(f"expected at most {_MOST} {name[1:]} in one message, found more")
        else:
            found[name] = value
    return kind(**found)


def _scalar(data: bytes, wire_type: int, first: int, last: int, written: str) -> object:
    match written:
        case "text" | "bytes":
            wire.expect(wire_type, wire.BYTES, written)
            if written == "text":
                return wire.text(data, first, last)
            return base64.b64encode(data[first:last]).decode()
        case "double" | "fixed" | "sfixed":
            wire.expect(wire_type, wire.FIXED64, written)
            if written == "double":
                return wire.double(data, first)
            return int.from_bytes(data[first:last], "little", signed=written == "sfixed")
    wire.expect(wire_type, wire.VARINT, written)
    match written:
        case "flag":
            return bool(first)
        case "sint":
            return wire.zigzag(first)
        case "int":
            return wire.signed(first)
    return first


def _numbers(data: bytes, wire_type: int, first: int, last: int, written: str) -> list[Any]:
    """The numbers of a repeated field, packed or one alone."""
    if written == "double":
        return list(wire.doubles(data, wire_type, first, last))
    if written == "fixed":
        if wire_type not in (wire.FIXED64, wire.BYTES) or (last - first) % 8:
            raise wire.WireError("expected repeated numbers of eight bytes each")
        return [int.from_bytes(data[place : place + 8], "little") for place in range(first, last, 8)]
    return list(wire.varints(data, wire_type, first, last))
