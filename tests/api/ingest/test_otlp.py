"""OTLP metrics over HTTP: both paths, both forms, and partial successes."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Build, Token
from tests.api.ingest.conftest import Ask

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
        (JSON, b"{", 400, "the body is no ExportMetricsServiceRequest"),
        (PROTOBUF, b"\x0a\x05a", 400, "expected 5 bytes at byte 2, found 1"),
        ({**JSON, "Content-Encoding": "gzip"}, b"{}", 400, "cannot be decompressed"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    """What is no request is refused, in the form of the request where it has one."""
    answer = await client.post("/v1/metrics", content=body, headers=headers)
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    if "no ExportMetricsServiceRequest" in says:
        told: dict[str, Any] = json.loads(answer.text)
        assert told["code"] == 3


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
    assert (answer.status_code, "may have 10000 samples, found 10002" in answer.text) == (400, True)
    assert (await sender.post("/v1/metrics", content=body, headers=PROTOBUF)).status_code == 200
