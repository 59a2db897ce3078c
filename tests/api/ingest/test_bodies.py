"""Bodies without their compression: all of them, or a refusal."""

from __future__ import annotations

import gzip
import zlib

import pytest

from alertd.api.ingest.bodies import MAX_DECOMPRESSED, decompressed
from alertd.api.problems import Refused

LARGE = bytes(range(256)) * 4096


def packed(body: bytes, level: int = 9) -> bytes:
    # With a time in it the cases would have other names in each process.
    return gzip.compress(body, level, mtime=0)


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("gzip", packed(b"a"), b"a"),
        ("gzip", packed(b"a 1\n") + packed(b"b 2\n"), b"a 1\nb 2\n"),
        ("gzip", packed(b"") + packed(b"b"), b"b"),
        ("gzip", packed(LARGE, 0) + packed(LARGE), LARGE * 2),
        ("x-gzip", b"".join(packed(bytes([n])) for n in range(200)), bytes(range(200))),
        ("deflate", zlib.compress(LARGE), LARGE),
    ],
)
def test_all_members_are_read(encoding: str, body: bytes, expected: bytes) -> None:
    """A body may be several compressed ones in a row, as senders that stream and tools that split write them."""
    assert decompressed(body, encoding) == expected


HALF = packed(b"\n" * (MAX_DECOMPRESSED // 2 + 1))


@pytest.mark.parametrize(
    ("encoding", "body", "status", "says"),
    [
        ("gzip", packed(b"a") + b"rubbish", 400, "incorrect header check"),
        ("gzip", packed(b"a") + b"\0", 400, "it ends too early"),
        ("gzip", packed(b"a") + packed(b"b")[:-1], 400, "it ends too early"),
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
