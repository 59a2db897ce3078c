"""alertd beside a real Prometheus: ten rules, a target that goes down and comes back, four kinds of receivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from alertd.alerts.labels import fingerprint
from alertd.routing.matchers import parse_matchers
from alertd.routing.silences import Silence
from alertd.service.actions import AlertNotFound
from alertd.service.build import build_service
from alertd.service.service import Service
from tests.peers.pagerduty import PagerDutyPeer, pagerduty_peer
from tests.peers.prometheus import Target, prometheus_peer, target
from tests.peers.slack import TOKEN, SlackPeer, slack_peer
from tests.peers.smtp import SmtpPeer, smtp_peer
from tests.peers.webhook import WebhookPeer, webhook_peer

RULES = """
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: TargetDown
        expr: up{job="shop"} == 0
        for: 2s
        labels: {severity: critical, service: shop}
        annotations: {summary: "{{ $labels.job }} is down"}
      - alert: QueueHigh
        expr: queue_depth
        levels:
          warning: {above: 100}
          critical: {above: 500, for: 1s, clear_below: 300}
        labels: {service: queue}
        annotations: {summary: "{{ $value | humanize }} wait"}
      - alert: Spike
        expr: spike > 0
        keep_firing_for: 3s
        labels: {severity: warning, service: spike}
      - alert: Slow
        expr: latency_seconds > 1
        labels: {severity: warning, service: shop}
      - alert: Quiet
        expr: quiet > 0
        labels: {severity: warning, service: quiet}
      - alert: Night
        expr: night > 0
        labels: {severity: info, service: night}
      - alert: CheckoutBroken
        expr: checkout_failed > 0
        labels: {severity: warning, service: shop, job: shop, instance: shop}
        depends_on: [TargetDown]
      - alert: NotYet
        expr: queue_depth >= 0
        for: 1h
      - alert: Never
        expr: absent(queue_depth)
      - alert: FewOrders
        expr: rate(orders_total[1m]) < 0
        labels: {severity: warning}
"""

CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 4h
  routes:
    - {{matchers: [severity="critical"], receiver: oncall, continue: true}}
    - {{matchers: [alertname="Night"], mute_time_intervals: [always]}}
    - {{matchers: [alertname=~".+"], receiver: hook}}
inhibit_rules:
  - {{source_matchers: [alertname="TargetDown"], target_matchers: [alertname="Slow"], equal: [service]}}
time_intervals:
  - name: always
    time_intervals: [{{times: [{{start_time: "00:00", end_time: "24:00"}}]}}]
receivers:
  - name: hook
    webhook_configs: [{{url: "{hook}"}}]
  - name: oncall
    slack_configs:
      - {{app_token: "{token}", app_url: "{slack}", channel: "#alerts", send_resolved: true}}
    email_configs:
      - to: ops@example.org
        from: alertd@example.org
        smarthost: "127.0.0.1:{smtp}"
        require_tls: false
        send_resolved: true
    pagerduty_configs:
      - {{routing_key: {key}, url: "{pagerduty}"}}
rule_files: [rules.yml]
sources:
  prometheus: {{type: prometheus, url: "{prometheus}"}}
"""


class Stage:
    """Everything that plays: alertd, the Prometheus' target and the receivers."""

    service: Service
    shop: Target
    metrics: Target
    hook: WebhookPeer
    slack: SlackPeer
    pagerduty: PagerDutyPeer
    smtp: SmtpPeer

    def hooked(self, alertname: str) -> list[str]:
        """What the webhook was told of an alert, as `severity:status` in order."""
        alerts = [alert for request in self.hook.requests for alert in request.json["alerts"]]
        named = [alert for alert in alerts if alert["labels"]["alertname"] == alertname]
        return [f"{alert['labels'].get('severity')}:{alert['status']}" for alert in named]

    async def until(self, ready: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(60):
                while not ready():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"never happened: {what}") from None

    async def until_gate(self, gate: str, labels: Mapping[str, str]) -> None:
        """Wait until `why` names the gate that holds the alert back."""
        gates: list[str] = []
        try:
            async with asyncio.timeout(60):
                while gates != [gate]:
                    await asyncio.sleep(0.05)
                    try:
                        why = await self.service.actions.why("default", fingerprint(labels))
                    except AlertNotFound:
                        continue
                    gates = [view.gate for view in why.gates]
        except TimeoutError:
            raise AssertionError(f"{labels['alertname']} is held by {gates}, not by {gate}") from None


