"""A Pushgateway's API: what client libraries push is there for rules, until it is replaced or deleted."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import cramjam
import httpx
import pytest
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    delete_from_gateway,
    push_to_gateway,
    pushadd_to_gateway,
)

from alertd.api.ingest.pushgateway import grouping
from alertd.api.problems import Refused
from alertd.clock import DAY, HOUR, MINUTE, VirtualClock
from alertd.promql import parse
from alertd.service.service import Service
from alertd.service.snapshots import StoredSnapshots
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Build, Token
from tests.api.ingest.conftest import Ask, serving
from tests.protobufs import METRIC_FAMILY

TIMES = {
    '{__name__="push_failure_time_seconds", job="j"}': 0.0,
    '{__name__="push_time_seconds", job="j"}': NOW / 1000,
}
MESSAGE = "io.prometheus.client.MetricFamily"
ALL = '{__name__=~".+"}'


async def put(client: httpx.AsyncClient, path: str, body: str, **headers: str) -> httpx.Response:
    return await client.put(f"/metrics/job/{path}", content=body, headers=headers)


async def test_the_client_library_pushes_unchanged(service: Service, clock: VirtualClock, ask: Ask) -> None:
    """Every call of Python's library, with grouping keys that need base64 and with compression."""
    registry = CollectorRegistry()
    Gauge("last_success", "When.", registry=registry).set(5)
    Histogram("took_seconds", "Time.", registry=registry).observe(0.2)
    more = CollectorRegistry()
    Counter("files", "Files.", registry=more).inc(3)
    group = {"instance": "a b/c", "zone": ""}
    async with serving(service) as address:
        await asyncio.to_thread(push_to_gateway, address, "nightly backup", registry, group)
        clock.advance_to(NOW + 10)
        await asyncio.to_thread(pushadd_to_gateway, address, "nightly backup", more, group, compression="gzip")
        assert await ask("last_success + on () group_left files_total") == {
            '{instance="a b/c", job="nightly backup"}': 8.0
        }
        assert await ask("histogram_quantile(0.5, took_seconds_bucket) > 0.1")
        clock.advance_to(NOW + 20)
        await asyncio.to_thread(push_to_gateway, address, "nightly backup", more, group)
        assert await ask("last_success") == {}
        assert len(await ask("files_total")) == 1
        clock.advance_to(NOW + 30)
        await asyncio.to_thread(delete_from_gateway, address, "nightly backup", group)
        assert await ask(ALL) == {}


async def test_put_replaces_all_and_post_what_has_the_same_name(
    client: httpx.AsyncClient, clock: VirtualClock, ask: Ask
) -> None:
    """A group says what its last `PUT` said and what was posted since, each metric whole."""
    assert (await put(client, "j", 'a{x="1"} 1\na{x="2"} 2\nb 3\n')).status_code == 200
    assert await ask("a or b") == {
        '{__name__="a", job="j", x="1"}': 1.0,
        '{__name__="a", job="j", x="2"}': 2.0,
        '{__name__="b", job="j"}': 3.0,
    }
    clock.advance_to(NOW + 1000)
    assert (await client.post("/metrics/job/j", content='a{x="3"} 4\n')).status_code == 200
    assert await ask("a or b") == {'{__name__="a", job="j", x="3"}': 4.0, '{__name__="b", job="j"}': 3.0}
    clock.advance_to(NOW + 2000)
    assert (await put(client, "j", "")).status_code == 200
    assert await ask("a or b") == {}
    assert await ask("push_time_seconds") == {'{__name__="push_time_seconds", job="j"}': (NOW + 2000) / 1000}
    # What was said before is still what was true before.
    assert len(await ask("a", NOW + 500)) == 2


async def test_a_group_holds_for_ever(
    service: Service, client: httpx.AsyncClient, clock: VirtualClock, ask: Ask
) -> None:
    """Days after its push, past all retention and in a process that began later, it is there as if just scraped."""
    await put(client, "j", "a 1\n")
    clock.advance_to(NOW + 3 * DAY)
    source = service.runtime.snapshots(None)
    assert isinstance(source, StoredSnapshots)
    source.forget(NOW + 2 * DAY)
    assert await ask("a") == {'{__name__="a", job="j"}': 1.0}
    assert await ask("count_over_time(a[1m])") == {'{job="j"}': 4.0}
    later = source.reading(service.database)
    service.database.transaction(lambda connection: connection.exec_driver_sql("DELETE FROM snapshots"))
    answer = await later.query(parse("push_time_seconds - a"), clock.now())
    assert answer.samples == [({"job": "j"}, NOW / 1000 - 1)]


