"""`/api/v1/query` and its kin: shapes, parameters from URL and form, complaints, and who may ask."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from alertd.api.prometheus.forms import label_name
from alertd.api.prometheus.results import number
from alertd.clock import MINUTE, SECOND, VirtualClock
from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Token
from tests.api.prometheus.conftest import Get, evaluate_all

#: 2026-01-31T12:00:00Z in seconds.
T = NOW // SECOND


@pytest.fixture
async def pushed(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Two instances that say how they do, once a minute for three minutes."""
    for minute in range(3):
        clock.advance_to(NOW + minute * MINUTE)
        for instance, value in (("one", 50 + minute), ("two", 200)):
            body = {"response_ms": value}
            assert (await client.post(f"/v1/snapshots?label=instance%3D{instance}", json=body)).is_success


@pytest.mark.usefixtures("pushed")
async def test_instant_queries(get: Get) -> None:
    """Each kind of result, as of the time that is asked for, which is now unless it is given."""
    metric = {"__name__": "response_ms", "instance": "one"}
    expr = 'response_ms{instance="one"}'
    assert await get("query", query=expr) == {
        "resultType": "vector",
        "result": [{"metric": metric, "value": [T + 120, "52"]}],
    }
    for time in (str(T + 61.5), "2026-01-31T12:01:01.5Z", "2026-01-31T13:01:01.500+01:00"):
        found = await get("query", query=expr, time=time)
        assert found["result"] == [{"metric": metric, "value": [T + 61.5, "51"]}]
    assert await get("query", query="1.5", time=T) == {"resultType": "scalar", "result": [T, "1.5"]}
    assert await get("query", query='"a"', time=T) == {"resultType": "string", "result": [T, "a"]}
    assert await get("query", query=f"{expr}[90s]", time=T + 120) == {
        "resultType": "matrix",
        "result": [{"metric": metric, "values": [[T + 60, "51"], [T + 120, "52"]]}],
    }


@pytest.mark.usefixtures("pushed")
async def test_range_queries(get: Get) -> None:
    """A value at each step, series by their labels."""
    found = await get("query_range", query="response_ms * 2", start=T, end=T + 120, step="1m")
    assert found == {
        "resultType": "matrix",
        "result": [
            {"metric": {"instance": "one"}, "values": [[T, "100"], [T + 60, "102"], [T + 120, "104"]]},
            {"metric": {"instance": "two"}, "values": [[T, "400"], [T + 60, "400"], [T + 120, "400"]]},
        ],
    }


@pytest.mark.usefixtures("pushed")
async def test_parameters(client: httpx.AsyncClient, get: Get) -> None:
    """A form in the body goes before the URL; limit, lookback and stats."""
    for path in ("query", "query_range"):
        form = {"query": "count(response_ms)", "time": T, "start": T, "end": T, "step": "15"}
        response = await client.post(f"/api/v1/{path}?query=nonsense{{", data=form)
        (series,) = response.json()["data"]["result"]
        assert (series.get("value") or series["values"][0]) == [T, "2"]

    response = (await client.get("/api/v1/query", params={"query": "response_ms", "limit": 1})).json()
    assert len(response["data"]["result"]) == 1
    assert response["warnings"] == ["results truncated due to limit"]
    response = (await client.get("/api/v1/query", params={"query": "response_ms", "limit": 2})).json()
    assert "warnings" not in response

    late = {"query": "response_ms", "time": T + 180}
    assert len((await get("query", **late))["result"]) == 2
    assert (await get("query", **late, lookback_delta="59s"))["result"] == []
    for usual in ("0", "0s", "-1"):
        assert len((await get("query", **late, lookback_delta=usual))["result"]) == 2
    stats = (await get("query", query="response_ms", stats="all"))["stats"]
    assert stats["samples"]["totalQueryableSamples"] >= 2
    assert stats["timings"]["evalTotalTime"] >= 0


