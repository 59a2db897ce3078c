"""OTLP metrics, written by the real library, as the series that Prometheus makes of them."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson, ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from alertd.promql import is_stale
from alertd.promql.histogram import FloatHistogram
from alertd.sources.otlp.messages import OtlpError, read_json
from alertd.sources.otlp.names import label_name, metric_name
from alertd.sources.otlp.protobuf import read_protobuf
from alertd.sources.otlp.translation import Translated, Translator, infos_of, settle, size_of
from alertd.sources.series import Identity, SeriesSamples, shown

NOW = 1_769_860_800_000
NANO = NOW * 1_000_000


def text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def exported(*metrics: dict[str, Any], resource: list[dict[str, Any]] | None = None) -> ExportMetricsServiceRequest:
    scopes = [{"scope": {"name": "lib"}, "metrics": list(metrics)}]
    document = {"resourceMetrics": [{"resource": {"attributes": resource or []}, "scopeMetrics": scopes}]}
    return ParseDict(document, ExportMetricsServiceRequest())


def translated(request: ExportMetricsServiceRequest) -> Translated:
    """What becomes of a request, which is the same in both forms."""
    binary = read_protobuf(request.SerializeToString())
    assert read_json(MessageToJson(request, use_integers_for_enums=True).encode()) == binary
    return Translator().translate(binary)


def series(found: Translated) -> list[SeriesSamples]:
    return [one for point in found.points for one in point.series]


def values(found: Translated) -> dict[str, float]:
    return {shown(one.identity.labels): value for one in series(found) for _, value in one.samples}


def point(**more: Any) -> dict[str, Any]:
    return {"timeUnixNano": NANO, **more}


def test_gauges_and_sums() -> None:
    """Names get their unit, counters `_total`; attributes are labels, whatever their type."""
    attributes = [
        text("http.method", "GET"),
        {"key": "n", "value": {"intValue": 7}},
        {"key": "d", "value": {"doubleValue": 0.5}},
        {"key": "b", "value": {"boolValue": True}},
        {"key": "l", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}]}}},
        {"key": "m", "value": {"kvlistValue": {"values": [text("k", "v")]}}},
        {"key": "y", "value": {"bytesValue": "AQI="}},
        text("a.b", "1"),
        text("a_b", "2"),
    ]
    found = translated(
        exported(
            {"name": "queue.length", "gauge": {"dataPoints": [point(asInt=-3, attributes=attributes)]}},
            {"name": "cpu.load", "unit": "1", "gauge": {"dataPoints": [point(asDouble=0.25)]}},
            {
                "name": "requests",
                "sum": {"dataPoints": [point(asDouble=5)], "aggregationTemporality": 2, "isMonotonic": True},
            },
            {"name": "active", "unit": "{conn}", "sum": {"dataPoints": [point(asInt=2)], "aggregationTemporality": 2}},
        )
    )
    assert values(found) == {
        '{__name__="queue_length", a_b="1;2", b="true", d="0.5", http_method="GET", l="[1,\\"x\\"]",'
        ' m="{\\"k\\":\\"v\\"}", n="7", y="AQI="}': -3.0,
        '{__name__="cpu_load_ratio"}': 0.25,
        '{__name__="requests_total"}': 5.0,
        '{__name__="active"}': 2.0,
    }
    assert {at for one in series(found) for at, _ in one.samples} == {NOW}


def test_the_resource() -> None:
    """It names job and instance; what else is known of it is in `target_info`, as long as there are samples."""
    resource = [
        text("service.name", "shop"),
        text("service.namespace", "eu"),
        text("service.instance.id", "i-1"),
        text("host.name", "h"),
    ]
    later = {"timeUnixNano": NANO + 400_000 * 10**6, "asInt": 2}
    found = translated(exported({"name": "a", "gauge": {"dataPoints": [point(asInt=1), later]}}, resource=resource))
    (info,) = infos_of(found.points)
    assert shown(info.identity.labels) == '{__name__="target_info", host_name="h", instance="i-1", job="eu/shop"}'
    assert info.samples == [(NOW + seconds * 1000, 1.0) for seconds in (0, 150, 300, 400)]
    assert shown(series(found)[0].identity.labels) == '{__name__="a", instance="i-1", job="eu/shop"}'
    gauge = {"name": "a", "gauge": {"dataPoints": [point(asInt=1)]}}
    for incomplete in (resource[:2], resource[3:]):
        assert infos_of(translated(exported(gauge, resource=incomplete)).points) == []


def test_the_resource_of_points_that_are_none() -> None:
    """What cannot be translated is no reason to say that the resource was there then."""
    delta = {"name": "d", "sum": {"aggregationTemporality": 1, "dataPoints": [point(asInt=1, timeUnixNano=NANO * 2)]}}
    gauge = {"name": "a", "gauge": {"dataPoints": [point(asInt=1)]}}
    found = translated(exported(delta, gauge, resource=[text("service.name", "shop"), text("host.name", "h")]))
    assert [one.samples for one in infos_of(found.points)] == [[(NOW, 1.0)]]


def test_what_became_of_points() -> None:
    """Points are counted once, however many of their series were refused; what was stored may have more labels."""
    histogram = {
        "name": "h",
        "histogram": {
            "aggregationTemporality": 2,
            "dataPoints": [point(count=n, bucketCounts=[n, 0], explicitBounds=[1]) for n in range(3)],
        },
    }
    nan = {"name": "a", "gauge": {"dataPoints": [point(asDouble="NaN")]}}
    points = Translator().translate(read_protobuf(exported(histogram, nan).SerializeToString())).points
    first, second, _, gauge = points
    _, bucket, _ = second.series
    stored = SeriesSamples(Identity([*bucket.identity.labels.items(), ("zone", "eu")]), bucket.samples)
    assert settle(points, [*first.series, stored, *gauge.series]) == ([first, second, gauge], 2)
    assert settle(points, []) == ([], 4)
    assert settle(points, [one for point in points for one in point.series]) == (points, 0)


def test_how_large_a_request_is() -> None:
    """The samples are known before any are made."""
    request = exported(
        {"name": "a", "gauge": {"dataPoints": [point(asInt=1), point(asInt=2)]}},
        {
            "name": "h",
            "histogram": {
                "aggregationTemporality": 2,
                "dataPoints": [point(sum=1, bucketCounts=[1, 2, 3], explicitBounds=[1, 2])],
            },
        },
        {"name": "s", "summary": {"dataPoints": [point(quantileValues=[{"quantile": 0.5}])]}},
        exponential(scale=1, positive={"bucketCounts": [1, 2]}),
    )
    assert size_of(read_protobuf(request.SerializeToString())) == (5, 11)
    assert len(series(translated(request))) == 11


def test_histograms_and_summaries() -> None:
    """They become the series that Prometheus' own have; buckets are summed up."""
    found = translated(
        exported(
            {
                "name": "took",
                "unit": "s",
                "histogram": {
                    "aggregationTemporality": 2,
                    "dataPoints": [point(count=6, sum=7.5, explicitBounds=[0.5, 10], bucketCounts=[1, 2, 3])],
                },
            },
            {
                "name": "bare",
                "histogram": {"aggregationTemporality": 2, "dataPoints": [point(count=1, bucketCounts=[1])]},
            },
            {
                "name": "size",
                "summary": {"dataPoints": [point(count=2, sum=3, quantileValues=[{"quantile": 0.9, "value": 2}])]},
            },
        )
    )
    assert values(found) == {
        '{__name__="took_seconds_sum"}': 7.5,
        '{__name__="took_seconds_count"}': 6.0,
        '{__name__="took_seconds_bucket", le="0.5"}': 1.0,
        '{__name__="took_seconds_bucket", le="10"}': 3.0,
        '{__name__="took_seconds_bucket", le="+Inf"}': 6.0,
        '{__name__="bare_count"}': 1.0,
        '{__name__="bare_bucket", le="+Inf"}': 1.0,
        '{__name__="size_sum"}': 3.0,
        '{__name__="size_count"}': 2.0,
        '{__name__="size", quantile="0.9"}': 2.0,
    }


