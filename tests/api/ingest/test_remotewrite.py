"""Remote write at `/api/v1/write`: what is stored, what is answered, and what comes back after a restart."""

from __future__ import annotations

import threading
from typing import Any

import cramjam
import httpx
import pytest

from alertd.api.ingest import remotewrite
from alertd.clock import HOUR, MINUTE, VirtualClock
from alertd.promql import STALE_NAN, parse
from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Build, Token
from tests.api.ingest.conftest import Ask
from tests.protobufs import REQUEST_2, WRITE_REQUEST

VERSION_2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}


def series(value: float, at: int = NOW, **labels: str) -> dict[str, Any]:
    """One series of a request with one sample; its name is `a` unless it is given."""
    pairs = {"__name__": "a", **labels}
    return {
        "labels": [{"name": name, "value": text} for name, text in sorted(pairs.items())],
        "samples": [{"value": value, "timestamp": at}],
    }


def packed(*written: dict[str, Any]) -> bytes:
    return bytes(cramjam.snappy.compress_raw(WRITE_REQUEST(timeseries=written).SerializeToString()))


async def write(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    usual = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    return await client.post("/api/v1/write", content=body, headers={**usual, **headers})


async def test_what_is_written_is_there(client: httpx.AsyncClient, clock: VirtualClock, ask: Ask) -> None:
    """Samples at their own instants, until their series ends by a marker or falls silent."""
    answer = await write(client, packed(series(1.0, NOW - MINUTE, job="x"), series(0.0, NOW, job="y")))
    assert (answer.status_code, answer.text) == (204, "")
    assert "x-prometheus-remote-write-samples-written" not in answer.headers
    assert await ask("a") == {'{__name__="a", job="x"}': 1.0, '{__name__="a", job="y"}': 0.0}
    assert await ask("a", NOW - MINUTE) == {'{__name__="a", job="x"}': 1.0}
    clock.advance_to(NOW + MINUTE)
    await write(client, packed(series(STALE_NAN, NOW + MINUTE, job="y")))
    assert await ask("a") == {'{__name__="a", job="x"}': 1.0}
    assert await ask("a", NOW + 5 * MINUTE) == {}


async def test_the_good_ones_are_kept(service: Service, client: httpx.AsyncClient, ask: Ask) -> None:
    """A request of which a part cannot be stored is answered with 400 and the reasons; the rest is stored for good."""
    assert (await write(client, packed(series(1.0)))).status_code == 204
    answer = await write(
        client,
        packed(
            series(2.0, NOW - 1),
            series(3.0, NOW + HOUR, job="x"),
            series(4.0, NOW - 7 * HOUR, job="y"),
            series(5.0, NOW, __name__=""),
            series(6.0, NOW, job="good"),
        ),
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.splitlines() == [
        'out of order sample for series {__name__="a"}',
        'out of bounds for series {__name__="a", job="x"}',
        'too old sample for series {__name__="a", job="y"}',
        "invalid metric name or labels, got {}",
    ]
    expected = {'{__name__="a"}': 1.0, '{__name__="a", job="good"}': 6.0}
    assert await ask("a") == expected
    source = service.runtime.snapshots(None)
    assert source is not None
    found = await source.reading(service.database).query(parse("a"), NOW)
    assert [value for _, value in found.samples] == list(expected.values())


async def test_what_is_refused_unread(service: Service, client: httpx.AsyncClient, ask: Ask) -> None:
    """A series that contradicts itself or has exemplars alone does not take the others with it, nor when read again."""
    bad = {**series(1.0, __name__="h"), "samples": [], "histograms": [{"count_int": 3, "timestamp": NOW}]}
    alone = {"labels": series(1.0)["labels"], "exemplars": [{"value": 1.0}]}
    answer = await write(client, packed(bad, alone, series(2.0)))
    reason = 'a histogram must count as much as its buckets together, found 3 and 0 for series {__name__="h"}\n'
    assert (answer.status_code, answer.text) == (400, reason)
    source = service.runtime.snapshots(None)
    assert source is not None
    expected = [({"__name__": "a"}, 2.0)]
    assert (await source.reading(service.database).query(parse('{__name__=~".+"}'), NOW)).samples == expected
    assert (await write(client, packed(alone))).status_code == 204
    metrics = service.metrics.registry
    for outcome in ("accepted", "refused"):
        labels = {"source": "app", "outcome": outcome}
        assert metrics.get_sample_value("alertd_samples_received_total", labels) == 1


async def test_a_small_body_may_say_much(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is much once it is decompressed is read beside the others' requests, however small it came."""
    threads: list[str] = []
    read = remotewrite._read

    def noted(*arguments: Any) -> Any:
        threads.append("main" if threading.current_thread() is threading.main_thread() else "beside")
        return read(*arguments)

    monkeypatch.setattr(remotewrite, "_read", noted)
    much = packed(*(series(1.0, NOW + n, pad="x" * 1000) for n in range(300)))
    assert len(much) < 64 * 1024
    assert (await write(client, packed(series(1.0)))).status_code == 204
    assert (await write(client, much)).status_code == 204
    assert threads == ["main", "beside"]


async def test_a_repeated_request(client: httpx.AsyncClient, ask: Ask) -> None:
    """A sender that got no answer sends the same again, and that is fine."""
    for _ in range(2):
        assert (await write(client, packed(series(1.0)))).status_code == 204
    assert await ask("count_over_time(a[1m])") == {"{}": 1.0}
    answer = await write(client, packed(series(2.0)))
    assert (answer.status_code, answer.text) == (400, 'duplicate sample for timestamp for series {__name__="a"}\n')


async def test_version_2(service: Service, client: httpx.AsyncClient, ask: Ask) -> None:
    """The answers say how much was stored; native histograms are evaluated, also after a restart."""
    histogram = {
        "count_int": 4,
        "sum": 8.0,
        "schema": 0,
        "positive_spans": [{"offset": 1, "length": 1}],
        "positive_deltas": [4],
        "timestamp": NOW,
    }
    request = REQUEST_2(
        symbols=["", "__name__", "a", "h"],
        timeseries=[
            {"labels_refs": [1, 2], "samples": [{"value": 1.0, "timestamp": NOW}], "exemplars": [{"value": 3.0}]},
            {"labels_refs": [1, 3], "histograms": [histogram]},
            {"labels_refs": [1, 2], "samples": [{"value": 1.0, "timestamp": NOW - 9}]},
        ],
    )
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    answer = await write(client, body, **VERSION_2)
    assert (answer.status_code, answer.text) == (400, 'out of order sample for series {__name__="a"}\n')
    assert answer.headers["x-prometheus-remote-write-samples-written"] == "1"
    assert answer.headers["x-prometheus-remote-write-histograms-written"] == "1"
    assert answer.headers["x-prometheus-remote-write-exemplars-written"] == "0"
    del request.timeseries[2]
    answer = await write(client, bytes(cramjam.snappy.compress_raw(request.SerializeToString())), **VERSION_2)
    assert answer.status_code == 204
    assert await ask("histogram_avg(h) + a") == {"{}": 3.0}
    source = service.runtime.snapshots(None)
    assert source is not None
    again = await source.reading(service.database).query(parse("histogram_avg(h) + a"), NOW)
    assert again.samples == [({}, 3.0)]


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        ({"Content-Type": "application/json"}, packed(), 415, "expected application/x-protobuf as the first"),
        ({"Content-Type": "application/x-protobuf;proto=x.Y"}, packed(), 415, "x.Y protobuf message is not accepted"),
        ({"Content-Encoding": "gzip"}, packed(), 415, "gzip encoding (compression) is not accepted by this server"),
        ({}, b"\xff\xff", 400, "the body is no snappy block"),
        ({}, bytes(cramjam.snappy.compress_raw(b"\x0a\x05a")), 400, "expected 5 bytes at byte 2, found 1"),
        ({}, b"\xff\xff\xff\xff\x0f\x00", 413, "32 MiB"),
        (VERSION_2, packed(series(1.0)), 400, "found the field 1 of version 1.0"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    """What is no request is refused as the protocol says."""
    answer = await write(client, body, **headers)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


async def test_without_headers(client: httpx.AsyncClient) -> None:
    """Old senders say neither what a body is nor how it is compressed."""
    assert (await client.post("/api/v1/write", content=packed(series(1.0)))).status_code == 204


async def test_limits(build: Build, connect: object, token: Token) -> None:
    """Samples a request, and who may write."""
    assert callable(connect)
    service = build("auth: {required: true}\n")
    assert (await write(connect(service), packed(series(1.0)))).status_code == 401
    assert (await write(connect(service, token(service, Role.VIEWER)), packed(series(1.0)))).status_code == 403
    assert (await write(connect(service, token(service, Role.SENDER, "other")), packed())).status_code == 404
    sender = connect(service, token(service, Role.SENDER))
    many = packed(*(series(1.0, NOW, n=str(n)) for n in range(10_001)))
    answer = await write(sender, many, **VERSION_2)
    assert answer.status_code == 400
    answer = await write(sender, many)
    assert (answer.status_code, "may have 10000 samples, found more" in answer.text) == (400, True)
    assert (await write(sender, packed(series(1.0)))).status_code == 204


async def test_labels_of_the_source(build: Build, connect: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every series gets those that it does not have."""
    assert callable(connect)
    config = CONFIG_WITH_LABELS
    monkeypatch.setattr("tests.api.conftest.CONFIG", config)
    service = build("")
    client = connect(service)
    for at in (NOW, NOW + 1):
        assert (await write(client, packed(series(1.0, at), series(2.0, at, zone="own")))).status_code == 204
    source = service.runtime.snapshots(None)
    assert source is not None
    found = await source.query(parse("a"), NOW + 1)
    assert sorted(labels["zone"] for labels, _ in found.samples) == ["eu", "own"]


CONFIG_WITH_LABELS = """
route: {receiver: team}
receivers:
- name: team
rule_files: [rules.yml]
sources:
  app: {type: snapshots, labels: {zone: eu}}
"""


async def test_too_fast(build: Build, connect: object, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends more than the source takes is told when to come again, and nothing of it is stored."""
    assert callable(connect)
    slow = CONFIG_WITH_LABELS.replace("labels: {zone: eu}", "max_samples_per_second: 1")
    monkeypatch.setattr("tests.api.conftest.CONFIG", slow)
    service = build("")
    client = connect(service)
    many = packed(*(series(1.0, NOW, n=str(n)) for n in range(10)))
    assert (await write(client, many)).status_code == 204
    answer = await write(client, packed(series(2.0, NOW + 1)))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "takes 1 samples a second" in answer.text
    clock.advance_to(NOW + 1000)
    assert (await write(client, packed(series(2.0, NOW + 1)))).status_code == 204
