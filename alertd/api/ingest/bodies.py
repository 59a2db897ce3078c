"""Bodies as they come: compressed in one of the usual ways, and no larger than they may be once they are not."""

from __future__ import annotations

import asyncio
import zlib
from http import HTTPStatus

import cramjam
from fastapi import Request

from alertd.api.problems import Refused

#: The largest body of a request once it is decompressed, in bytes.
MAX_DECOMPRESSED = 32 * 1024 * 1024

_GZIP = 16 + zlib.MAX_WBITS
# What is behind a member is copied each time, and a body may have very many small ones.
_PIECE = 16 * 1024
_KNOWN = "gzip, deflate, snappy"


async def read_body(request: Request, default: str = "") -> bytes:
    """The body of a request, decompressed as its `Content-Encoding` says. Raises `Refused`."""
    encoding = request.headers.get("content-encoding", default)
    return await asyncio.to_thread(decompressed, await request.body(), encoding)


def decompressed(body: bytes, encoding: str) -> bytes:
    """A body without its compression. Raises `Refused`."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, _GZIP)
        case "deflate":
            return _inflated(body, zlib.MAX_WBITS)
        case "snappy":
            return unsnapped(body)
    detail = f"{encoding} encoding (compression) is not accepted; only {_KNOWN} are acceptable"
    raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def unsnapped(body: bytes) -> bytes:
    """What a snappy block says. Raises `Refused`."""
    if unsnapped_length(body) > MAX_DECOMPRESSED:
        raise _too_large()
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise _no_block(error) from error


def unsnapped_length(body: bytes) -> int:
    """How many bytes a snappy block says that it will be; it may say anything. Raises `Refused`."""
    try:
        return int(cramjam.snappy.decompress_raw_len(body))
    except cramjam.DecompressionError as error:
        raise _no_block(error) from error


def _inflated(body: bytes, window: int) -> bytes:
    """What a body's members say, one after the other; nearly all have one. Raises `Refused`."""
    content = bytearray()
    position = 0
    while position < len(body) or not position:
        position = _add_member(content, body, position, window)
    return bytes(content)


def _add_member(content: bytearray, body: bytes, position: int, window: int) -> int:
    """Add what the member from `position` on says to `content`; where it ends. Raises `Refused`."""
    inflater = zlib.decompressobj(window)
    while not inflater.eof:
        piece = body[position : position + _PIECE]
        if not piece:
            raise _damaged("it ends too early")
        position += len(piece)
        try:
            content += inflater.decompress(piece, MAX_DECOMPRESSED + 1 - len(content))
        except zlib.error as error:
            raise _damaged(error) from error
        if len(content) > MAX_DECOMPRESSED:
            raise _too_large()
    return position - len(inflater.unused_data)


def _damaged(reason: object) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"the body cannot be decompressed: {reason}")


def _no_block(reason: object) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, f"the body is no snappy block: {reason}")


def _too_large() -> Refused:
    detail = f"a body may have {MAX_DECOMPRESSED >> 20} MiB once it is decompressed; send it in parts"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