async def test_groups_do_not_touch_each_other(client: httpx.AsyncClient, clock: VirtualClock, ask: Ask) -> None:
    """The labels of the path tell groups apart, and go before those of the metrics."""
    await put(client, "j/instance/x", 'a{instance="own",job="own",y="1"} 1\n')
    await put(client, "j/instance/y", "a 2\n")
    assert await ask("a") == {
        '{__name__="a", instance="x", job="j", y="1"}': 1.0,
        '{__name__="a", instance="y", job="j"}': 2.0,
    }
    clock.advance_to(NOW + 1000)
    assert (await client.delete("/metrics/job/j/instance/x")).status_code == 202
    assert list(await ask("a")) == ['{__name__="a", instance="y", job="j"}']
    assert (await client.delete("/metrics/job/nobody")).status_code == 202


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("a 1 1000\n", "must not have timestamps"),
        ("a 1\na 2\n", "is there twice"),
        ('a{job="x"} 1\na{job="y"} 2\n', "is there twice"),
        ("# TYPE known counter\nknown 1\n", "is a counter here and a gauge in another group"),
        ('shared{instance="z"} 1\n', 'in the group {instance="z", job="j"} already'),
        (f'a{{b="{"x" * 3000}"}} 1\n', "may have 2048 characters, found 3000"),
    ],
)
async def test_an_inconsistent_push_changes_nothing(
    client: httpx.AsyncClient, clock: VirtualClock, ask: Ask, body: str, says: str
) -> None:
    """It is refused in a Pushgateway's words, and the group says when that was."""
    await put(client, "j/instance/z", "# TYPE known gauge\nknown 1\nshared 1\n")
    await put(client, "j", "before 1\n")
    clock.advance_to(NOW + MINUTE)
    answer = await put(client, "j", body)
    assert answer.status_code == 400
    assert answer.text.startswith("pushed metrics are invalid or inconsistent with existing metrics: ")
    assert says in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    failed = (NOW + MINUTE) / 1000
    assert await ask('{job="j", instance=""}') == {
        '{__name__="before", job="j"}': 1.0,
        '{__name__="push_failure_time_seconds", job="j"}': failed,
        '{__name__="push_time_seconds", job="j"}': NOW / 1000,
    }


async def test_a_first_push_that_fails(client: httpx.AsyncClient, ask: Ask) -> None:
    """The group is there with the time of the failure, so that a rule can tell."""
    assert (await put(client, "j", "a 1 5\n")).status_code == 400
    assert await ask(ALL) == {
        '{__name__="push_failure_time_seconds", job="j"}': NOW / 1000,
        '{__name__="push_time_seconds", job="j"}': 0.0,
    }


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("j", "a x\n", 400, "text format parsing error in line 1, column 3: expected a number, found 'x'"),
        ("", "a 1\n", 400, "job name is required"),
        ("j/instance", "a 1\n", 400, 'odd number of components in label string "/instance"'),
        ("j/__name__/x", "a 1\n", 400, 'improper label name "__name__"'),
        ("j/a-b/x", "a 1\n", 400, 'improper label name "a-b"'),
        ("j/a@base64/!", "a 1\n", 400, 'invalid base64 encoding for label a="!"'),
        ("j?source=nothing", "a 1\n", 404, "there is no source 'nothing'"),
    ],
)
async def test_refusals(client: httpx.AsyncClient, ask: Ask, path: str, body: str, status: int, says: str) -> None:
    """What cannot be read is refused in plain text and leaves no trace."""
    answer = await put(client, path, body)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert await ask(ALL) == {}


@pytest.mark.parametrize(
    ("rest", "encoded", "labels"),
    [
        ("j", False, {"job": "j"}),
        ("j/", False, {"job": "j"}),
        ("j/a/b/c/d", False, {"job": "j", "a": "b", "c": "d"}),
        ("YS9i", True, {"job": "a/b"}),
        ("j/a@base64/=", False, {"job": "j", "a": ""}),
        ("j/a@base64/ZsOkLz8_", False, {"job": "j", "a": "fä/??"}),
        ("j/job/x", False, {"job": "j"}),
    ],
)
def test_paths(rest: str, encoded: bool, labels: dict[str, str]) -> None:
    """Every form of a grouping key."""
    assert grouping(rest, job_encoded=encoded) == labels


def test_a_job_must_be_there() -> None:
    """Also where it is written in base64."""
    with pytest.raises(Refused, match="job name is required"):
        grouping("=", job_encoded=True)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("snappy", cramjam.snappy.compress_raw),
        ("identity", bytes),
    ],
)
async def test_compression(client: httpx.AsyncClient, ask: Ask, encoding: str, packed: object) -> None:
    """All the usual ways; what is broken is refused."""
    assert callable(packed)
    headers = {"Content-Encoding": encoding}
    answer = await client.put("/metrics/job/j", content=bytes(packed(b"a 1\n")), headers=headers)
    assert answer.status_code == 200
    assert len(await ask("a")) == 1
    if encoding != "identity":
        assert (await client.put("/metrics/job/j", content=b"\xffxyz", headers=headers)).status_code == 400


async def test_bodies_that_grow(client: httpx.AsyncClient) -> None:
    """A small body may not become a huge one, and what says that it will be is not tried."""
    for encoding, body in (
        ("gzip", gzip.compress(b"\n" * (65 << 20))),
        ("snappy", b"\xff\xff\xff\xff\x0f" + b"\x00" * 10),
    ):
        answer = await client.put("/metrics/job/j", content=body, headers={"Content-Encoding": encoding})
        assert (answer.status_code, "32 MiB" in answer.text) == (413, True)
    answer = await client.put("/metrics/job/j", content=b"", headers={"Content-Encoding": "br"})
    assert (answer.status_code, "only gzip, deflate, snappy" in answer.text) == (415, True)