@pytest.mark.usefixtures("pushed")
async def test_what_the_evaluation_noticed(client: httpx.AsyncClient) -> None:
    """Warnings and infos stand beside the data, with their place."""
    envelope = (await client.get("/api/v1/query", params={"query": "quantile(7, response_ms)"})).json()
    assert envelope["warnings"] == ["PromQL warning: quantile value should be between 0 and 1, got 7 (1:10)"]
    envelope = (await client.get("/api/v1/query", params={"query": "rate(response_ms[5m])"})).json()
    assert len(envelope["infos"]) == 1


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "error"),
    [
        ("query", {}, 400, "bad_data", 'invalid parameter "query": 1:1: parse error: no expression found in input'),
        ("query", {"query": "up{"}, 400, "bad_data", 'invalid parameter "query": 1:4: parse error: unexpected end of'),
        (
            "query",
            {"query": "1", "time": "x"},
            400,
            "bad_data",
            'invalid parameter "time": invalid time value for \'time\': cannot parse "x" to a valid timestamp',
        ),
        ("query", {"query": "1", "timeout": "x"}, 400, "bad_data", 'invalid parameter "timeout": cannot parse "x"'),
        ("query", {"query": "1", "limit": "-1"}, 400, "bad_data", 'invalid parameter "limit": limit must be non-neg'),
        ("query", {"query": "1", "limit": "x"}, 400, "bad_data", 'invalid parameter "limit": strconv.Atoi: parsing'),
        ("query", {"query": "1", "lookback_delta": "x"}, 400, "bad_data", 'invalid parameter "lookback_delta": '),
        ("label/U__/values", {}, 400, "bad_data", 'invalid label name: ""'),
        ("label/%ff/values", {}, 400, "bad_data", 'invalid label name: "'),
        ("query", {"query": "1", "source": "nowhere"}, 400, "bad_data", 'invalid parameter "source": there is no'),
        (
            "query",
            {"query": "response_ms + on() response_ms"},
            422,
            "execution",
            "found duplicate series for the match group {} on the right hand-side of the operation: [",
        ),
        ("query", {"query": "response_ms", "timeout": "-1s"}, 400, "bad_data", 'invalid parameter "timeout": '),
        ("query", {"query": "response_ms", "timeout": "-1"}, 503, "timeout", "query timed out in expression eval"),
        ("query_range", {"query": "1"}, 400, "bad_data", 'invalid parameter "start": cannot parse "" to a valid'),
        (
            "query_range",
            {"query": "1", "start": "2", "end": "1", "step": "1"},
            400,
            "bad_data",
            'invalid parameter "end": end timestamp must not be before start time',
        ),
        (
            "query_range",
            {"query": "1", "start": "1", "end": "2", "step": "0"},
            400,
            "bad_data",
            'invalid parameter "step": zero or negative query resolution step widths are not accepted.',
        ),
        (
            "query_range",
            {"query": "1", "start": "1", "end": "11003", "step": "1"},
            400,
            "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries.",
        ),
        (
            "query_range",
            {"query": '"a"', "start": "1", "end": "2", "step": "1"},
            400,
            "bad_data",
            'invalid parameter "query": invalid expression type "string" for range query',
        ),
        ("series", {}, 400, "bad_data", "no match[] parameter provided"),
        ("labels", {"match[]": "{}"}, 400, "bad_data", 'invalid parameter "match[]": match[] must contain'),
        ("labels", {"start": "x"}, 400, "bad_data", "invalid parameter \"start\": invalid time value for 'start'"),
    ],
)
@pytest.mark.usefixtures("pushed")
async def test_complaints(
    client: httpx.AsyncClient, path: str, parameters: dict[str, str], status: int, kind: str, error: str
) -> None:
    """What cannot be read is 400, what cannot be evaluated 422, what takes too long 503."""
    response = await client.get(f"/api/v1/{path}", params=parameters)
    envelope = response.json()
    assert (response.status_code, envelope["status"], envelope["errorType"]) == (status, "error", kind)
    assert envelope["error"].startswith(error)


@pytest.mark.usefixtures("pushed")
async def test_series_and_labels(service: Service, client: httpx.AsyncClient, get: Get, clock: VirtualClock) -> None:
    """Pushed series, recorded ones and the two of the alerts, by selector and time."""
    await evaluate_all(service, clock, NOW + 2 * MINUTE)
    names = await get("label/__name__/values")
    assert names == ["ALERTS", "ALERTS_FOR_STATE", "response_ms", "response_s"]
    assert await get("label/instance/values", **{"match[]": ["ALERTS", "response_s"]}) == ["one", "two"]
    assert await get("label/instance/values", **{"match[]": "ALERTS"}) == ["two"]
    assert await get("labels", **{"match[]": "response_ms"}) == ["__name__", "instance"]
    assert "alertstate" in await get("labels")
    assert await get("series", **{"match[]": 'response_ms{instance="one"}'}) == [
        {"__name__": "response_ms", "instance": "one"}
    ]
    assert await get("series", **{"match[]": "response_ms", "end": T - 1}) == []
    form = await client.post("/api/v1/series", data={"match[]": "response_ms", "limit": "1"})
    assert (len(form.json()["data"]), form.json()["warnings"]) == (1, ["results truncated due to limit"])


