"""The dry run: what would fire, whom it would tell what, and that nothing is written or sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.alerts.machine import State
from alertd.errors import InvalidInput
from alertd.routing.matchers import parse_matchers
from alertd.routing.silences import Silence
from alertd.simulate.dryrun import DryRun, dry_run
from alertd.store import silences, snapshots
from alertd.store.database import Database
from tests.peers.webhook import WebhookPeer, webhook_peer

CONFIG = """
route:
  receiver: hook
  group_wait: 30s
  routes: [{{matchers: [severity="critical"], receiver: oncall, continue: true}}, {{receiver: hook}}]
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
  - name: oncall
    slack_configs: [{{app_token: xoxb-1, channel: "#ops", title: "{{{{ .CommonLabels.alertname }}}} burns"}}]
    email_configs: [{{to: a@example.org, from: b@example.org, smarthost: "127.0.0.1:9"}}]
    pagerduty_configs: [{{routing_key: abc}}]
rule_files: [rules.yml]
"""
RULES = """
groups:
  - name: app
    rules:
      - {alert: Slow, expr: latency > 1000, for: 5m, annotations: {summary: "{{ $value }} ms"}}
      - {alert: Down, expr: healthy == 0, labels: {severity: critical}}
      - {alert: Fine, expr: latency > 100000}
      - {alert: Broken, expr: 'latency / on (nothing) group_left () {__name__=~"latency|healthy"}'}
"""


async def rehearse(folder: Path, peer: WebhookPeer, *, url: str | None = None, **options: object) -> DryRun:
    (folder / "alertd.yml").write_text(CONFIG.format(url=peer.url))
    (folder / "rules.yml").write_text(RULES)
    return await dry_run(folder / "alertd.yml", database_url=url or f"sqlite:///{folder}/none.db", env={}, **options)  # type: ignore[arg-type]  # keyword options are passed on


async def test_alerts_routes_and_messages(tmp_path: Path) -> None:
    """Pending alerts are followed until they fire; every receiver's own message is shown, and no peer hears of it."""
    async with webhook_peer() as peer:
        outcome = await rehearse(tmp_path, peer, snapshot={"latency": 2000, "healthy": False})

    found = {alert.report.labels["alertname"]: (alert.state, alert.fires_in) for alert in outcome.alerts}
    assert found == {"Slow": (State.PENDING, 300_000), "Down": (State.FIRING, 0)}
    assert {(message.at, message.integration) for message in outcome.messages} == {
        (30_000, "oncall/slack/0"),
        (30_000, "oncall/email/0"),
        (30_000, "oncall/pagerduty/0"),
        (30_000, "hook/webhook/0"),
        (330_000, "hook/webhook/0"),
    }
    texts = {message.integration: message.text for message in outcome.messages}
    assert "Down burns" in texts["oncall/slack/0"]
    assert "2000 ms" in texts["hook/webhook/0"]
    assert "To: a@example.org" in texts["oncall/email/0"]
    assert peer.requests == []
    assert not (tmp_path / "none.db").exists()


async def test_the_health_of_each_rule(tmp_path: Path) -> None:
    """A rule without an answer is named with its error; the others go on."""
    async with webhook_peer() as peer:
        outcome = await rehearse(tmp_path, peer, snapshot={"latency": 1, "healthy": 1})

    by_name = {outcome.names[rule]: health for rule, health in outcome.rules.items()}
    assert by_name["Fine"].health == "ok"
    assert "many-to-many" in by_name["Broken"].error


async def test_what_is_in_the_database_counts_and_stays(tmp_path: Path, database: Database, migrated_url: str) -> None:
    """Snapshots that were pushed are evaluated, silences hold; neither is touched, and no alert is written."""
    at = 1_800_000_000_000

    class Noon:
        def now(self) -> int:
            return at

    database.transaction(
        snapshots.add,
        "default",
        "snapshots",
        at=at,
        received_at=at,
        labels={},
        samples=[({"__name__": "healthy"}, 0.0), ({"__name__": "latency"}, 1.0)],
    )
    silence = Silence("", parse_matchers('alertname="Down"'), at, at + 3_600_000, "ann", "known", at)
    database.transaction(silences.put, "default", silence, at, "ann")
    async with webhook_peer() as peer:
        outcome = await rehearse(tmp_path, peer, url=migrated_url, clock=Noon())

    (down,) = outcome.alerts
    assert [view.gate for view in down.why.gates] == ["silenced", "silenced"]
    assert outcome.messages == []


async def test_a_broken_configuration_is_refused(tmp_path: Path) -> None:
    """Every mistake is told, as `check` tells it."""
    (tmp_path / "alertd.yml").write_text("route: {}\n")
    with pytest.raises(InvalidInput):
        await dry_run(tmp_path / "alertd.yml", env={})