@asynccontextmanager
async def stage(folder: Path, database_url: str) -> AsyncIterator[Stage]:
    played = Stage()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        played.shop = await enter(target({"shop_info": 1}))
        played.metrics = await enter(target(dict.fromkeys(("queue_depth", "spike", "latency_seconds"), 0.0)))
        played.metrics.metrics.update({"quiet": 0, "night": 0, "checkout_failed": 0, "orders_total": 1})
        played.hook = await enter(webhook_peer())
        played.slack = await enter(slack_peer())
        played.pagerduty = await enter(pagerduty_peer())
        played.smtp = await enter(smtp_peer())
        jobs = {"shop": played.shop.address, "metrics": played.metrics.address}
        url = await enter(prometheus_peer(folder, jobs))
        (folder / "rules.yml").write_text(RULES)
        config = CONFIG.format(
            hook=played.hook.url,
            slack=played.slack.post_url,
            token=TOKEN,
            smtp=played.smtp.port,
            pagerduty=played.pagerduty.v2_url,
            key="k" * 32,
            prometheus=url,
        )
        (folder / "alertd.yml").write_text(config)
        played.service = build_service(folder / "alertd.yml", database_url=database_url, env={})
        await played.service.start()
        try:
            yield played
        finally:
            await played.service.stop()


@pytest.mark.peer
async def test_a_target_goes_down_and_comes_back(tmp_path: Path, database_url: str) -> None:
    """Every receiver gets exactly the messages it should, grouped, in order, with their ends."""
    async with stage(tmp_path, database_url) as on:
        await _silence(on.service, 'alertname="Quiet"')

        on.metrics.metrics["queue_depth"] = 200
        await on.until(lambda: on.hooked("QueueHigh") == ["warning:firing"], "a warning about the queue")
        on.metrics.metrics["queue_depth"] = 600
        await on.until(lambda: on.hooked("QueueHigh")[-1] == "critical:firing", "the queue is critical")
        await on.until(lambda: len(on.pagerduty.incidents) == 1, "PagerDuty hears of the queue")

        on.shop.down = True
        await on.until(lambda: on.hooked("TargetDown") == ["critical:firing"], "the target is down")
        on.metrics.metrics.update({"latency_seconds": 5, "quiet": 1, "night": 1, "checkout_failed": 1, "spike": 1})
        await on.until(lambda: on.hooked("Spike") == ["warning:firing"], "a spike")
        held = {
            "inhibited": {"alertname": "Slow", "service": "shop", "severity": "warning", **_METRICS},
            "silenced": {"alertname": "Quiet", "service": "quiet", "severity": "warning", **_METRICS},
            "muted_by_time": {"alertname": "Night", "service": "night", "severity": "info", **_METRICS},
            "dependency": {"alertname": "CheckoutBroken", "service": "shop", "severity": "warning", **_SHOP},
        }
        for gate, labels in held.items():
            await on.until_gate(gate, labels)

        on.metrics.metrics.update({"latency_seconds": 0, "quiet": 0, "night": 0, "checkout_failed": 0, "spike": 0})
        await on.until(lambda: on.hooked("Spike") == ["warning:firing", "warning:resolved"], "the spike is over")
        on.shop.down = False
        await on.until(lambda: on.hooked("TargetDown") == ["critical:firing", "critical:resolved"], "it is back")
        on.metrics.metrics["queue_depth"] = 0
        await on.until(lambda: on.hooked("QueueHigh")[-1].endswith("resolved"), "the queue is empty")
        await on.until(lambda: len(on.smtp.mails) == 4, "four mails")
        await on.until(
            lambda: [incident.state for incident in on.pagerduty.incidents.values()] == ["resolved", "resolved"],
            "both incidents are resolved",
        )

    assert on.hooked("QueueHigh") == ["warning:firing", "critical:firing", "critical:resolved"]
    for never in ("Slow", "Quiet", "Night", "CheckoutBroken", "NotYet", "Never", "FewOrders"):
        assert on.hooked(never) == []
    assert on.pagerduty.problems == []
    assert [incident.log for incident in on.pagerduty.incidents.values()] == [["trigger", "resolve"]] * 2
    assert [taken.recipients for taken in on.smtp.mails] == [("ops@example.org",)] * 4
    assert len(on.slack.channel) == 2
    assert all("RESOLVED" in message.title for message in on.slack.channel)
    assert len({request.headers["webhook-id"] for request in on.hook.requests}) == len(on.hook.requests)


_METRICS = {"job": "metrics", "instance": "metrics"}
_SHOP = {"job": "shop", "instance": "shop"}


async def _silence(service: Service, matchers: str) -> None:
    now = service.clock.now()
    silence = Silence("", parse_matchers(matchers), now, now + 3_600_000, "ann", "known", now)
    await service.actions.put_silence("default", silence, "ann")
