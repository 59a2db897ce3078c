"""`/api/v1/rules` and `/api/v1/alerts`: every field, every parameter, every complaint."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertd.clock import MINUTE, SECOND, VirtualClock
from alertd.service.service import Service
from alertd.store.tokens import Role
from tests.api.conftest import NOW, Token
from tests.api.prometheus.conftest import Get, evaluate_all


async def push(client: httpx.AsyncClient, value: float, instance: str = "one") -> None:
    response = await client.post("/v1/snapshots", params={"label": f"instance={instance}"}, json={"response_ms": value})
    assert response.is_success, response.text


async def test_before_anything_happened(get: Get, tmp_path: Path) -> None:
    """Groups come by file and name, texts as they were written, expressions as Prometheus prints them."""
    groups = (await get("rules"))["groups"]
    assert [(group["file"], group["name"]) for group in groups] == [
        (str(tmp_path / "rules.yml"), "app"),
        (str(tmp_path / "shop.yml"), "a"),
        (str(tmp_path / "shop.yml"), "b"),
    ]
    assert groups[2] == {
        "name": "b",
        "file": str(tmp_path / "shop.yml"),
        "rules": [
            {
                "state": "unknown",
                "name": "Slow",
                "query": "response_ms > 100",
                "duration": 60,
                "keepFiringFor": 90,
                "labels": {"severity": "{{ $labels.instance }}", "team": "shop"},
                "annotations": {"summary": "slow: {{ $value }}"},
                "alerts": [],
                "health": "unknown",
                "evaluationTime": 0,
                "lastEvaluation": "0001-01-01T00:00:00Z",
                "type": "alerting",
            },
            {
                "name": "response_s",
                "query": "response_ms / 1000",
                "labels": {"team": "shop", "unit": "s"},
                "health": "unknown",
                "evaluationTime": 0,
                "lastEvaluation": "0001-01-01T00:00:00Z",
                "type": "recording",
            },
        ],
        "interval": 1.5,
        "limit": 3,
        "evaluationTime": 0,
        "lastEvaluation": "0001-01-01T00:00:00Z",
    }


async def test_an_alert_from_pending_to_its_end(
    service: Service, client: httpx.AsyncClient, get: Get, clock: VirtualClock
) -> None:
    """State, activeAt, keepFiringSince and the value of the last evaluation, in both listings."""
    await push(client, 500)
    await evaluate_all(service, clock, NOW)
    first = await alert_of(get)
    assert first == {
        "labels": {"alertname": "Slow", "instance": "one", "severity": "one", "team": "shop"},
        "annotations": {"summary": "slow: 500"},
        "state": "pending",
        "activeAt": "2026-01-31T12:00:00Z",
        "value": "5e+02",
    }
    assert (await rule_of(get))["state"] == "pending"

    clock.advance_to(NOW + MINUTE)
    await push(client, 1234.5)
    await evaluate_all(service, clock, NOW + MINUTE)
    fired = await alert_of(get)
    assert fired == first | {"state": "firing", "value": "1.2345e+03", "annotations": {"summary": "slow: 1234.5"}}

    over = NOW + MINUTE + 1500
    clock.advance_to(over)
    await push(client, 5)
    await evaluate_all(service, clock, over)
    kept = await alert_of(get)
    assert kept == fired | {"keepFiringSince": "2026-01-31T12:01:01.5Z"}
    rule = await rule_of(get)
    assert (rule["state"], rule["health"], rule["lastEvaluation"]) == ("firing", "ok", "2026-01-31T12:01:01.5Z")
    assert "lastError" not in rule

    await push(client, 5)
    await evaluate_all(service, clock, over + 90 * SECOND)
    assert (await rule_of(get))["state"] == "inactive"
    assert (await rule_of(get))["alerts"] == []


@pytest.mark.parametrize(
    ("value", "shown"), [(1e9 + 1, "1.000000001e+09"), (1e10, "1e+10"), (math.inf, "+Inf"), (math.nan, None)]
)
async def test_a_value_that_costs_no_write(
    service: Service, get: Get, clock: VirtualClock, value: float, shown: str | None
) -> None:
    """The value is that of the last evaluation, although an alert that goes on as it was is not written again."""
    source = service.runtime.snapshots("app")
    assert source is not None
    for at, number in ((NOW, 2e9), (NOW + SECOND, value)):
        source.record([({"__name__": "response_ms", "instance": "two"}, number)], at)
        await evaluate_all(service, clock, at)
    group = (await get("rules", **{"rule_group[]": "a"}))["groups"][0]
    values = [alert["value"] for alert in group["rules"][1]["alerts"]]
    assert values == ([shown] if shown is not None else [])


async def test_no_value_at_all(service: Service, get: Get, clock: VirtualClock) -> None:
    """NaN is a value like any other."""
    source = service.runtime.snapshots("app")
    assert source is not None
    source.record([({"__name__": "errors"}, math.nan)], NOW)
    await evaluate_all(service, clock, NOW)
    assert [alert["value"] for alert in (await get("alerts"))["alerts"]] == ["NaN"]


async def test_a_rule_that_fails(service: Service, client: httpx.AsyncClient, get: Get, clock: VirtualClock) -> None:
    """The error stands at the rule, which keeps its alerts."""
    for instance in ("1", "2", "3", "4"):
        await push(client, 500, instance)
    await evaluate_all(service, clock, NOW)
    rule = await rule_of(get)
    assert (rule["health"], rule["lastError"]) == ("err", "exceeded limit of 3 with 4 alerts")


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"type": "alert"}, [["Slow"], ["Broken", "Slow"], ["Slow"]]),
        ({"type": "RECORD"}, [["response_s"], ["response_s"]]),
        ({"rule_name[]": "Broken"}, [["Broken"]]),
        ({"rule_name[]": ["Broken", "response_s"]}, [["response_s"], ["Broken"], ["response_s"]]),
        ({"rule_group[]": ["a", "app"]}, [["Slow", "response_s"], ["Broken", "Slow"]]),
        ({"rule_group[]": "a", "rule_name[]": "response_s"}, []),
        ({"file[]": "nothing.yml"}, []),
        ({"match[]": '{severity="page"}'}, [["Slow"]]),
        ({"match[]": ['{severity="page"}', '{unit=~"s|ms"}']}, [["Slow"], ["response_s"]]),
        ({"match[]": '{team="shop",unit=""}'}, [["Slow"]]),
        ({"nonsense": "1"}, [["Slow", "response_s"], ["Broken", "Slow"], ["Slow", "response_s"]]),
    ],
)
async def test_filters(get: Get, parameters: dict[str, Any], names: list[list[str]]) -> None:
    """Values of one parameter are alternatives, parameters go together, and groups without a rule are left out."""
    groups = (await get("rules", **parameters))["groups"]
    assert [[rule["name"] for rule in group["rules"]] for group in groups] == names


async def test_files(get: Get, tmp_path: Path) -> None:
    """A file is named by its whole path."""
    groups = (await get("rules", **{"file[]": str(tmp_path / "shop.yml")}))["groups"]
    assert [group["name"] for group in groups] == ["a", "b"]


async def test_pages(get: Get) -> None:
    """The token leads to the next group that has wanted rules, and the last page has none."""
    first = await get("rules", group_limit=2)
    assert [group["name"] for group in first["groups"]] == ["app", "a"]
    second = await get("rules", group_limit=2, group_next_token=first["groupNextToken"])
    assert [group["name"] for group in second["groups"]] == ["b"]
    assert "groupNextToken" not in second
    records = await get("rules", group_limit=1, type="record")
    (last,) = (await get("rules", group_limit=1, type="record", group_next_token=records["groupNextToken"]))["groups"]
    assert last["name"] == "b"


async def test_without_alerts(service: Service, client: httpx.AsyncClient, get: Get, clock: VirtualClock) -> None:
    """`exclude_alerts` leaves out the alerts and nothing else."""
    await push(client, 500)
    await evaluate_all(service, clock, NOW)
    rule = await rule_of(get, exclude_alerts="true")
    assert (rule["state"], rule["alerts"]) == ("pending", None)
    assert rule | {"alerts": []} == await rule_of(get) | {"alerts": []}


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"type": "x"}, 'invalid parameter "type": not supported value "x"'),
        (
            {"exclude_alerts": "maybe"},
            (
                'invalid parameter "exclude_alerts": error converting exclude_alerts:'
                ' strconv.ParseBool: parsing "maybe": invalid syntax'
            ),
        ),
        ({"group_limit": "0"}, 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        (
            {"group_limit": "x"},
            (
                'invalid parameter "group_limit": group_limit needs to be a valid number:'
                ' strconv.ParseInt: parsing "x": invalid syntax'
            ),
        ),
        (
            {"group_next_token": "abc"},
            (
                'invalid parameter "group_next_token":'
                " group_limit needs to be present in order to paginate over the groups"
            ),
        ),
        (
            {"group_next_token": "abc", "group_limit": "1"},
            "invalid parameter \"group_next_token\": invalid group_next_token 'abc'. were rule groups changed?",
        ),
        ({"match[]": "{}"}, 'invalid parameter "match[]": match[] must contain at least one non-empty matcher'),
        ({"match[]": '{a="b"'}, 'invalid parameter "match[]": 1:7: parse error: '),
    ],
)
async def test_complaints(client: httpx.AsyncClient, parameters: dict[str, str], error: str) -> None:
    """A parameter that cannot be read is answered in Prometheus' words."""
    response = await client.get("/api/v1/rules", params=parameters)
    envelope = response.json()
    assert (response.status_code, envelope["status"], envelope["errorType"]) == (400, "error", "bad_data")
    assert envelope["error"].startswith(error)


