"""Several services on one PostgreSQL: each message once, and the living do what the dead left."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from alertd.alerts.pushed import PushedAlert
from alertd.service import service as service_module
from alertd.service.build import build_service
from alertd.service.service import Service
from tests.peers.webhook import webhook_peer

CONFIG = """
route: {{receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 500ms}}
receivers: [{{name: hook, webhook_configs: [{{url: "{url}"}}]}}]
rule_files: [rules.yml]
"""
RULES = """
groups:
  - {name: one, interval: 200ms, rules: [{alert: One, expr: load > 1}]}
  - {name: two, interval: 200ms, rules: [{alert: Two, expr: load > 1}]}
"""


async def replica(folder: Path, database_url: str) -> Service:
    service = build_service(folder / "alertd.yml", database_url=database_url, env={})
    await service.start()
    return service


async def crash(service: Service) -> None:
    """End a service as kill -9 does, as far as its rows are concerned."""
    service._scheduler.shutdown(wait=False)
    tasks = (*service._tasks, *service._evaluations, *service.engine._in_flight)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await service.runtime.close()
    service.database.close()


async def test_two_replicas_send_each_message_once(tmp_path: Path, postgres_url: str) -> None:
    """Both take alerts and both deliver; every group is told once."""
    async with webhook_peer() as peer:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(url=peer.url))
        (tmp_path / "rules.yml").write_text(RULES)
        replicas = [await replica(tmp_path, postgres_url), await replica(tmp_path, postgres_url)]
        for number in range(40):
            alert = PushedAlert({"alertname": f"A{number}"}, ends_at=4_000_000_000_000)
            for sender in replicas:
                await sender.actions.push_alerts("default", [alert], producer="x", actor="x")
        await replicas[0].actions.push_snapshot("default", None, {"load": 5}, labels={}, at=None, actor="x")
        await peer.wait_for(42, timeout=60)
        await asyncio.sleep(1)
        for service in replicas:
            await service.stop()

    told = Counter(request.json["groupLabels"]["alertname"] for request in peer.requests)
    assert set(told.values()) == {1}
    assert len(told) == 42


async def test_the_living_take_over_from_the_dead(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a replica dies, the other evaluates its rule groups and delivers what it had claimed."""
    monkeypatch.setattr(service_module, "HEARTBEAT", 200)
    monkeypatch.setattr(service_module, "DEAD_AFTER", 1_000)
    async with webhook_peer() as peer:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(url=peer.url))
        (tmp_path / "rules.yml").write_text(RULES)
        first = await replica(tmp_path, postgres_url)
        await asyncio.sleep(0.6)
        second = await replica(tmp_path, postgres_url)
        await crash(first)
        await second.actions.push_snapshot("default", None, {"load": 5}, labels={}, at=None, actor="x")
        await peer.wait_for(2, timeout=60)
        await second.stop()

    assert {request.json["groupLabels"]["alertname"] for request in peer.requests} == {"One", "Two"}


async def test_rule_groups_are_shared(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that joins takes over its share of the groups, and every group goes on being evaluated."""
    monkeypatch.setattr(service_module, "HEARTBEAT", 100)
    groups = "\n".join(
        f"  - {{name: g{number}, interval: 200ms, rules: [{{alert: A{number}, expr: load > 1}}]}}"
        for number in range(12)
    )
    async with webhook_peer() as peer:
        (tmp_path / "alertd.yml").write_text(CONFIG.format(url=peer.url))
        (tmp_path / "rules.yml").write_text(f"groups:\n{groups}\n")
        first = await replica(tmp_path, postgres_url)
        await asyncio.sleep(0.5)
        second = await replica(tmp_path, postgres_url)
        async with asyncio.timeout(60):
            while not (0 < _evaluated(second) < 12 and _evaluated(first) == 12):
                await asyncio.sleep(0.05)
        await second.actions.push_snapshot("default", None, {"load": 5}, labels={}, at=None, actor="x")
        await peer.wait_for(12, timeout=60)
        for service in (first, second):
            await service.stop()

    assert {request.json["groupLabels"]["alertname"] for request in peer.requests} == {f"A{n}" for n in range(12)}


def _evaluated(service: Service) -> int:
    """How many groups the service has evaluated itself."""
    lines = service.metrics.exposition().decode().splitlines()
    return sum(line.startswith("alertd_rule_group_last_evaluation_timestamp_seconds{") for line in lines)