def exponential(**more: Any) -> dict[str, Any]:
    data = point(count=7, sum=20.0, zeroCount=1, **more)
    return {"name": "e", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [data]}}


def test_exponential_histograms() -> None:
    """They become native ones, whose places are one further; scales beyond 8 are made coarser."""
    (one,) = series(
        translated(
            exported(
                exponential(scale=1, positive={"offset": -1, "bucketCounts": [1, 0, 2]}, negative={"bucketCounts": [3]})
            )
        )
    )
    assert one.histograms == [
        (
            NOW,
            FloatHistogram(
                schema=1,
                count=7.0,
                sum=20.0,
                zero_threshold=1e-128,
                zero_count=1.0,
                positive={0: 1.0, 2: 2.0},
                negative={1: 3.0},
            ),
        )
    ]
    (finer,) = series(
        translated(exported(exponential(scale=10, positive={"offset": -3, "bucketCounts": [1, 1, 1, 1, 1]})))
    )
    ((_, histogram),) = finer.histograms
    assert (histogram.schema, histogram.positive) == (8, {0: 3.0, 1: 2.0})
    refused = translated(exported(exponential(scale=-5)))
    assert (refused.points, refused.lost) == ([], 1)
    assert "scale must be >= -4, was -5" in refused.refused[0]


def test_nothing_recorded_is_an_end() -> None:
    """The flag makes stale markers of all series of a point."""
    found = translated(
        exported(
            {"name": "a", "gauge": {"dataPoints": [point(flags=1)]}},
            {"name": "h", "histogram": {"aggregationTemporality": 2, "dataPoints": [point(flags=1, count=3)]}},
            exponential(flags=1),
        )
    )
    assert all(is_stale(value) for one in series(found) for _, value in one.samples)
    assert [is_stale(histogram.sum) for one in series(found) for _, histogram in one.histograms] == [True]


