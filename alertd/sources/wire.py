"""Protobuf's wire format, both ways, without a schema: fields with their numbers, as other programs document them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from alertd.errors import AlertdError

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_DOUBLE = struct.Struct("<d")
_MASK: Final = (1 << 64) - 1
_WIDTHS: Final = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT: Final = 10
# No histogram and no series has so many numbers; each could cost many times its bytes.
_MOST_PACKED: Final = 1 << 17


class WireError(AlertdError):
    """Bytes that are no protobuf message, or not one of the shape that was expected."""


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A number of up to 64 bits, and where it ends. Raises `WireError`."""
    value = shift = 0
    start = position
    limit = min(end, position + _LONGEST_VARINT)
    while position < limit:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, position
        shift += 7
    raise WireError(f"expected a number at byte {start}, found {'the end' if position >= end else 'a longer one'}")


def fields(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: number, wire type, where the content begins (for `VARINT`: the value), where it ends.

    Raises `WireError` where the bytes are no message.
    """
    position = start
    end = len(data) if end is None else end
    while position < end:
        # Nearly all keys and lengths are one byte long.
        key = data[position]
        position += 1
        if key >= 0x80:
            key, position = read_varint(data, position - 1, end)
        number, kind = key >> 3, key & 7
        if not number:
            raise WireError(f"expected a field at byte {position - 1}, found the number 0")
        if kind == VARINT:
            value, position = read_varint(data, position, end)
            yield number, kind, value, position
            continue
        if kind == BYTES:
            length, position = read_varint(data, position, end)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise WireError(f"expected a field at byte {position - 1}, found one of the kind {kind}")
        if length > end - position:
            raise WireError(f"expected {length} bytes at byte {position}, found {end - position}")
        yield number, kind, position, position + length
        position += length


def expect(kind: int, wanted: int, what: str) -> None:
    """Raises `WireError` unless a field is of the wire type that it should have."""
    if kind != wanted:
        raise WireError(f"expected {what} with the wire type {wanted}, found {kind}")


def text(data: bytes, start: int, end: int) -> str:
    """A text. Raises `WireError` where it is no UTF-8."""
    try:
        return data[start:end].decode()
    except UnicodeDecodeError as error:
        raise WireError(
            f"expected UTF-8 at byte {start + error.start}, found 0x{data[start + error.start]:02x}"
        ) from None


def double(data: bytes, start: int) -> float:
    """A number of eight bytes."""
    value: float = _DOUBLE.unpack_from(data, start)[0]
    return value


def signed(value: int) -> int:
    """What an int64 or int32 means."""
    return value - (1 << 64) if value >> 63 else value


def zigzag(value: int) -> int:
    """What a sint64 or sint32 means."""
    return (value >> 1) ^ -(value & 1)


def varints(data: bytes, kind: int, start: int, end: int) -> Iterator[int]:
    """The numbers of a repeated field, packed or one alone. Raises `WireError`, also where they are very many."""
    if kind == VARINT:
        yield start
        return
    expect(kind, BYTES, "repeated numbers")
    if end - start > _MOST_PACKED:
        raise WireError(f"expected at most {_MOST_PACKED} bytes of repeated numbers, found {end - start}")
    while start < end:
        value, start = read_varint(data, start, end)
        yield value


def doubles(data: bytes, kind: int, start: int, end: int) -> Iterator[float]:
    """The eight-byte numbers of a repeated field, packed or one alone. Raises `WireError`."""
    if kind not in (FIXED64, BYTES) or (end - start) % 8 or end - start > _MOST_PACKED:
        raise WireError(f"expected repeated numbers of eight bytes each, at most {_MOST_PACKED} bytes")
    for place in range(start, end, 8):
        yield double(data, place)


def varint(value: int) -> bytes:
    """A number as it is written; negative ones take ten bytes."""
    value &= _MASK
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def to_zigzag(value: int) -> int:
    """A sint64 as a varint has it."""
    return (value << 1) ^ (value >> 63)


def message(number: int, content: bytes) -> bytes:
    """A field that holds bytes, a text or a message."""
    return varint(number << 3 | BYTES) + varint(len(content)) + content


def double_field(number: int, value: float) -> bytes:
    """A field that holds a number of eight bytes."""
    return varint(number << 3 | FIXED64) + _DOUBLE.pack(value)


def varint_field(number: int, value: int) -> bytes:
    """A field that holds a number; those that are zero may be left out."""
    return varint(number << 3) + varint(value)


def packed_doubles(number: int, values: Iterable[float]) -> bytes:
    """A repeated field of numbers of eight bytes each; nothing when there are none."""
    content = b"".join(map(_DOUBLE.pack, values))
    return message(number, content) if content else b""
