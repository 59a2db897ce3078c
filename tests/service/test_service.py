"""The running service: reload, file watching, health, metrics, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alertd.errors import InvalidInput
from alertd.promql import parse
from alertd.service.build import build_service
from alertd.service.health import HealthStatus
from alertd.service.service import Service
from tests.peers.webhook import webhook_peer

CONFIG = """
route: {{receiver: hook, group_wait: 0s, group_interval: 1s}}
receivers: [{{name: hook, webhook_configs: [{{url: "{url}"}}]}}]
rule_files: [rules.yml]
"""
RULES = """
groups:
  - name: app
    interval: 200ms
    rules: [{alert: Slow, expr: latency > 1000}]
"""


@asynccontextmanager
async def running(folder: Path, url: str = "http://127.0.0.1:9/none", rules: str = RULES) -> AsyncIterator[Service]:
    (folder / "alertd.yml").write_text(CONFIG.format(url=url))
    (folder / "rules.yml").write_text(rules)
    service = build_service(folder / "alertd.yml", database_url=f"sqlite:///{folder}/alertd.db", env={})
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not ready():
            await asyncio.sleep(0.02)


async def test_a_reload_keeps_what_was_pushed_in_memory(tmp_path: Path) -> None:
    """A source that is configured as before goes on; one that is not reads its rows anew."""
    async with running(tmp_path) as service:
        await service.actions.push_snapshot("default", None, {"latency": 5}, labels={}, at=None, actor="x")
        before = service.runtime.sources["snapshots"]
        await service.reload()
        assert service.runtime.sources["snapshots"] is before
        config = (tmp_path / "alertd.yml").read_text()
        (tmp_path / "alertd.yml").write_text(f"{config}sources: {{snapshots: {{type: snapshots, stale_after: 1h}}}}\n")
        await service.reload()
        after = service.runtime.sources["snapshots"]
        assert after is not before
        answer = await after.query(parse("latency"), service.clock.now())
        assert [value for _, value in answer.samples] == [5.0]


async def test_a_bad_reload_changes_nothing_and_is_told(tmp_path: Path) -> None:
    """The configuration before stays in force; health, metric and error name the place."""
    async with running(tmp_path) as service:
        before = service.runtime
        (tmp_path / "alertd.yml").write_text("route: {receiver: nobody}\nrecievers: []\n")
        with pytest.raises(InvalidInput) as caught:
            await service.reload()

        assert service.runtime is before
        assert "alertd.yml:2" in str(caught.value)
        health = await service.health()
        assert health.checks["configuration"].status is HealthStatus.DEGRADED
        assert "alertd.yml:2" in health.checks["configuration"].message
        assert b"alertd_config_last_reload_successful 0.0" in service.metrics.exposition()


async def test_warnings_about_the_configuration_are_logged(tmp_path: Path) -> None:
    """What a file asks for in vain is said at the start and again at each reload."""
    with capture_logs() as logs:
        async with running(tmp_path) as service:
            (tmp_path / "alertd.yml").write_text(CONFIG.format(url="http://h") + "tracing: {endpoint: 'x:4317'}\n")
            await service.reload()
            await service.reload()
    places = [line["place"] for line in logs if line.get("action") == "configuration_warning"]
    assert len(places) >= 2
    assert all("alertd.yml:5:1: tracing: alertd sends no traces" in place for place in places)


async def test_a_changed_file_is_read_by_itself(tmp_path: Path) -> None:
    """Who saves a rule file needs no reload command; who saves a broken one keeps the rules that were."""
    async with running(tmp_path) as service:
        await asyncio.sleep(0.3)
        (tmp_path / "rules.yml").write_text(RULES.replace("Slow", "Slower"))
        await until(lambda: service.runtime.rule_files[0].rules[0].name == "Slower")
        (tmp_path / "rules.yml").write_text("groups: [{name: x, rules: [{alert: A, expr: 'up >'}]}]")
        await until(lambda: bool(service.reload_error))
        assert service.runtime.rule_files[0].rules[0].name == "Slower"


async def test_rules_are_evaluated_on_their_slots(tmp_path: Path) -> None:
    """A pushed snapshot makes a rule fire within its interval, and the receiver hears of it and of its end."""
    async with webhook_peer() as peer, running(tmp_path, peer.url) as service:
        push = service.actions.push_snapshot
        await push("default", None, {"latency": 2000}, labels={}, at=None, actor="test")
        await peer.wait_for(1)
        await push("default", None, {"latency": 1}, labels={}, at=None, actor="test")
        await peer.wait_for(2)
        health = await service.health()

    assert [request.json["status"] for request in peer.requests] == ["firing", "resolved"]
    assert health.status is HealthStatus.OK


async def test_a_failing_channel_and_a_failing_rule_degrade_health(tmp_path: Path) -> None:
    """Health names the channel that does not take messages and the rule that has no answer."""
    rules = RULES.replace("latency > 1000", "latency / on (a) group_left () latency")
    async with running(tmp_path, rules=rules) as service:
        for name in ("a", "b"):
            labels = {"instance": name}
            await service.actions.push_snapshot("default", None, {"latency": 1}, labels=labels, at=None, actor="test")
        await service.actions.test_receiver("hook")
        await until(lambda: any("err" in metric for metric in _failures(service)))
        health = await service.health()

    assert health.checks["rules"].status is HealthStatus.DEGRADED
    assert "Slow" in health.checks["rules"].message


async def test_the_end_waits_for_what_is_being_sent(tmp_path: Path) -> None:
    """stop() returns when the message in the air has landed, and its delivery is written down."""
    async with webhook_peer() as peer:
        async with running(tmp_path, peer.url) as service:
            await service.actions.push_snapshot("default", None, {"latency": 2000}, labels={}, at=None, actor="test")
            await peer.wait_for(1)
        async with running(tmp_path, peer.url) as again:
            await asyncio.sleep(0.5)
            assert len(peer.requests) == 1
            assert (await again.health()).checks["outbox"].message == "0 messages on their way"


def _failures(service: Service) -> list[str]:
    lines = service.metrics.exposition().decode().splitlines()
    failures = [line for line in lines if line.startswith("alertd_rule_evaluation_failures_total{")]
    return ["err" for line in failures if not line.endswith(" 0.0")]
