"""A real Prometheus that has alertd for its Alertmanager."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest

from alertd.alerts.labels import fingerprint
from alertd.api.server import ApiServer
from alertd.clock import from_rfc3339
from alertd.service.build import build_service
from tests.peers.prometheus import prometheus_peer, target
from tests.peers.webhook import WebhookPeer, webhook_peer

_RULE = {
    "alert": "QueueHigh",
    "expr": "queue_depth > 100",
    "labels": {"severity": "warning"},
    "annotations": {"summary": "{{ $value }} wait"},
}


@pytest.mark.peer
async def test_an_alert_fires_and_ends(tmp_path: Path, migrated_file: Path) -> None:
    """What Prometheus finds reaches the webhook through alertd, and so does its end."""
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "queue", "rules": [_RULE]}]}))
    shutil.copyfile(migrated_file, tmp_path / "alertd.db")
    async with webhook_peer() as hook, target({"queue_depth": 500}) as queue:
        config = {
            "route": {"receiver": "hook", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": hook.url}]}],
        }
        (tmp_path / "alertd.yml").write_text(json.dumps(config))
        service = build_service(tmp_path / "alertd.yml", database_url=f"sqlite:///{tmp_path / 'alertd.db'}", env={})
        server = ApiServer(service, "127.0.0.1:0")
        running = asyncio.create_task(server.run())
        more = {
            "global": {"evaluation_interval": "500ms", "external_labels": {"cluster": "c1"}},
            "rule_files": ["rules.json"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [server.address]}]}]},
        }
        async with prometheus_peer(tmp_path, {"queue": queue.address}, more=more):
            fired = await _told(hook, 1)
            labels = {
                "alertname": "QueueHigh",
                "severity": "warning",
                "job": "queue",
                "instance": "queue",
                "cluster": "c1",
            }
            assert (fired["status"], fired["labels"]) == ("firing", labels)
            assert fired["annotations"] == {"summary": "500 wait"}
            assert fired["fingerprint"] == fingerprint(labels)
            async with httpx.AsyncClient(base_url=f"http://{server.address}/api/v2") as client:
                (listed,) = (await client.get("/alerts")).json()
                assert listed["labels"] == labels
                assert from_rfc3339(listed["startsAt"]) == from_rfc3339(str(fired["startsAt"]))
            queue.metrics["queue_depth"] = 1
            ended = await _told(hook, 2)
            assert (ended["status"], ended["fingerprint"]) == ("resolved", fired["fingerprint"])
            assert ended["startsAt"] == fired["startsAt"]
        server.stop()
        await running


async def _told(hook: WebhookPeer, count: int) -> dict[str, object]:
    """The one alert of the webhook's message number `count`."""
    requests = await hook.wait_for(count, timeout=60)
    (alert,) = requests[count - 1].json["alerts"]
    told: dict[str, object] = alert
    return told
