"""`/v1/alerts`: listing, filters, paging, sending, counting and why."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from alertd.clock import DAY, MINUTE, VirtualClock
from alertd.service.service import Service


async def send(client: httpx.AsyncClient, *alerts: dict[str, Any]) -> list[str]:
    answer = await client.post("/v1/alerts", json=list(alerts))
    assert answer.status_code == 201, answer.text
    fingerprints: list[str] = answer.json()["fingerprints"]
    return fingerprints


def alert(name: str, severity: str = "warning", **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity, **labels}}


async def names(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/v1/alerts", params=query)
    assert answer.status_code == 200, answer.text
    return [found["labels"]["alertname"] for found in answer.json()["alerts"]]


async def test_a_sent_alert_is_shown(client: httpx.AsyncClient) -> None:
    """What was sent is what is read, with the identity that Prometheus would give it and times to the millisecond."""
    (fingerprint,) = await send(
        client,
        {
            "labels": {"alertname": "Slow", "severity": "page"},
            "annotations": {"summary": "so slow"},
            "starts_at": "2026-01-31T12:30:00.5+01:00",
            "generator_url": "http://prometheus/graph",
        },
    )
    shown = (await client.get(f"/v1/alerts/{fingerprint}")).json()
    assert shown == {
        "fingerprint": fingerprint,
        "state": "firing",
        "labels": {"alertname": "Slow", "severity": "page"},
        "annotations": {"summary": "so slow"},
        "severity": "page",
        "starts_at": "2026-01-31T11:30:00.500Z",
        "ends_at": None,
        "updated_at": "2026-01-31T12:00:00.000Z",
        "episode": shown["episode"],
        "value": None,
        "generator_url": "http://prometheus/graph",
        "receivers": ["team"],
        "acknowledgement": None,
        "snooze": None,
        "suppressed_by": [],
    }
    assert (await client.get("/v1/alerts")).json() == {"alerts": [shown], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["C", "B", "A"]),
        ({"matcher": 'team="b"'}, ["B"]),
        ({"matcher": 'team!="b"'}, ["C", "A"]),
        ({"matcher": 'team=""'}, ["C"]),
        ({"matcher": ['alertname=~"A|B"', "team=~.+", 'severity="warning"']}, ["A"]),
        ({"matcher": 'team="%"'}, []),
        ({"severity": ["critical", "info"]}, ["C", "B"]),
        ({"state": "firing"}, ["C", "B", "A"]),
        ({"state": ["resolved", "pending"]}, []),
        ({"state": "firing", "severity": "info", "limit": 1}, ["C"]),
    ],
)
async def test_filters(
    client: httpx.AsyncClient, clock: VirtualClock, query: dict[str, Any], expected: list[str]
) -> None:
    """Matchers all hold, states and severities are alternatives, and the newest start comes first."""
    for sent in (alert("A", team="a"), alert("B", "critical", team="b"), alert("C", "info")):
        await send(client, sent)
        clock.advance(1000)
    assert await names(client, **query) == expected


async def test_paging(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Following the cursor gives each alert once, also those that start at the same instant."""
    await send(client, *(alert(f"A{number}") for number in range(5)))
    clock.advance(1)
    await send(client, *(alert(f"B{number}", "info") for number in range(5)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for size in (3, 3, 3, 1):
        page = (await client.get("/v1/alerts", params={"limit": 3, **cursor})).json()
        assert len(page["alerts"]) == size
        seen += [found["labels"]["alertname"] for found in page["alerts"]]
        cursor = {"cursor": page["next_cursor"]}
    assert cursor == {"cursor": None}
    assert sorted(seen) == sorted(await names(client))
    assert len(set(seen)) == 10


@pytest.mark.parametrize("cursor", ["", "x", "!!", "W10", "WyJoaXN0b3J5Iiw1XQ", "WyJhbGVydHMiLC0xLCJhIl0", "ü"])
async def test_foreign_cursors(client: httpx.AsyncClient, cursor: str) -> None:
    """Anything but a cursor of this listing is refused in words."""
    answer = await client.get("/v1/alerts", params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "cursor", "message": answer.json()["detail"]}]
    assert "no cursor of this listing" in answer.json()["detail"]


async def test_states(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Every alert is in one state, the listing filters by it, and the counts say the same."""
    ids = dict(
        zip(
            "ABCDEF",
            await send(
                client,
                alert("A"),
                alert("B"),
                alert("C"),
                alert("D"),
                alert("E", service="db"),
                alert("F", "critical", alertname="ServiceDown", service="db"),
            ),
            strict=True,
        )
    )
    await client.post(f"/v1/alerts/{ids['A']}/acknowledge", json={"duration": "1h"})
    await client.post(f"/v1/alerts/{ids['B']}/snooze", json={"duration": "1h"})
    await client.post(f"/v1/alerts/{ids['C']}/resolve")
    silence = {"matchers": ['alertname="D"'], "duration": "1h", "comment": "moving"}
    silence_id = (await client.post("/v1/silences", json=silence)).json()["id"]

    states = {key: (await client.get(f"/v1/alerts/{id_}")).json()["state"] for key, id_ in ids.items()}
    assert states == {
        "A": "acknowledged",
        "B": "snoozed",
        "C": "resolved",
        "D": "suppressed",
        "E": "suppressed",
        "F": "firing",
    }
    reasons = {key: (await client.get(f"/v1/alerts/{ids[key]}")).json()["suppressed_by"] for key in "DEF"}
    assert reasons == {
        "D": [{"gate": "silenced", "detail": silence_id}],
        "E": [{"gate": "inhibited", "detail": ids["F"]}],
        "F": [],
    }
    for state in ("acknowledged", "snoozed", "resolved", "suppressed", "firing", "pending"):
        found = (await client.get("/v1/alerts", params={"state": state})).json()["alerts"]
        assert {found["fingerprint"] for found in found} == {ids[key] for key, is_ in states.items() if is_ == state}

    summary = (await client.get("/v1/alerts/summary")).json()
    assert summary["states"] == {
        "acknowledged": 1,
        "snoozed": 1,
        "resolved": 1,
        "suppressed": 2,
        "firing": 1,
        "pending": 0,
    }
    assert summary["severities"] == {"warning": 4, "critical": 1}
    assert summary["by_state"]["suppressed"] == {"warning": 2}
    assert summary["resolved_24h"] == 1
    clock.advance(DAY)
    assert (await client.get("/v1/alerts/summary")).json()["resolved_24h"] == 0


async def test_the_answer_to_head(client: httpx.AsyncClient) -> None:
    """HEAD carries the counts in headers and has no body."""
    ids = await send(client, alert("A"), alert("B", "critical"), {"labels": {"alertname": "C", "severity": "a b"}})
    await client.post(f"/v1/alerts/{ids[0]}/acknowledge")
    answer = await client.head("/v1/alerts/summary")
    assert answer.status_code == 200
    assert answer.content == b""
    counts = {name: value for name, value in answer.headers.items() if name.startswith("x-alerts-")}
    assert counts == {
        "x-alerts-firing": "2",
        "x-alerts-acknowledged": "1",
        "x-alerts-snoozed": "0",
        "x-alerts-suppressed": "0",
        "x-alerts-pending": "0",
        "x-alerts-resolved": "0",
        "x-alerts-resolved-24h": "0",
        "x-alerts-severity-warning": "1",
        "x-alerts-severity-critical": "1",
    }


async def test_pending(service: Service, client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """A label set that waits for its time is shown as pending and cannot be answered yet; then it fires."""
    await client.post("/v1/snapshots", json={"response_ms": 500})
    group = service.runtime.groups[0]
    await service.engine.evaluate(group, clock.now())
    (found,) = (await client.get("/v1/alerts")).json()["alerts"]
    assert (found["state"], found["episode"], found["value"]) == ("pending", "", 500.0)
    path = f"/v1/alerts/{found['fingerprint']}"
    assert (await client.get(path)).json() == found
    why = (await client.get(f"{path}/why")).json()
    assert why["alert"] is None
    assert [report["state"] for report in why["reports"]] == ["pending"]
    refused = await client.post(f"{path}/acknowledge")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "the alert is pending; this can be done when it fires"
    assert (await client.get("/v1/alerts/summary")).json()["by_state"]["pending"] == {"warning": 1}

    clock.advance(MINUTE)
    await service.engine.evaluate(group, clock.now())
    (found,) = (await client.get("/v1/alerts")).json()["alerts"]
    assert (found["state"], found["annotations"]) == ("firing", {"summary": "slow: 500"})


async def test_the_form_of_applications(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """An application's alert gets labels of its names, its measures stay out of them, and it fires until resolved."""
    sent = {
        "alertType": "high_error_rate",
        "severity": "warning",
        "message": "API error rate exceeded 5% threshold",
        "endpointId": "endpoint-123",
        "modelName": "qwen2.5:7b",
        "metadata": {"errorRate": 0.07, "timeWindow": "5m", "tags": ["a"]},
    }
    (fingerprint,) = (await client.post("/v1/alerts", json=sent)).json()["fingerprints"]
    shown = (await client.get(f"/v1/alerts/{fingerprint}")).json()
    assert shown["labels"] == {
        "alertname": "high_error_rate",
        "severity": "warning",
        "endpoint_id": "endpoint-123",
        "model_name": "qwen2.5:7b",
    }
    assert shown["annotations"] == {
        "summary": "API error rate exceeded 5% threshold",
        "errorRate": "0.07",
        "timeWindow": "5m",
        "tags": '["a"]',
    }
    again = {**sent, "metadata": {"errorRate": 0.09}}
    clock.advance(30 * DAY)
    assert (await client.post("/v1/alerts", json=again)).json()["fingerprints"] == [fingerprint]
    shown = (await client.get(f"/v1/alerts/{fingerprint}")).json()
    assert (shown["state"], shown["starts_at"]) == ("firing", "2026-01-31T12:00:00.000Z")
    for _ in range(2):
        resolved = await client.put(f"/v1/alerts/{fingerprint}/resolve")
        assert (resolved.status_code, resolved.json()["state"]) == (200, "resolved")


async def test_renewal_and_end(service: Service, client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Without an end an alert ends after resolve_timeout; with an end in the past it is resolved at once."""
    (fingerprint,) = await send(client, alert("A"))
    clock.advance(5 * MINUTE)
    await service.engine.expire()
    assert (await client.get(f"/v1/alerts/{fingerprint}")).json()["ends_at"] == "2026-01-31T12:05:00.000Z"
    await send(client, alert("A"))
    await send(client, {**alert("A"), "ends_at": "2026-01-31T12:05:00Z"})
    assert (await client.get(f"/v1/alerts/{fingerprint}")).json()["state"] == "resolved"


async def test_some_are_refused(client: httpx.AsyncClient) -> None:
    """Good alerts are taken although others of the request are bad; which and why is told."""
    bad = {"labels": {"alertname": ""}}
    answer = await client.post("/v1/alerts", json=[bad, alert("A")])
    assert answer.status_code == 207
    assert len(answer.json()["fingerprints"]) == 1
    assert answer.json()["refused"] == [{"index": 0, "message": "at least one label pair required"}]
    answer = await client.post("/v1/alerts", json=bad)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "0", "message": "at least one label pair required"}]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"labels": "this field is missing; add it"}),
        ([], {"": "expected at least 1 entries, found a list"}),
        (5, {"": "expected an object, found the number 5"}),
        ({"labels": {}}, {"labels": "expected at least 1 entries, found a mapping"}),
        ({"labels": {"a": 1}}, {"labels.a": "expected text, found the number 1"}),
        ({"labels": {"": "b"}}, {"labels.": "expected text that is not empty, found ''"}),
        (
            [{"labels": {"a": "b"}, "startsAt": "2026-01-31T12:00:00Z"}],
            {"0.startsAt": "unknown field; remove it"},
        ),
        (
            {"labels": {"a": "b"}, "starts_at": "yesterday", "ends_at": "2026-01-31T12:00:00"},
            {
                "starts_at": "expected a time from 1970 on with its zone, as in 2026-01-31T12:00:00Z",
                "ends_at": "expected a time from 1970 on with its zone, as in 2026-01-31T12:00:00Z",
            },
        ),
        ({"labels": {"a": "b\0"}}, {"labels.a": "text cannot contain the character U+0000; remove it"}),
        ({"alertType": "x", "metadata": {"a": {"b": "\ud800"}}}, {"metadata.a": None}),
        ({"labels": {"\ud800": "b"}}, {"labels.[key]": None}),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, body: Any, errors: dict[str, str | None]) -> None:
    """Each mistake of a body is told by its path and in words, and nothing is stored."""
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/alerts", content=json.dumps(body), headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert found.keys() == errors.keys()
    assert all(found[field] == message for field, message in errors.items() if message is not None)
    assert await names(client) == []


async def test_unknown_alerts(client: httpx.AsyncClient) -> None:
    """A fingerprint that nobody reported is not found, one that is none is refused."""
    for method, path in (("GET", ""), ("GET", "/why"), ("POST", "/resolve"), ("POST", "/acknowledge")):
        answer = await client.request(method, f"/v1/alerts/0000000000000000{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "there is no alert 0000000000000000"
    answer = await client.get("/v1/alerts/ABC")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "fingerprint"
    assert (await client.get("/v1/alerts", params={"matcher": "a=~("})).json()["errors"][0]["field"] == "matcher"


async def test_why(service: Service, client: httpx.AsyncClient) -> None:
    """Why shows the report, the gate of each group, the notification with its failed try, and the history."""
    (fingerprint,) = await send(client, alert("A"))
    await service.engine.step()
    await service.engine.landed()
    why = (await client.get(f"/v1/alerts/{fingerprint}/why")).json()
    assert why["alert"]["state"] == "firing"
    assert [(report["state"], report["severity"]) for report in why["reports"]] == [("firing", "warning")]
    assert [(gate["receiver"], gate["gate"]) for gate in why["gates"]] == [("team", "open")]
    (notification,) = why["notifications"]
    assert (notification["integration"], notification["firing"]) == ("team/webhook/0", 1)
    assert notification["alerts"][0]["fingerprint"] == fingerprint
    assert [attempt["outcome"] for attempt in notification["attempts"]] == ["temporary"]
    assert "episode_opened" in {event["event"] for event in why["history"]}
