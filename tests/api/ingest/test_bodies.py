"""Bodies without their compression: all of them, or a refusal."""

from __future__ import annotations

import gzip
import zlib

import pytest

from alertd.api.ingest.bodies import MAX_DECOMPRESSED, decompressed
from alertd.api.problems import Refused

LARGE = bytes(range(256)) * 4096


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", gzip.compress(b"a"), b"a"),
        ("gzip", gzip.compress(b"a 1\n") + gzip.compress(b"b 2\n"), b"a 1\nb 2\n"),
        ("gzip", gzip.compress(b"") + gzip.compress(b"b"), b"b"),
        ("gzip", gzip.compress(LARGE, 0) + gzip.compress(LARGE), LARGE * 2),
        ("x-gzip", b"".join(gzip.compress(bytes([n])) for n in range(200)), bytes(range(200))),
        ("deflate", zlib.compress(LARGE), LARGE),
    ],
)
def test_all_members_are_read(encoding: str, body: bytes, expected: bytes) -> None:
    """A body may be several compressed ones in a row, as senders that stream and tools that split write them."""
    assert decompressed(body, encoding) == expected


HALF = gzip.compress(b"\n" * (MAX_DECOMPRESSED // 2 + 1))


@pytest.mark.parametrize(
    ("encoding", "body", "status", "says"),
    [
        ("gzip", gzip.compress(b"a") + b"rubbish", 400, "incorrect header check"),
        ("gzip", gzip.compress(b"a") + b"\0", 400, "it ends too early"),
        ("gzip", gzip.compress(b"a") + gzip.compress(b"b")[:-1], 400, "it ends too early"),
        ("gzip", b"", 400, "it ends too early"),
        ("deflate", zlib.compress(b"a") + b"rubbish", 400, "incorrect header check"),
        ("gzip", HALF + HALF, 413, "32 MiB"),
    ],
)
def test_what_is_not_all_readable_is_refused(encoding: str, body: bytes, status: int, says: str) -> None:
    """Half of a body is no body, and all members have one bound together."""
    with pytest.raises(Refused) as caught:
        decompressed(body, encoding)
    assert (caught.value.status, says in caught.value.detail) == (status, True), caught.value.detail
