"""A real Prometheus writes what it scrapes to alertd, and alertd's rules over those series fire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from alertd.promql import parse
from alertd.service.build import build_service
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


@pytest.mark.peer
async def test_rules_over_written_series_fire(tmp_path: Path) -> None:
    """A counter that grows and a target that goes down are seen by `rate` and `up`, and nothing is refused."""
    async with webhook_peer() as hook, target({"errors_total": 0.0}) as shop:
        (tmp_path / "rules.yml").write_text(RULES)
        config = tmp_path / "alertd.yml"
        config.write_text(
            "route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s}\n"
            f'receivers: [{{name: team, webhook_configs: [{{url: "{hook.url}"}}]}}]\n'
            "rule_files: [rules.yml]\n"
        )
        url = f"sqlite:///{tmp_path}/alertd.db"
        database = Database(url)
        upgrade(database)
        database.close()
        service = build_service(config, database_url=url, env={})
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


async def _until_told(hook: WebhookPeer, shop: Target, alertname: str) -> None:
    """Errors happen all the time, until a message tells of the alert."""
    async with asyncio.timeout(60):
        while not any(request.json["groupLabels"]["alertname"] == alertname for request in hook.requests):
            shop.metrics["errors_total"] += 1
            await asyncio.sleep(0.1)
