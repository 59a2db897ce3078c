"""What is sent, listed and silenced is the same on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from alertd.clock import VirtualClock
from tests.api.alertmanager.conftest import built_on
from tests.api.alertmanager.requests import SILENCE


async def test_both_databases(
    tmp_path: Path, migrated_url: str, clock: VirtualClock, connect: Callable[..., httpx.AsyncClient]
) -> None:
    """Alerts with any text and any time are taken and found again, and a silence holds them back."""
    service = built_on(tmp_path, migrated_url, clock)
    client = connect(service)
    batch = [
        {"labels": {"alertname": "A", "Σ": '🙂 "quoted" \\ 100%_'}, "startsAt": "1901-01-01T00:00:00Z"},
        {"labels": {"alertname": "B"}, "endsAt": "9999-12-31T23:59:59Z", "annotations": {"s": "x" * 10_000}},
    ]
    assert (await client.post("/api/v2/alerts", json=batch)).status_code == 200
    filters = ["alertname=A", '"Σ"="🙂 \\"quoted\\" \\\\ 100%_"']
    (found,) = (await client.get("/api/v2/alerts", params={"filter": filters})).json()
    assert (found["labels"], found["startsAt"]) == (batch[0]["labels"], "1970-01-01T00:00:00.000Z")
    (found,) = (await client.get("/api/v2/alerts", params={"filter": "alertname=B"})).json()
    assert (found["endsAt"], found["annotations"]) == ("9999-12-31T23:59:59.000Z", batch[1]["annotations"])
    matchers = [{"name": "alertname", "value": "A", "isRegex": False}]
    made = (await client.post("/api/v2/silences", json={**SILENCE, "matchers": matchers})).json()["silenceID"]
    (held,) = (await client.get("/api/v2/alerts", params={"active": "false"})).json()
    assert held["status"]["silencedBy"] == [made]
    await service.runtime.close()
    service.database.close()
