"""`/api/v1/metadata`: what pushers said of their metrics, whichever way they push."""

from __future__ import annotations

from typing import Any

import cramjam
import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from alertd.clock import HOUR, VirtualClock
from alertd.service.snapshots import Setup, StoredSnapshots
from alertd.sources.admission import SampleLimits
from alertd.sources.descriptions import Description
from alertd.store import descriptions
from alertd.store.database import Database
from tests.api.conftest import NOW
from tests.api.prometheus.conftest import Get
from tests.protobufs import REQUEST_2, WRITE_REQUEST

PROTOBUF = {"Content-Type": "application/x-protobuf"}
COUNTER, GAUGE, HISTOGRAM = 1, 2, 3
SETUP = Setup()


def described(kind: str, about: str, unit: str = "") -> dict[str, str]:
    return {"type": kind, "help": about, "unit": unit}


async def write(client: httpx.AsyncClient, request: Any, proto: str = "prometheus.WriteRequest") -> None:
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    headers = {"Content-Type": f"application/x-protobuf;proto={proto}", "Content-Encoding": "snappy"}
    answer = await client.post("/api/v1/write", content=body, headers=headers)
    assert answer.status_code == 204, answer.text


async def test_remote_write_1(client: httpx.AsyncClient, get: Get) -> None:
    """Descriptions come in requests of their own; two that differ are both there, one that is repeated once."""
    said = [
        {"type": COUNTER, "metric_family_name": "requests_total", "help": "Requests."},
        {"type": GAUGE, "metric_family_name": "up", "help": "Whether it answers."},
        {"type": 99, "metric_family_name": "odd"},
        {"type": GAUGE, "metric_family_name": "bad", "help": "no\0database"},
        {"type": GAUGE, "help": "of nothing"},
    ]
    await write(client, WRITE_REQUEST(metadata=said))
    await write(client, WRITE_REQUEST(metadata=[*said[:1], {**said[1], "help": "Whether it does."}]))
    assert await get("metadata") == {
        "odd": [described("unknown", "")],
        "requests_total": [described("counter", "Requests.")],
        "up": [described("gauge", "Whether it answers."), described("gauge", "Whether it does.")],
    }
    assert list(await get("metadata", limit="2")) == ["odd", "requests_total"]
    assert await get("metadata", metric="up", limit_per_metric="1") == {
        "up": [described("gauge", "Whether it answers.")]
    }
    assert await get("metadata", limit="0") == await get("metadata", metric="none") == {}


async def test_remote_write_2(client: httpx.AsyncClient, get: Get) -> None:
    """Each series brings its own; those of one histogram speak of one metric."""
    symbols = ["", "__name__", "took_seconds_bucket", "took_seconds_count", "le", "1.0", "Time.", "seconds"]
    metadata = {"type": HISTOGRAM, "help_ref": 6, "unit_ref": 7}
    sample = {"value": 1.0, "timestamp": NOW}
    written = [
        {"labels_refs": [1, 2, 4, 5], "samples": [sample], "metadata": metadata},
        {"labels_refs": [1, 3], "samples": [sample], "metadata": metadata},
    ]
    await write(client, REQUEST_2(symbols=symbols, timeseries=written), "io.prometheus.write.v2.Request")
    assert await get("metadata") == {"took_seconds": [described("histogram", "Time.", "seconds")]}


@pytest.mark.parametrize(
    ("set_up", "name", "expected"),
    [
        ({"sum": {"is_monotonic": True}}, "orders_bytes_total", "counter"),
        ({"sum": {}}, "orders_bytes", "gauge"),
        ({"gauge": {}}, "orders_bytes", "gauge"),
    ],
)
async def test_otlp(client: httpx.AsyncClient, get: Get, set_up: dict[str, Any], name: str, expected: str) -> None:
    """With the unit as names have it; a sum that can fall is a gauge."""
    ((kind, fields),) = set_up.items()
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="orders", unit="By")
    metric.description = "What was ordered."
    data = getattr(metric, kind)
    if kind == "sum":
        data.aggregation_temporality = 2
        data.is_monotonic = fields.get("is_monotonic", False)
    data.data_points.add(as_int=5, time_unix_nano=NOW * 1_000_000)
    answer = await client.post("/v1/metrics", content=request.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    assert await get("metadata") == {name: [described(expected, "What was ordered.", "bytes")]}


async def test_pushgateway(client: httpx.AsyncClient, clock: VirtualClock, get: Get) -> None:
    """What a group says of its metrics holds as long as the group."""
    text = "# HELP took_seconds Time.\n# TYPE took_seconds summary\ntook_seconds_sum 3\ntook_seconds_count 1\nplain 5\n"
    await client.put("/metrics/job/j", content=text)
    clock.advance_to(NOW + 1000 * HOUR)
    found = await get("metadata")
    assert found["took_seconds"] == [described("summary", "Time.")]
    assert found["plain"] == [described("unknown", "")]
    assert found["push_time_seconds"][0]["type"] == "gauge"
    await client.delete("/metrics/job/j")
    assert await get("metadata") == {}


async def test_after_a_restart(database: Database) -> None:
    """Descriptions are rows: a replica that took none of them tells them, too. They cost a write when they are new, and
    again when half of their time is over."""
    now = NOW
    first, second = (StoredSnapshots(database, "default", "app", SETUP, now=lambda: now) for _ in range(2))
    said = [Description("up", "gauge", "x" * 5000)]
    kept = [Description("up", "gauge", "x" * 2048)]
    await first.describe(said, now)
    assert await second.descriptions() == kept
    database.transaction(descriptions.prune, "app", now + 1)
    await first.describe(said, now + SETUP.retention // 2 - 1)
    assert await second.descriptions() == []
    await first.describe(said, now + SETUP.retention // 2)
    assert await second.descriptions() == kept


async def test_room(database: Database) -> None:
    """There are never more than a source may have series."""
    setup = Setup(sample_limits=SampleLimits(series=2))
    source = StoredSnapshots(database, "default", "app", setup, now=lambda: NOW)
    await source.describe([Description(name) for name in "abc"], NOW)
    assert [one.metric for one in await source.descriptions()] == ["a", "b"]
