"""A real Prometheus writes what it scrapes to alertd, and alertd's rules over those series fire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession

from alertd.promql import parse
from alertd.service.build import build_service
from alertd.service.service import Service
from alertd.store.database import Database
from alertd.store.migrate import upgrade
from tests.api.ingest.conftest import serving
from tests.peers.prometheus import Target, prometheus_peer, target
from tests.peers.webhook import WebhookPeer, webhook_peer

RULES = """
groups:
- name: shop
  interval: 1s
  rules:
  - {alert: TargetDown, expr: 'up{job="shop"} == 0'}
  - {alert: ManyErrors, expr: 'rate(errors_total[10s]) > 0.5'}
"""


MADE = """
groups:
- name: shop
  interval: 1s
  rules:
  - {record: 'shop:queue:double', expr: 'queue * 2', labels: {made: here}}
  - {alert: QueueHigh, expr: 'queue > 10', labels: {severity: page}}
"""


def configured(folder: Path, hook: str, rules: str, more: str = "") -> Service:
    """A service with these rules that tells the hook of everything at once."""
    (folder / "rules.yml").write_text(rules)
    config = folder / "alertd.yml"
    config.write_text(
        "route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s}\n"
        f'receivers: [{{name: team, webhook_configs: [{{url: "{hook}"}}]}}]\n'
        f"rule_files: [rules.yml]\n{more}"
    )
    url = f"sqlite:///{folder}/alertd.db"
    database = Database(url)
    upgrade(database)
    database.close()
    return build_service(config, database_url=url, env={})


@pytest.mark.peer
async def test_rules_over_written_series_fire(tmp_path: Path) -> None:
    """A counter that grows and a target that goes down are seen by `rate` and `up`, and nothing is refused."""
    async with webhook_peer() as hook, target({"errors_total": 0.0}) as shop:
        service = configured(tmp_path, hook.url, RULES)
        async with serving(service) as address:
            writes = {"url": f"http://{address}/api/v1/write", "queue_config": {"batch_send_deadline": "200ms"}}
            async with prometheus_peer(tmp_path, {"shop": shop.address}, more={"remote_write": [writes]}):
                await _until_told(hook, shop, "ManyErrors")
                shop.down = True
                await _until_told(hook, shop, "TargetDown")
            source = service.runtime.snapshots(None)
            assert source is not None
            answer = await source.query(parse('count({job="shop"})'), service.clock.now())
            assert answer.samples
            refused = {"source": source.name, "outcome": "refused"}
            assert service.metrics.registry.get_sample_value("alertd_samples_received_total", refused) == 0


@pytest.mark.peer
async def test_what_rules_make_is_written_back(tmp_path: Path) -> None:
    """Over a real Prometheus: recorded series and ALERTS are there, and end when they are no more."""
    flags = ("--web.enable-remote-write-receiver",)
    async with (
        webhook_peer() as hook,
        target({"queue": 50.0}) as shop,
        prometheus_peer(tmp_path, {"shop": shop.address}, flags=flags) as url,
    ):
        sources = f"sources: {{main: {{type: prometheus, url: '{url}', remote_write: {{}}}}}}\n"
        service = configured(tmp_path, hook.url, MADE, sources)
        async with serving(service), ClientSession() as session:
            await _until_found(session, url, 'shop:queue:double{made="here"}', "100")
            await _until_found(session, url, 'ALERTS{alertstate="firing", severity="page"}', "1")
            await _until_found(session, url, "time() - ALERTS_FOR_STATE < bool 60", "1")
            shop.metrics["queue"] = 5.0
            await _until_found(session, url, "shop:queue:double", "10")
            await _until_found(session, url, "ALERTS", None)
            shop.metrics.clear()
            await _until_found(session, url, "shop:queue:double", None)
        counted = service.metrics.registry.get_sample_value
        assert counted("alertd_remote_write_samples_total", {"source": "main", "outcome": "taken"})
        assert counted("alertd_remote_write_samples_total", {"source": "main", "outcome": "refused"}) is None


async def _until_found(session: ClientSession, url: str, query: str, value: str | None) -> None:
    """Ask a Prometheus until the value of its first series is this one; None for no series."""
    async with asyncio.timeout(60):
        while True:
            async with session.get(f"{url}/api/v1/query", params={"query": query}) as response:
                found = (await response.json())["data"]["result"]
            if (found[0]["value"][1] if found else None) == value:
                return
            await asyncio.sleep(0.1)


async def _until_told(hook: WebhookPeer, shop: Target, alertname: str) -> None:
    """Errors happen all the time, until a message tells of the alert."""
    async with asyncio.timeout(60):
        while not any(request.json["groupLabels"]["alertname"] == alertname for request in hook.requests):
            shop.metrics["errors_total"] += 1
            await asyncio.sleep(0.1)
