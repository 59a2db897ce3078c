"""Feeds the readers of pushed metrics what coverage-guided fuzzing makes up.

`python -m tests.sources.fuzzing READER FOLDER [-max_total_time=3600 -rss_limit_mb=1024]` needs `atheris`, keeps what it
finds in FOLDER, and ends with a failure when a reader does anything but read or refuse. `test_corpus.py` runs what is
kept in `corpus`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from alertd.errors import AlertdError
from alertd.sources.exposition.openmetrics import read_openmetrics
from alertd.sources.exposition.protobuf import read_protobuf
from alertd.sources.exposition.text import read_text
from alertd.sources.otlp import protobuf as otlp
from alertd.sources.otlp.messages import read_json
from alertd.sources.otlp.translation import Translator
from alertd.sources.remotewrite.histograms import problem_of
from alertd.sources.remotewrite.request import WriteRequest
from alertd.sources.remotewrite.version1 import Version1Reader, write_request
from alertd.sources.remotewrite.version2 import Version2Reader


def _write(request: WriteRequest) -> None:
    """Whatever was read can be judged, and written so that it is read again."""
    for one in request.series:
        for _, histogram in one.histograms:
            problem_of(histogram)
    good = [one for one in request.series if one.identity.problem is None]
    again = Version1Reader().read(write_request(good))
    assert [one.identity.key for one in again.series] == [one.identity.key for one in good]


READERS: Mapping[str, Callable[[bytes], object]] = {
    "text": read_text,
    "openmetrics": read_openmetrics,
    "protobuf": read_protobuf,
    "write1": lambda body: _write(Version1Reader().read(body, 10_000)),
    "write2": lambda body: _write(Version2Reader().read(body, 10_000)),
    "otlp": lambda body: Translator().translate(otlp.read_protobuf(body)),
    "otlpjson": lambda body: Translator().translate(read_json(body)),
}


def feed(reader: str, body: bytes) -> None:
    """Let a reader have a body; it reads it, or refuses it in words."""
    with suppress(AlertdError):
        READERS[reader](body)


def main() -> None:
    import atheris

    reader = sys.argv.pop(1)
    atheris.instrument_all()
    atheris.Setup(sys.argv, lambda body: feed(reader, body))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