@pytest.mark.parametrize(
    ("metric", "points", "says"),
    [
        (
            {"name": "a", "sum": {"aggregationTemporality": 1, "dataPoints": [point(asInt=1), point(asInt=2)]}},
            2,
            'invalid temporality and type combination for metric "a"',
        ),
        (
            {"name": "a", "histogram": {"dataPoints": [point()]}},
            1,
            'invalid temporality and type combination for metric "a"',
        ),
        ({"name": "a", "gauge": {}}, 0, "empty data points. a is dropped"),
        ({"name": "a"}, 0, "empty data points. a is dropped"),
        ({"name": "@#", "gauge": {"dataPoints": [point(asInt=1)]}}, 1, 'metric "@#" resulted in empty name'),
    ],
)
def test_what_cannot_be_translated(metric: dict[str, Any], points: int, says: str) -> None:
    """It is counted and named, and the rest is translated."""
    found = translated(exported(metric, {"name": "good", "gauge": {"dataPoints": [point(asInt=1)]}}))
    assert values(found) == {'{__name__="good"}': 1.0}
    assert found.lost == points
    assert says in found.refused[0]


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.duration", "s", "", "http_server_duration_seconds"),
        ("requests_total", "", "counter", "requests_total"),
        ("requests", "1/s", "gauge", "requests_per_second"),
        ("throughput", "By/s", "gauge", "throughput_bytes_per_second"),
        ("items", "1", "counter", "items_total"),
        ("usage_ratio", "1", "gauge", "usage_ratio"),
        ("a", "By/{packet}", "gauge", "a_bytes"),
        ("a__b", "unit@with#special/chars", "gauge", "a_b_unit_with_special_per_chars"),
        ("123", "", "gauge", "_123"),
        ("took_seconds", "s", "", "took_seconds"),
        ("a:b", "%", "", "a:b_percent"),
        ("@#", "", "gauge", ""),
    ],
)
def test_metric_names(name: str, unit: str, kind: str, expected: str) -> None:
    """As Prometheus' translator builds them."""
    assert metric_name(name, unit, is_counter=kind == "counter", is_gauge=kind == "gauge") == expected


@pytest.mark.parametrize(
    ("attribute", "label"),
    [("http.method", "http_method"), ("1a", "key_1a"), ("_a", "key_a"), ("__a", "__a"), ("ä-b", "__b"), ("a", "a")],
)
def test_label_names(attribute: str, label: str) -> None:
    """As Prometheus' translator builds them."""
    assert label_name(attribute) == label


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[]", "Expected `object`, got `array`"),
        (b'{"resourceMetrics": 5}', "$.resourceMetrics"),
        (b'{"resourceMetrics": [{"resource": {"attributes": [{"key": 5}]}}]}', "attributes[0].key"),
        (b"{", "truncated"),
    ],
)
def test_json_that_is_no_request(body: bytes, says: str) -> None:
    """The place of the mistake is named."""
    with pytest.raises(OtlpError) as caught:
        read_json(body)
    assert says in str(caught.value)


def test_null_in_json() -> None:
    """It stands for what is not there, whatever the field; among the values of a list it is a mistake."""
    gauge = (
        '{"name": "a", "unit": null, "gauge": {"dataPoints": [{"timeUnixNano": "5", "asInt": "7", "asDouble": null,'
        ' "flags": null, "attributes": [{"key": "k", "value": null}, {"key": "d", "value": {"doubleValue": "0.5"}}]}]}}'
    )
    body = '{"resourceMetrics": [{"resource": %s, "scopeMetrics": [{"scope": null, "metrics": [%s]}]}]}'
    found = read_json((body % ('{"attributes": null}', gauge)).encode())
    assert found == read_json((body % ("null", gauge)).encode())
    (point,) = found.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points  # type: ignore[union-attr]
    assert (point.as_int, point.as_double, point.time_unix_nano) == (7, None, 5)
    with pytest.raises(OtlpError, match="resourceMetrics"):
        read_json(b'{"resourceMetrics": [null]}')


def test_values_within_values() -> None:
    """Neither form may nest without end."""
    nested = b'{"arrayValue":{"values":[' * 5000 + b"{}" + b"]}}" * 5000
    with pytest.raises(OtlpError):
        read_json(b'{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":' + nested + b"}]}}]}")
    body = b""
    for _ in range(60):
        body = b"\x2a" + bytes([len(body) + 1 if len(body) < 126 else 126]) + body[:126]
    with suppress(OtlpError):
        read_protobuf(body)


@given(st.binary(max_size=80))
def test_any_bytes(body: bytes) -> None:
    """Whatever comes is read or refused, in both forms."""
    for read in (read_json, read_protobuf):
        with suppress(OtlpError):
            Translator().translate(read(body))


@given(st.floats() | st.integers(-(2**60), 2**60).map(float))
def test_numbers_in_labels(number: float) -> None:
    """A number written as a text says the same number, without an exponent."""
    from alertd.sources.otlp.translation import plain

    assert "e" not in plain(number).lower().replace("inf", "")
    assert float(plain(number)) == number or math.isnan(number)