async def test_other_forms(client: httpx.AsyncClient, clock: VirtualClock, ask: Ask) -> None:
    """OpenMetrics and protobuf by their content types."""
    openmetrics = {"Content-Type": "application/openmetrics-text; version=1.0.0; charset=utf-8"}
    assert (
        await client.put("/metrics/job/j", content="# TYPE a counter\na_total 1\n# EOF\n", headers=openmetrics)
    ).status_code == 200
    assert (await client.put("/metrics/job/j", content="a 1\n", headers=openmetrics)).status_code == 400
    protobuf = {
        "Content-Type": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    }
    clock.advance_to(NOW + 10)
    family = b"\x0a\x01b\x18\x01\x22\x0b\x12\x09\x09" + b"\x00\x00\x00\x00\x00\x00\x08@"
    answer = await client.post("/metrics/job/j", content=bytes([len(family)]) + family, headers=protobuf)
    assert answer.status_code == 200
    assert sorted((await ask('{__name__=~"a_total|b"}')).values()) == [1.0, 3.0]
    assert (await client.put("/metrics/job/j", content=b"\x07", headers=protobuf)).status_code == 400


async def test_native_histograms(client: httpx.AsyncClient, clock: VirtualClock, service: Service, ask: Ask) -> None:
    """They hold as numbers do, also after a restart, and end when the group does."""
    histogram = {
        "sample_count": 4,
        "sample_sum": 8.0,
        "zero_threshold": 0.001,
        "positive_span": [{"offset": 1, "length": 1}],
        "positive_delta": [4],
    }
    family = METRIC_FAMILY(name="took_seconds", type=4, metric=[{"histogram": histogram}]).SerializeToString()
    headers = {"Content-Type": f"application/vnd.google.protobuf; proto={MESSAGE}; encoding=delimited"}
    body = bytes([len(family)]) + family
    assert (await client.put("/metrics/job/j", content=body, headers=headers)).status_code == 200
    clock.advance_to(NOW + 1000 * HOUR)
    query = "histogram_quantile(1, took_seconds) + histogram_avg(took_seconds) + count_over_time(took_seconds[1m])"
    assert await ask(query) == {'{job="j"}': 2.0 + 2.0 + 4.0}
    assert await ask("histogram_count(rate(took_seconds[5m]))") == {'{job="j"}': 0.0}
    source = service.runtime.snapshots(None)
    assert source is not None
    source.forget(NOW + 999 * HOUR)
    for one in (source, source.reading(service.database)):
        again = await one.query(parse("histogram_count(took_seconds)"), NOW + 1000 * HOUR)
        assert [value for _, value in again.samples] == [4.0]
    assert (await client.delete("/metrics/job/j")).status_code == 202
    assert await ask("histogram_count(took_seconds)") == {}


async def test_limits(build: Build, connect: object, token: Token) -> None:
    """Samples a push, series a source; and only who may send may push, to the source of the organisation."""
    assert callable(connect)
    service = build("auth: {required: true}\n")
    source = service.runtime.snapshots(None)
    assert source is not None
    most = source.setup.sample_limits.samples
    assert (await put(connect(service), "j", "a 1\n")).status_code == 401
    assert (await put(connect(service, token(service, Role.VIEWER)), "j", "a 1\n")).status_code == 403
    assert (await put(connect(service, token(service, Role.SENDER, "other")), "j", "a 1\n")).status_code == 404
    sender = connect(service, token(service, Role.SENDER))
    assert (await put(sender, "j", "a 1\n")).status_code == 200
    answer = await put(sender, "j", "".join(f'a{{n="{n}"}} 1\n' for n in range(most + 1)))
    assert (answer.status_code, f"may have {most} samples" in answer.text) == (400, True)


async def test_too_many_series(build: Build, connect: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The groups of a source may have so many series together."""
    assert callable(connect)
    monkeypatch.setattr("tests.api.conftest.CONFIG", CONFIG_OF_FEW)
    client = connect(build(""))
    assert (await put(client, "j", "a 1\nb 1\n")).status_code == 200
    assert (await put(client, "j", "a 1\nb 1\nc 1\nd 1\ne 1\n")).status_code == 200
    answer = await put(client, "k", "a 1\n")
    assert (answer.status_code, "may have 8 series, with these there would be 10" in answer.text) == (400, True)


CONFIG_OF_FEW = """
route: {receiver: team}
receivers:
- name: team
rule_files: [rules.yml]
sources:
  app: {type: snapshots, max_series: 8}
"""


async def test_times_of_pushes_belong_to_the_gateway(client: httpx.AsyncClient, ask: Ask) -> None:
    """What is pushed under their names is not taken; half a minute later the group is as fresh as it was."""
    await put(client, "j", "push_time_seconds 7\na 1\n")
    assert await ask("{__name__=~'push.*'}") == TIMES
    assert await ask("a", NOW + HOUR) == {}
