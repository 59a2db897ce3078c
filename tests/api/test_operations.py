"""Receivers, status, signs of life, metrics and reload."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from alertd.clock import HOUR, VirtualClock
from alertd.service.service import Service
from tests.api.conftest import CONFIG


async def test_receivers(client: httpx.AsyncClient) -> None:
    """A receiver is listed with its integrations; a test tells what each answered and stands in the history."""
    team, nobody = (await client.get("/v1/receivers")).json()["receivers"]
    assert (team["name"], nobody) == ("team", {"name": "nobody", "integrations": []})
    assert (team["integrations"][0]["integration"], team["integrations"][0]["kind"]) == ("team/webhook/0", "webhook")
    tested = (await client.post("/v1/receivers/team/test")).json()
    assert tested["results"][0]["delivered"] is False
    assert tested["results"][0]["answer"].startswith("connection: ")
    (event,) = (await client.get("/v1/history", params={"event": "receiver_tested"})).json()["events"]
    assert event["details"] == {"receiver": "team", "delivered": {"team/webhook/0": False}}
    for name in ("nobody", "x"):
        assert (await client.post(f"/v1/receivers/{name}/test")).status_code == 404


async def test_a_broken_channel_is_shown(service: Service, client: httpx.AsyncClient) -> None:
    """After a failed delivery the channel shows since when it fails, and with what."""
    await client.post("/v1/alerts", json={"labels": {"alertname": "A"}})
    await service.engine.step()
    await service.engine.landed()
    channel = (await client.get("/v1/receivers")).json()["receivers"][0]["integrations"][0]
    assert (channel["failures"], channel["failing_since"]) == (1, "2026-01-31T12:00:00.000Z")
    assert channel["last_error"]


async def test_status(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """The status tells the version, the uptime and the configuration without secrets."""
    clock.advance(HOUR)
    status = (await client.get("/v1/status")).json()
    assert (status["uptime"], status["organisation"], status["database"]) == ("1h", "default", "sqlite")
    assert "url: <secret>" in status["config"]


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
async def test_signs_of_life(client: httpx.AsyncClient, path: str) -> None:
    """GET and HEAD answer 200 in plain text."""
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, "OK")
    assert (await client.head(path)).status_code == 200


async def test_health(client: httpx.AsyncClient, clock: VirtualClock) -> None:
    """Each check has its name; when one failed the answer is 503, and the service is not ready."""
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert {"database", "configuration", "rules", "outbox", "channels"} <= health.json()["checks"].keys()
    clock.advance(HOUR)
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "failed")
    assert health.json()["checks"]["rules"]["status"] == "failed"
    assert (await client.get("/-/ready")).status_code == 503
    assert (await client.get("/-/healthy")).status_code == 200


async def test_metrics(client: httpx.AsyncClient) -> None:
    """The exposition has alerts by state as of now, in Prometheus' media type."""
    await client.post("/v1/alerts", json={"labels": {"alertname": "A"}})
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'alertd_alerts{state="firing"} 1.0' in answer.text


async def test_reload(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """A good file is taken with an empty answer; a bad one changes nothing and every mistake is told."""
    config = tmp_path / "alertd.yml"
    config.write_text(CONFIG.replace("- name: nobody", "- name: somebody"))
    answer = await client.post("/-/reload")
    assert (answer.status_code, answer.text) == (200, "")
    config.write_text("route: {receiver: nowhere, colour: red}\n")
    answer = await client.post("/-/reload")
    assert answer.status_code == 500
    assert "alertd.yml:1:" in answer.text
    assert "colour" in answer.text
    names = [receiver["name"] for receiver in (await client.get("/v1/receivers")).json()["receivers"]]
    assert names == ["team", "somebody"]
    assert "colour" in (await client.get("/v1/status")).json()["reload_error"]
    assert (await client.get("/health")).json()["checks"]["configuration"]["status"] == "degraded"
    history = (await client.get("/v1/history")).json()["events"]
    assert [event["event"] for event in history] == ["reload_refused", "reloaded"]
