"""The requests that Grafana's data source for Prometheus makes, one after another, as it makes them."""

from __future__ import annotations

from typing import Any

import httpx

from alertd.clock import SECOND, VirtualClock
from alertd.service.service import Service
from tests.api.conftest import NOW
from tests.api.prometheus.conftest import evaluate_all

T = NOW // SECOND


def data_of(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.json()["status"] == "success"
    return response.json()["data"]


async def test_saved_and_tested(client: httpx.AsyncClient) -> None:
    """ "Save & test" asks for a sum, which program this is, and whether it keeps rules itself, which it does not."""
    sent = {"query": "1+1", "time": str(T)}
    assert data_of(await client.post("/api/v1/query", data=sent))["result"] == [T, "2"]
    assert data_of(await client.get("/api/v1/status/buildinfo"))["version"].startswith("3.")
    ruler = await client.get("/api/v1/rules/test/test")
    assert ruler.status_code == 404
    assert "page not found" in ruler.text


async def test_rules_are_listed(service: Service, client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """The list of rules, whole, by group, and by page; the alerts of a rule with all that the list shows."""
    await client.post("/v1/snapshots?label=instance%3Done", json={"response_ms": 200})
    await evaluate_all(service, clock, NOW)
    groups = data_of(await client.get("/api/v1/rules"))["groups"]
    (group,) = data_of(await client.get("/api/v1/rules?file[]={}&rule_group[]=b".format(groups[-1]["file"])))["groups"]
    rule = next(rule for rule in group["rules"] if rule["type"] == "alerting")
    shown = {
        "name",
        "query",
        "state",
        "health",
        "alerts",
        "labels",
        "annotations",
        "duration",
        "lastEvaluation",
        "type",
    }
    assert shown <= rule.keys()
    assert {"labels", "annotations", "state", "activeAt", "value"} <= rule["alerts"][0].keys()
    page = data_of(await client.get("/api/v1/rules?type=alert&group_limit=1&exclude_alerts=true"))
    assert len(page["groups"]) == 1
    rest = data_of(await client.get(f"/api/v1/rules?group_limit=9&group_next_token={page['groupNextToken']}"))
    assert len(rest["groups"]) == len(groups) - 1


async def test_explored(client: httpx.AsyncClient) -> None:
    """The editor asks for names, labels and values in a range of time, then for the values themselves, in forms."""
    await client.post("/v1/snapshots?label=instance%3Done", json={"response_ms": 50})
    span = {"start": str(T - 3600), "end": str(T + 60)}
    assert data_of(await client.get("/api/v1/metadata", params={"limit": "5000"})) == {}
    assert "response_ms" in data_of(await client.get("/api/v1/label/__name__/values", params=span))
    chosen = {**span, "match[]": '{__name__="response_ms"}'}
    assert data_of(await client.post("/api/v1/labels", data=chosen)) == ["__name__", "instance"]
    assert data_of(await client.get("/api/v1/labels", params=chosen)) == ["__name__", "instance"]
    assert data_of(await client.get("/api/v1/label/instance/values", params=chosen)) == ["one"]
    assert data_of(await client.post("/api/v1/series", data=chosen)) == [{"__name__": "response_ms", "instance": "one"}]
    ranged = {"query": 'response_ms{instance="one"}', "start": str(T), "end": str(T + 60), "step": "15"}
    (series,) = data_of(await client.post("/api/v1/query_range", data=ranged))["result"]
    assert series["values"][0] == [T, "50"]
    assert data_of(await client.post("/api/v1/query_exemplars", data=ranged)) == []
    instant = {"query": "sum(response_ms)", "time": f"{T}.5"}
    assert data_of(await client.post("/api/v1/query", data=instant))["result"][0]["value"] == [T + 0.5, "50"]
    assert data_of(await client.get("/api/v1/format_query", params={"query": "sum(response_ms)"})) == "sum(response_ms)"


async def test_mistakes_are_shown(client: httpx.AsyncClient) -> None:
    """The editor shows the error of a query, which comes as JSON with its kind."""
    response = await client.post("/api/v1/query_range", data={"query": "up{", "start": "1", "end": "2", "step": "1"})
    assert response.status_code == 400
    assert response.json()["errorType"] == "bad_data"
    assert response.json()["error"].startswith('invalid parameter "query": 1:4: parse error: ')
