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
    try:
        # The block itself says how much it will be, and may say anything.
        if cramjam.snappy.decompress_raw_len(body) > MAX_DECOMPRESSED:
            raise _too_large()
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body is no snappy block: {error}") from error


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        content = inflater.decompress(body, MAX_DECOMPRESSED)
    except zlib.error as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body cannot be decompressed: {error}") from error
    if inflater.unconsumed_tail:
        raise _too_large()
    if not inflater.eof:
        raise Refused(HTTPStatus.BAD_REQUEST, "the body cannot be decompressed: it ends too early")
    return content


def _too_large() -> Refused:
    detail = f"a body may have {MAX_DECOMPRESSED >> 20} MiB once it is decompressed; send it in parts"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