@pytest.mark.usefixtures("pushed")
async def test_the_first_and_the_last_time(get: Get) -> None:
    """Prometheus' clients write its two extreme times where they mean all time."""
    first, last = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
    assert await get("label/__name__/values", start=first, end=last) == ["response_ms"]
    assert await get("label/__name__/values", start=last) == []
    assert (await get("query", query="response_ms", time=last))["result"] == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a", "a"),
        ("a.b", "a.b"),
        ("U__a_2e_b", "a.b"),
        ("U__a__b", "a_b"),
        ("U__a_20AC_", "a€"),
        ("U__a_1F600_", "a😀"),
        ("U__a_FFFD_", "a\ufffd"),
        ("U__a_b", "U__a_b"),
        ("U__a_2e", "U__a_2e"),
        ("U__a_d800_", "U__a_d800_"),
        ("U__a_ffffff_", "U__a_ffffff_"),
        ("U__a_0000041_", "U__a_0000041_"),
        ("V__a_2e_b", "V__a_2e_b"),
    ],
)
def test_names_of_labels_in_paths(path: str, name: str) -> None:
    """Any name can be asked for; what is escaped wrongly is taken as it stands."""
    assert label_name(path) == name


async def test_values_of_any_label(client: httpx.AsyncClient, get: Get) -> None:
    """A label whose name has a dot is asked for as it is, and escaped."""
    pushed = await client.put("/metrics/job/j", content='{"a", "lab.el"="x"} 1\n')
    assert pushed.status_code == 200
    assert [await get(f"label/{name}/values") for name in ("lab.el", "U__lab_2e_el", "U__job")] == [["x"], ["x"], ["j"]]


@pytest.mark.usefixtures("pushed")
async def test_alerts_with_their_history(
    service: Service, client: httpx.AsyncClient, get: Get, clock: VirtualClock
) -> None:
    """ALERTS and ALERTS_FOR_STATE tell what is, and what was."""
    began = NOW + 2 * MINUTE
    await evaluate_all(service, clock, began)
    alert = {"alertname": "Slow", "instance": "two", "severity": "warning"}
    expr = 'ALERTS{severity="warning"}'
    (series,) = (await get("query", query=expr))["result"]
    assert series == {
        "metric": {"__name__": "ALERTS", "alertstate": "pending", **alert},
        "value": [began // SECOND, "1"],
    }
    clock.advance(MINUTE)
    await client.post("/v1/snapshots?label=instance%3Dtwo", json={"response_ms": 200})
    await evaluate_all(service, clock, began + MINUTE)
    assert [one["metric"]["alertstate"] for one in (await get("query", query=expr))["result"]] == ["firing"]
    since = await get("query", query='ALERTS_FOR_STATE{severity="warning"}')
    assert since["result"][0]["value"][1] == str(began // SECOND)
    await client.post("/v1/snapshots?label=instance%3Dtwo", json={"response_ms": 1})
    await evaluate_all(service, clock, began + 2 * MINUTE)
    assert (await get("query", query=expr))["result"] == []
    ranged = await get("query_range", query=expr, start=T, end=began // SECOND + 300, step=60)
    assert {
        one["metric"]["alertstate"]: [at - began // SECOND for at, _ in one["values"]] for one in ranged["result"]
    } == {"pending": [0], "firing": [60]}


async def test_who_may_ask(build: Any, connect: Any, token: Token) -> None:
    """What was pushed belongs to the organisation of the configuration."""
    service = build("auth: {required: true}\n")
    for path in ("query?query=1", "labels"):
        assert (await connect(service).get(f"/api/v1/{path}")).status_code == 401
        viewer = connect(service, token(service, Role.VIEWER, name=path))
        assert (await viewer.get(f"/api/v1/{path}")).status_code == 200
        other = connect(service, token(service, Role.ADMIN, "other", name=path))
        assert (await other.get(f"/api/v1/{path}")).json()["errorType"] == "forbidden"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-07"),
        (1 / 3, "0.3333333333333333"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers(value: float, printed: str) -> None:
    """Values are printed as Prometheus prints them."""
    assert number(value) == printed


EXPERIMENTAL = (
    ("mad_over_time(a[5m])", 'function "mad_over_time" is not enabled'),
    ("limitk(1, a)", "must be enabled with --enable-feature=promql-experimental-functions"),
    ("rate(a[5m] smoothed)", "smoothed modifier is experimental and not enabled"),
    ("a + fill (0) b", "binop fill modifiers are experimental and not enabled"),
)


@pytest.mark.parametrize(("query", "says"), EXPERIMENTAL)
async def test_what_is_behind_a_switch(client: httpx.AsyncClient, query: str, says: str) -> None:
    """Prometheus' experiments are refused in its words."""
    for path in ("query", "format_query", "parse_query"):
        answer = await client.post(f"/api/v1/{path}", data={"query": query})
        assert answer.status_code == 400
        assert says in answer.json()["error"]


async def test_the_switch(build: Any, connect: Any, token: Token) -> None:
    """By the names of Prometheus' flags."""
    flags = "promql-experimental-functions, promql-extended-range-selectors, promql-binop-fill-modifiers"
    service = build(f"enable_features: [{flags}]\n")
    viewer = connect(service, token(service, Role.VIEWER))
    for query, _ in EXPERIMENTAL:
        for path in ("query", "format_query", "parse_query"):
            assert (await viewer.post(f"/api/v1/{path}", data={"query": query})).status_code == 200
