"""`/v1/rules`: every rule with its last evaluation and what it reports."""

from __future__ import annotations

import httpx
import pytest

from alertd.clock import MINUTE, VirtualClock
from alertd.service.service import Service


async def test_rules(service: Service, client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """A rule is unknown and inactive, then pending, then firing; a recording rule has no state."""
    (group,) = (await client.get("/v1/rules")).json()["groups"]
    assert (group["name"], group["interval"], group["evaluated_at"]) == ("app", "30s", None)
    slow, recorded = group["rules"]
    assert (slow["type"], slow["state"], slow["health"], slow["source"]) == ("alerting", "inactive", "unknown", "app")
    assert (recorded["type"], recorded["name"], recorded["state"]) == ("recording", "response_s", None)

    await client.post("/v1/snapshots", json={"response_ms": 500})
    for state in ("pending", "firing"):
        await service.engine.evaluate(service.runtime.groups[0], clock.now())
        (group,) = (await client.get("/v1/rules")).json()["groups"]
        slow = group["rules"][0]
        assert (slow["state"], slow["active_alerts"], slow["health"], slow["samples"]) == (state, 1, "ok", 1)
        assert slow["evaluated_at"] == group["evaluated_at"]
        clock.advance(MINUTE)


@pytest.mark.parametrize("path", ["/v1/rules", "/v1/receivers", "/v1/status", "/v1/snapshots", "/v1/tokens"])
async def test_unknown_parameters(client: httpx.AsyncClient, path: str) -> None:
    """A parameter that an operation does not know is refused."""
    answer = await client.get(path, params={"limt": 1})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limt"
