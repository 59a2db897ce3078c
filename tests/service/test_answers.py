"""What people answer, and which receivers hear of it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from alertd.store.alerts import firing_alerts
from alertd.store.database import Database
from tests.peers.pagerduty import pagerduty_peer
from tests.peers.slack import TOKEN, slack_peer
from tests.service.world import HOUR, MINUTE, SECOND, world

CONFIG = """
route: {{receiver: oncall, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 30m}}
receivers:
  - name: oncall
    pagerduty_configs: [{{routing_key: {key}, url: "{pagerduty}"}}]
    slack_configs: [{{app_token: "{token}", app_url: "{slack}", channel: "#alerts", send_resolved: true}}]
"""


async def test_pagerduty_and_slack_hear_of_an_acknowledgement(tmp_path: Path, database: Database) -> None:
    """acknowledge reaches the incident at once, no repeat follows, its end pages again, and the resolve closes it."""
    async with pagerduty_peer() as duty, slack_peer() as slack:
        config = CONFIG.format(key="k" * 32, pagerduty=duty.v2_url, token=TOKEN, slack=slack.post_url)
        async with world(tmp_path, database, config) as here:
            alert = await here.fire(alertname="Down", severity="critical")
            await here.wait(20 * SECOND)
            await here.simulation.actions.acknowledge("default", alert, "ann", duration=2 * HOUR)
            await here.wait(1 * SECOND)
            (incident,) = duty.incidents.values()
            assert incident.state == "acknowledged"

            await here.wait(HOUR)
            assert [event["event_action"] for event in duty.events] == ["trigger", "acknowledge"]
            await here.simulation.actions.unacknowledge("default", alert, "ann")
            await here.wait(1 * SECOND)
            assert [event["event_action"] for event in duty.events] == ["trigger", "acknowledge", "trigger"]
            await here.resolve(alertname="Down", severity="critical")
            await here.wait(2 * MINUTE)

    assert incident.state == "resolved"
    assert duty.problems == []
    (shown,) = slack.channel
    assert "RESOLVED" in shown.title
    replies = [reply.payload["text"] for reply in slack.replies(shown.ts)]
    assert any("ann" in text for text in replies)


async def test_a_worse_severity_drops_the_acknowledgement(tmp_path: Path, database: Database) -> None:
    """What was acknowledged as a warning pages as soon as it is critical, and the history says why."""
    rules = """
groups:
  - name: app
    interval: 10s
    rules:
      - alert: Slow
        expr: latency
        levels: {warning: {above: 1000}, critical: {above: 5000}}
"""
    async with pagerduty_peer() as duty, slack_peer() as slack:
        config = CONFIG.format(key="k" * 32, pagerduty=duty.v2_url, token=TOKEN, slack=slack.post_url)
        async with world(tmp_path, database, config + "rule_files: [rules.yml]\n", rules) as here:
            await here.snapshot({"latency": 2000})
            await here.wait(30 * SECOND)
            (found,) = (await here.simulation.database.run(_firing)).values()
            await here.simulation.actions.acknowledge("default", found, "ann")
            await here.wait(30 * SECOND)
            await here.snapshot({"latency": 9000})
            await here.wait(11 * SECOND)
            why = await here.simulation.actions.why("default", found)

    assert [event["event_action"] for event in duty.events] == ["trigger", "acknowledge", "trigger"]
    assert [event["payload"]["severity"] for event in duty.events if "payload" in event] == ["warning", "critical"]
    ended = [event for event in why.history if event.event == "acknowledgement_ended"]
    assert [event.details["reason"] for event in ended] == ["severity_worsened"]


async def test_an_acknowledgement_survives_a_short_recovery(tmp_path: Path, database: Database) -> None:
    """Within half an hour the same alert comes back acknowledged; later it is a new page."""
    async with pagerduty_peer() as duty, slack_peer() as slack:
        config = CONFIG.format(key="k" * 32, pagerduty=duty.v2_url, token=TOKEN, slack=slack.post_url)
        async with world(tmp_path, database, config) as here:
            alert = await here.fire(alertname="Down")
            await here.wait(20 * SECOND)
            await here.simulation.actions.acknowledge("default", alert, "ann", duration=5 * HOUR)
            await here.wait(1 * SECOND)
            await here.resolve(alertname="Down")
            await here.wait(10 * MINUTE)
            await here.fire(alertname="Down")
            await here.wait(2 * MINUTE)
            assert [event["event_action"] for event in duty.events][-1] == "resolve"

            await here.resolve(alertname="Down")
            await here.wait(HOUR)
            await here.fire(alertname="Down")
            await here.wait(2 * MINUTE)

    assert [event["event_action"] for event in duty.events] == ["trigger", "acknowledge", "resolve", "trigger"]


def _firing(connection: Connection) -> dict[str, str]:
    return {alert.labels["alertname"]: alert.fingerprint for alert in firing_alerts(connection, "default")}