async def test_who_may_ask(build: Any, connect: Any, token: Token) -> None:
    """A token is needed where one is required, and shows its own organisation's rules."""
    service = build("auth: {required: true}\n")
    for path in ("rules", "alerts", "status/buildinfo", "status/config", "alertmanagers"):
        response = await connect(service).get(f"/api/v1/{path}")
        assert (response.status_code, response.json()["errorType"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    sender = await connect(service, token(service, Role.SENDER)).get("/api/v1/rules")
    assert (sender.status_code, sender.json()["errorType"]) == (403, "forbidden")
    viewer = connect(service, token(service, Role.VIEWER))
    assert len((await viewer.get("/api/v1/rules")).json()["data"]["groups"]) == 1
    other = connect(service, token(service, Role.ADMIN, "other"))
    assert (await other.get("/api/v1/rules")).json()["data"] == {"groups": []}
    assert (await other.get("/api/v1/alerts")).json()["data"] == {"alerts": []}
    assert (await other.get("/api/v1/status/config")).status_code == 403


async def rule_of(get: Get, **parameters: Any) -> Any:
    groups = (await get("rules", **{"rule_group[]": "b", **parameters}))["groups"]
    return groups[0]["rules"][0]


async def alert_of(get: Get) -> Any:
    """The one alert of the group `b`, the same in both listings."""
    (alert,) = (await rule_of(get))["alerts"]
    alerts = (await get("alerts"))["alerts"]
    assert alert in alerts
    return alert
