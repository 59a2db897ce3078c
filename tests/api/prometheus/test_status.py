"""What programs ask of a Prometheus before they ask anything else."""

from __future__ import annotations

import httpx
import pytest

from alertd import __version__
from tests.api.prometheus.conftest import Get


async def test_grafana_finds_a_prometheus(client: httpx.AsyncClient, get: Get) -> None:
    """Grafana's requests for its list of rules: a version, no ruler of its own, the rules."""
    build = await get("status/buildinfo")
    assert build["version"].startswith("3.")
    assert build["revision"] == f"alertd {__version__}"
    ruler = await client.get("/api/v1/rules/test/test")
    assert (ruler.status_code, ruler.text) == (404, "404 page not found\n")
    assert ruler.headers["content-type"].startswith("text/plain")
    assert len((await get("rules"))["groups"]) == 3


@pytest.mark.parametrize(("method", "path"), [("POST", "rules"), ("DELETE", "status/buildinfo"), ("PUT", "alerts")])
async def test_wrong_methods(client: httpx.AsyncClient, method: str, path: str) -> None:
    """A method that a path does not have is refused as such."""
    assert (await client.request(method, f"/api/v1/{path}")).status_code == 405


async def test_the_first_api_of_alertmanager_stays_gone(client: httpx.AsyncClient) -> None:
    """Alerts are still not taken at the path where they are listed now."""
    assert (await client.post("/api/v1/alerts", json=[])).status_code == 410
    assert (await client.get("/api/v1/receivers")).status_code == 410
    assert (await client.get("/api/v1/alerts")).json() == {"status": "success", "data": {"alerts": []}}


async def test_how_it_is_set_up(get: Get) -> None:
    """Flags, run time and Alertmanagers as far as alertd has them."""
    assert (await get("status/flags"))["web.listen-address"] == "127.0.0.1:9093"
    runtime = await get("status/runtimeinfo")
    assert runtime["startTime"] == "2026-01-31T12:00:00Z"
    assert (runtime["reloadConfigSuccess"], runtime["storageRetention"]) == (True, "1d")
    assert await get("alertmanagers") == {"activeAlertmanagers": [], "droppedAlertmanagers": []}


async def test_the_configuration_without_its_secrets(client: httpx.AsyncClient) -> None:
    """The configuration is shown as YAML."""
    shown = (await client.get("/api/v1/status/config")).json()["data"]["yaml"]
    assert "group_by:" in shown
    assert "127.0.0.1:9/hook" not in shown
