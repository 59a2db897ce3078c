"""`/v1/notifications` and `/v1/history`: filters, paging, and what each entry tells."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from alertd.clock import MINUTE, VirtualClock
from alertd.service.service import Service


@pytest.fixture
async def told(service: Service, client: httpx.AsyncClient, clock: VirtualClock) -> list[str]:
    """Fingerprints of three alerts of which the receiver was told, a minute apart; nobody answers there."""
    fingerprints = []
    for name in "ABC":
        sent = {"labels": {"alertname": name, "severity": "page"}, "ends_at": "2026-02-01T00:00:00Z"}
        fingerprints += (await client.post("/v1/alerts", json=sent)).json()["fingerprints"]
        await service.engine.step()
        await service.engine.landed()
        clock.advance(MINUTE)
    return fingerprints


async def test_notifications(client: httpx.AsyncClient, told: list[str]) -> None:
    """The newest comes first, paging shows each once, and details have the alerts and every try."""
    listed: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(2):
        page = (await client.get("/v1/notifications", params={"limit": 2, **cursor})).json()
        listed += page["notifications"]
        cursor = {"cursor": page["next_cursor"]}
    assert cursor == {"cursor": None}
    assert [item["group_labels"]["alertname"] for item in listed] == ["C", "B", "A"]
    assert {(item["receiver"], item["integration"], item["firing"]) for item in listed} == {
        ("team", "team/webhook/0", 1)
    }
    details = (await client.get(f"/v1/notifications/{listed[2]['id']}")).json()
    assert [alert["fingerprint"] for alert in details["alerts"]] == told[:1]
    assert details["attempts"][0]["reason"] == "connection"
    assert details["attempts"][0]["started_at"] == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"status": "pending"}, 3),
        ({"status": ["sent", "failed"]}, 0),
        ({"receiver": "team"}, 3),
        ({"receiver": "nobody"}, 0),
        ({"integration": "team/webhook/0"}, 3),
        ({"fingerprint": "first"}, 1),
    ],
)
async def test_notification_filters(
    client: httpx.AsyncClient, told: list[str], query: dict[str, Any], number: int
) -> None:
    """Each filter narrows the list."""
    wanted = {key: told[0] if value == "first" else value for key, value in query.items()}
    assert len((await client.get("/v1/notifications", params=wanted)).json()["notifications"]) == number


async def test_unknown_notification(client: httpx.AsyncClient) -> None:
    """A notification that is not there is not found."""
    assert (await client.get("/v1/notifications/abc")).json()["detail"] == "there is no notification abc"
    assert (await client.get("/v1/notifications/ABC")).status_code == 422


async def test_history(client: httpx.AsyncClient, told: list[str]) -> None:
    """Events come newest first, paging shows each once, and filters by event, alert and time hold together."""
    every = (await client.get("/v1/history", params={"limit": 1000})).json()["events"]
    assert [event["id"] for event in every] == sorted((event["id"] for event in every), reverse=True)
    seen, cursor = [], {}
    while cursor != {"cursor": None}:
        page = (await client.get("/v1/history", params={"limit": 4, **cursor})).json()
        seen += page["events"]
        cursor = {"cursor": page["next_cursor"]}
    assert seen == every

    query = {"event": "episode_opened", "since": "2026-01-31T12:01:00Z", "until": "2026-01-31T12:02:00Z"}
    (opened,) = (await client.get("/v1/history", params=query)).json()["events"]
    assert (opened["fingerprint"], opened["at"]) == (told[1], "2026-01-31T12:01:00.000Z")
    assert (await client.get("/v1/history", params={**query, "fingerprint": told[0]})).json()["events"] == []
    assert (await client.get("/v1/history", params={"actor": "nobody"})).json()["events"] == []
    wrong = await client.get("/v1/history", params={"since": "now"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "since")
