"""OTLP metrics over HTTP: both paths, both forms, and partial successes."""

from __future__ import annotations

import gzip

import httpx
import pytest
from google.protobuf.json_format import MessageToJson, Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Build, Token
from tests.api.ingest.conftest import Ask
from tests.protobufs import STATUS

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


def request(*, temporality: int = 2, at: int = NOW) -> ExportMetricsServiceRequest:
    """A counter of a shop."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    metric = resource.scope_metrics.add().metrics.add(name="orders")
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = temporality  # type: ignore[assignment]  # an enum's number
    metric.sum.data_points.add(as_int=5, time_unix_nano=at * 1_000_000)
    return made


@pytest.mark.parametrize("path", ["/api/v1/otlp/v1/metrics", "/v1/metrics"])
@pytest.mark.parametrize("media", ["json", "protobuf"])
async def test_what_is_exported_is_there(client: httpx.AsyncClient, ask: Ask, path: str, media: str) -> None:
    """In either form, also compressed; the answer is an empty success in the same form."""
    if media == "json":
        answer = await client.post(path, content=MessageToJson(request(), use_integers_for_enums=True), headers=JSON)
        assert (answer.status_code, answer.json()) == (200, {})
    else:
        body = gzip.compress(request().SerializeToString())
        answer = await client.post(path, content=body, headers={**PROTOBUF, "Content-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == (JSON if media == "json" else PROTOBUF)["Content-Type"]
    assert await ask("orders_total") == {'{__name__="orders_total", job="shop"}': 5.0}


async def test_delta_is_refused(service: Service, client: httpx.AsyncClient, ask: Ask) -> None:
    """As a partial success that says how many points were not taken, and why."""
    answer = await client.post("/v1/metrics", content=request(temporality=1).SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_data_points == 1
    assert 'invalid temporality and type combination for metric "orders"' in partial.error_message
    told = (
        await client.post(
            "/v1/metrics", content=MessageToJson(request(temporality=1), use_integers_for_enums=True), headers=JSON
        )
    ).json()
    assert told["partialSuccess"]["rejectedDataPoints"] == "1"
    assert await ask("orders_total") == {}
    refused = {"source": "app", "outcome": "refused"}
    assert service.metrics.registry.get_sample_value("alertd_samples_received_total", refused) == 2


async def test_samples_that_cannot_be_stored(client: httpx.AsyncClient, ask: Ask) -> None:
    """The good ones are kept, the others are counted and named."""
    both = request()
    both.MergeFrom(request(at=NOW + 3_600_000))
    answer = await client.post("/v1/metrics", content=both.SerializeToString(), headers=PROTOBUF)
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_data_points) == (200, 1)
    assert "out of bounds for series" in partial.error_message
    assert len(await ask("orders_total")) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        ({"Content-Type": "text/plain"}, b"", 415, "supported: [application/json, application/x-protobuf]"),
        ({}, b"", 415, "unsupported content type: none"),
    ],
)
async def test_what_has_no_form(
    client: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    """What is in neither form is refused in a line of text."""
    answer = await client.post("/v1/metrics", content=body, headers=headers)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("media", [JSON, PROTOBUF])
@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "code", "says"),
    [
        ("", {}, b"\x0a\x05a", 400, 3, "the body is no ExportMetricsServiceRequest"),
        ("", {"Content-Encoding": "gzip"}, b"{}", 400, 3, "cannot be decompressed"),
        ("", {"Content-Encoding": "zstd"}, b"{}", 415, 2, "zstd encoding (compression) is not accepted"),
        ("?source=nobody", {}, b"", 404, 5, "nobody"),
        (f"?source={'x' * 2000}", {}, b"", 400, 3, "at most"),
        ("", {"Authorization": "Bearer x"}, b"", 401, 16, "token"),
        ("", {"Content-Encoding": "gzip"}, gzip.compress(b" " * (33 << 20)), 413, 2, "32 MiB"),
        ("", {}, b" " * (17 << 20), 413, 2, "16 MiB"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient,
    media: dict[str, str],
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    code: int,
    says: str,
) -> None:
    """Whatever is refused is answered with the message `Status`, in the form of the request."""
    answer = await client.post(f"/v1/metrics{path}", content=body, headers={**media, **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (status, media["Content-Type"])
    told = Parse(answer.content, STATUS()) if media is JSON else STATUS.FromString(answer.content)
    assert (told.code, says in told.message) == (code, True), told.message


async def test_a_database_that_does_not_answer(service: Service, client: httpx.AsyncClient) -> None:
    """The sender is told when to come again."""
    service.database.transaction(lambda connection: connection.exec_driver_sql("DROP TABLE snapshots"))
    answer = await client.post("/v1/metrics", content=request().SerializeToString(), headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert STATUS.FromString(answer.content).code == 14


def histogram(buckets: int, *points: int) -> ExportMetricsServiceRequest:
    """Points of a histogram at these instants, of a resource that has more than a name."""
    made = request()
    resource = made.resource_metrics[0]
    resource.resource.attributes.add(key="host.name").value.string_value = "h"
    del resource.scope_metrics[0].metrics[:]
    metric = resource.scope_metrics[0].metrics.add(name="took")
    metric.histogram.aggregation_temporality = 2  # type: ignore[assignment]  # an enum's number
    for number, at in enumerate(points):
        one = metric.histogram.data_points.add(time_unix_nano=at * 1_000_000, sum=1.0, count=buckets)
        one.attributes.add(key="n").value.int_value = number
        one.bucket_counts.extend([1] * buckets)
        one.explicit_bounds.extend(range(1, buckets))
    return made


async def export(client: httpx.AsyncClient, made: ExportMetricsServiceRequest) -> tuple[int, str]:
    """How many points were rejected, and why."""
    answer = await client.post("/v1/metrics", content=made.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200, answer.text
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    return partial.rejected_data_points, partial.error_message


async def test_points_are_counted_as_their_sender_has_them(client: httpx.AsyncClient, ask: Ask) -> None:
    """A histogram is one point, however many series it has; what alertd makes itself of the resource is none."""
    assert await export(client, histogram(3, NOW)) == (0, "")
    rejected, reasons = await export(client, histogram(3, NOW - 1000, NOW - 1000))
    assert (rejected, len(reasons.splitlines())) == (1, 5)
    assert len(await ask("took_count", NOW)) == 2
    # The second point was stored, and that the resource was there a second before is known to be.
    assert await ask("count_over_time(target_info[1m])", NOW) == {'{host_name="h", job="shop"}': 1.0}


async def test_what_is_not_stored_says_nothing_of_its_resource(client: httpx.AsyncClient, ask: Ask) -> None:
    """A point from the future does not let the resource be there until then."""
    rejected, _ = await export(client, histogram(1, NOW, NOW + 3_600_000))
    assert rejected == 1
    assert len(await ask("target_info", NOW)) == 1
    assert await ask("timestamp(target_info)", NOW + 200_000) == {'{host_name="h", job="shop"}': NOW / 1000}


async def test_a_usual_batch_of_histograms(service: Service, client: httpx.AsyncClient, ask: Ask) -> None:
    """Points are bounded, and samples only so far that nobody can ask for all memory; all of a batch is stored."""
    assert await export(client, histogram(16, *[NOW] * 1_200)) == (0, "")
    assert await ask("count(took_bucket)") == {"{}": 1_200 * 16.0}
    accepted = {"source": "app", "outcome": "accepted"}
    assert service.metrics.registry.get_sample_value("alertd_samples_received_total", accepted) == 1_200 * 18 + 1
    answer = await client.post(
        "/v1/metrics", content=histogram(400, *[NOW] * 800).SerializeToString(), headers=PROTOBUF
    )
    assert answer.status_code == 400
    says = "a request's data points may be 320000 samples, found 321600; lower the batch size"
    assert STATUS.FromString(answer.content).message == says


async def test_limits(build: Build, connect: object, token: Token) -> None:
    """Samples a request, and who may export."""
    assert callable(connect)
    service = build("auth: {required: true}\n")
    body = request().SerializeToString()
    assert (await connect(service).post("/v1/metrics", content=body, headers=PROTOBUF)).status_code == 401
    sender = connect(service, token(service, Role.SENDER))
    many = request()
    points = many.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points
    for number in range(10_001):
        points.add(as_int=number, time_unix_nano=NOW * 1_000_000 + number)
    answer = await sender.post("/v1/metrics", content=many.SerializeToString(), headers=PROTOBUF)
    assert (answer.status_code, "may have 10000 data points, found 10002" in answer.text) == (400, True)
    assert (await sender.post("/v1/metrics", content=body, headers=PROTOBUF)).status_code == 200
