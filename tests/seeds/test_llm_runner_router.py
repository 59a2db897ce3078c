"""LLM Runner Router: default rules, rules added at run time, channels from the environment, history and status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.config.loading import load_config
from alertd.errors import InvalidInput
from alertd.service.health import HealthStatus
from alertd.store import history
from alertd.store.database import Database
from alertd.store.queries import history_page
from tests.peers import smtp
from tests.peers.pagerduty import PagerDutyPeer, pagerduty_peer
from tests.peers.serving import Answer
from tests.peers.slack import SlackPeer, slack_peer
from tests.peers.smtp import SmtpPeer, smtp_peer
from tests.peers.webhook import WebhookPeer, webhook_peer
from tests.seeds.heard import Timeline, hooked, mailed, paged, posted
from tests.service.world import HOUR, MINUTE, world

CONFIG = """
global:
  smtp_smarthost: ${SMTP_HOST}
  smtp_auth_username: ${SMTP_USER}
  smtp_auth_password: ${SMTP_PASS}
  smtp_from: alerts@company.com
  smtp_require_tls: false
  pagerduty_url: ${PAGERDUTY_URL}
  slack_api_url: ${SLACK_WEBHOOK_URL}
route:
  receiver: webhook
  group_by: [alertname]
  group_wait: 10s
  group_interval: 1m
receivers:
  - name: slack
    slack_configs: [{channel: "#alerts", username: LLM Router, send_resolved: true}]
  - name: email
    email_configs: [{to: ops@company.com, send_resolved: true}]
  - name: pagerduty
    pagerduty_configs: [{routing_key: "${PAGERDUTY_ROUTING_KEY}"}]
  - name: webhook
    webhook_configs: [{url: "${MONITORING_WEBHOOK_URL}"}]
rule_files: [rules.yml, registered/*.yml]
evaluation_interval: 15s
sources:
  router:
    type: snapshots
    map:
      - {path: errors.*.*, name: llm_router_errors_total, labels: {error_type: $1, component: $2}}
      - {path: inference.*.*, name: llm_router_model_inference_total, labels: {model_id: $1, status: $2}}
"""

RULES = """
groups:
  - name: default
    rules:
      - name: High Error Rate
        condition: sum(rate(llm_router_errors_total[5m])) / sum(rate(llm_router_http_requests_total[5m])) > 0.05
        severity: critical
        description: "{{ $value | humanizePercentage }} of all requests fail"
        channels: [slack, email, pagerduty, webhook]
      - name: High Memory Usage
        condition: health_memory > 85
        severity: warning
        description: "memory at {{ $value }} %"
        channels: [slack, webhook]
      - name: Model Inference Failures
        condition: |
          sum by (model_id) (rate(llm_router_model_inference_total{status="error"}[5m]))
          / sum by (model_id) (rate(llm_router_model_inference_total[5m])) > 0.10
        severity: critical
        description: "{{ $labels.model_id }} fails in {{ $value | humanizePercentage }}"
        channels: [slack, pagerduty, webhook]
      - name: System Health Degraded
        condition: health_status != 'healthy'
        severity: critical
        description: "the system is {{ $labels.state }}"
        channels: [slack, pagerduty, webhook]
      - name: Performance Degradation
        condition: |
          rate(llm_router_http_request_duration_seconds_sum[5m])
          / rate(llm_router_http_request_duration_seconds_count[5m]) > 5
        severity: warning
        description: "requests take {{ $value | humanizeDuration }}"
        channels: [slack, webhook]
"""


@dataclass(frozen=True)
class Channels:
    """The router's four channels."""

    slack: SlackPeer
    mail: SmtpPeer
    duty: PagerDutyPeer
    hook: WebhookPeer

    @property
    def environment(self) -> dict[str, str]:
        """Where they are and how to speak to them, as the router's own environment says it."""
        return {
            "SLACK_WEBHOOK_URL": self.slack.webhook_url,
            "PAGERDUTY_ROUTING_KEY": "r" * 32,
            "PAGERDUTY_URL": self.duty.v2_url,
            "SMTP_HOST": f"127.0.0.1:{self.mail.port}",
            "SMTP_USER": smtp.USERNAME,
            "SMTP_PASS": smtp.PASSWORD,
            "MONITORING_WEBHOOK_URL": self.hook.url,
        }

    def timeline(self) -> Timeline:
        return Timeline(
            lambda: [("slack", color, title) for color, title, _ in posted(self.slack)],
            lambda: [("mail", state, subject) for state, subject in mailed(self.mail)],
            lambda: [("page", action, summary) for action, summary in paged(self.duty)],
            lambda: [("hook", status, ",".join(alerts)) for status, _, alerts in hooked(self.hook)],
        )


@asynccontextmanager
async def channels() -> AsyncIterator[Channels]:
    async with (
        slack_peer() as slack,
        smtp_peer(auth=("PLAIN",)) as mail,
        pagerduty_peer() as duty,
        webhook_peer() as hook,
    ):
        yield Channels(slack, mail, duty, hook)


class Router:
    """The router's metrics."""

    def __init__(self) -> None:
        self.requests = self.duration = 0
        self.failed = {"http": 0, "model": 0}
        self.inferences = {"gpt-3.5-turbo": [0, 0], "llama": [0, 0]}

    def minute(self, *, trouble: bool = False) -> dict[str, Any]:
        """The next minute's snapshot. In `trouble` 12 % of requests fail and take 8 s, llama fails in every second
        inference, memory is at 91 % and the health check says degraded."""
        self.requests += 1000
        self.duration += 8000 if trouble else 1200
        self.failed["http"] += 100 if trouble else 2
        self.failed["model"] += 20 if trouble else 0
        for model, counts in self.inferences.items():
            broken = trouble and model == "llama"
            counts[0] += 50 if broken else 99
            counts[1] += 50 if broken else 1
        return {
            "llm_router_http_requests_total": self.requests,
            "llm_router_http_request_duration_seconds_sum": self.duration,
            "llm_router_http_request_duration_seconds_count": self.requests,
            "errors": {kind: {"router": count} for kind, count in self.failed.items()},
            "inference": {model: {"success": good, "error": bad} for model, (good, bad) in self.inferences.items()},
            "health": {"status": "degraded" if trouble else "healthy", "cpu": 40, "memory": 91 if trouble else 60},
        }


async def test_the_five_default_rules(tmp_path: Path, database: Database) -> None:
    """Each of the five is told through its channels when it begins and when it is over, and nothing is told twice."""
    async with channels() as here:
        timeline = here.timeline()
        async with world(tmp_path, database, CONFIG, RULES, env=here.environment) as router:
            metrics = Router()
            for phase, trouble in (("well", False), ("trouble", True), ("well again", False)):
                for _ in range(6):
                    await router.snapshot(metrics.minute(trouble=trouble))
                    await router.wait(MINUTE)
                await router.wait(MINUTE)
                timeline.look(phase)

        everybody = {
            "High Error Rate": ("critical", "slack mail page hook"),
            "High Memory Usage": ("warning", "slack hook"),
            "Model Inference Failures": ("llama critical", "slack page hook"),
            "System Health Degraded": ("critical degraded", "slack page hook"),
            "Performance Degradation": ("warning", "slack hook"),
        }

        def told(begins: bool) -> list[tuple[str, str, str]]:
            said = []
            for name, (labels, who) in everybody.items():
                title = f"[{'FIRING:1' if begins else 'RESOLVED'}] {name} ({labels})"
                forms = {
                    "slack": ("slack", "danger" if begins else "good", title),
                    "mail": ("mail", "firing" if begins else "resolved", title),
                    "page": ("page", "trigger" if begins else "resolve", title),
                    "hook": ("hook", *(("firing", f"{name}:firing") if begins else ("resolved", f"{name}:resolved"))),
                }
                said += [forms[channel] for channel in who.split()]
            return sorted(said)

        assert timeline.entries == [("trouble", told(True)), ("well again", told(False))]
        descriptions = {
            call.json["commonLabels"]["alertname"]: call.json["commonAnnotations"]["description"]
            for call in here.hook.requests
        }
        assert descriptions["Model Inference Failures"].startswith("llama fails in ")
        assert descriptions["High Memory Usage"] == "memory at 91 %"
        assert descriptions["System Health Degraded"] == "the system is degraded"

        shown = here.slack.messages[0].payload
        assert (shown["channel"], shown["username"]) == ("#alerts", "LLM Router")
        assert {event["routing_key"] for event in here.duty.events} == {"r" * 32}
        assert here.mail.logins == [("PLAIN", smtp.USERNAME)] * 2
        assert {taken.sender for taken in here.mail.mails} == {"alerts@company.com"}


@pytest.mark.parametrize(
    "missing", ["SLACK_WEBHOOK_URL", "PAGERDUTY_ROUTING_KEY", "SMTP_PASS", "MONITORING_WEBHOOK_URL"]
)
def test_a_channel_without_its_variable_is_named(tmp_path: Path, missing: str) -> None:
    """A variable that is not set is said by its name and place, before anything starts."""
    url = "https://example.org/hook"
    nobody = Channels(SlackPeer(webhook_url=url), SmtpPeer(), PagerDutyPeer(v2_url=url), WebhookPeer(url=url))
    environment = {name: value for name, value in nobody.environment.items() if name != missing}
    (tmp_path / "alertd.yml").write_text(CONFIG)
    with pytest.raises(InvalidInput) as refused:
        load_config(tmp_path / "alertd.yml", environment)
    [problem] = refused.value.problems
    assert problem.message.startswith(f"the environment has no variable {missing}; set it")
    assert missing in CONFIG.splitlines()[problem.line - 1]


async def test_a_storm_is_one_message(tmp_path: Path, database: Database) -> None:
    """Fifty models fail at once: each channel hears of it in one message, and of the next ten in one more."""
    async with channels() as here, world(tmp_path, database, CONFIG, RULES, env=here.environment) as router:
        for count in (50, 50, 60):
            failing = {f"model-{number}": {"error": count, "success": count} for number in range(count)}
            for minute in range(4):
                document = {
                    "inference": {
                        model: {kind: total + minute for kind, total in totals.items()}
                        for model, totals in failing.items()
                    }
                }
                await router.snapshot(document)
                await router.wait(MINUTE)

        assert [title for _, title, _ in posted(here.slack)] == [
            "[FIRING:50] Model Inference Failures (critical)",
            "[FIRING:60] Model Inference Failures (critical)",
        ]
        assert [len(alerts) for _, _, alerts in hooked(here.hook)] == [50, 60]
        assert [incident.log for incident in here.duty.incidents.values()] == [["trigger", "trigger"]]


REGISTERED = """
alerting:
  interval: 15s
  rules:
    - name: token_limit_exceeded
      description: Token usage has exceeded daily limit
      severity: critical
      condition: dailyTokens > tokenLimit
      channels: [slack, email]
    - name: custom-metric-high
      description: Custom metric exceeds threshold
      severity: warning
      condition: customValue > 1000
      channels: [slack]
"""


async def test_rules_are_registered_at_run_time(tmp_path: Path, database: Database) -> None:
    """A rule file that appears is in force with the next reload; what fired before goes on undisturbed."""
    async with channels() as here:
        timeline = here.timeline()
        async with world(tmp_path, database, CONFIG, RULES, env=here.environment) as router:
            numbers = {"dailyTokens": 120_000, "tokenLimit": 100_000, "customValue": 42, "health": {"memory": 90}}
            await router.snapshot(numbers)
            await router.wait(2 * MINUTE)
            timeline.look("before")
            (tmp_path / "registered").mkdir()
            (tmp_path / "registered" / "tokens.yml").write_text(REGISTERED)
            await router.simulation.reload()
            await router.wait(2 * MINUTE)
            timeline.look("registered")
            await router.snapshot({**numbers, "customValue": 1001})
            await router.wait(MINUTE)
            timeline.look("custom")

    assert timeline.entries == [
        (
            "before",
            [
                ("hook", "firing", "High Memory Usage:firing"),
                ("slack", "danger", "[FIRING:1] High Memory Usage (warning)"),
            ],
        ),
        (
            "registered",
            [
                ("mail", "firing", "[FIRING:1] token_limit_exceeded (critical)"),
                ("slack", "danger", "[FIRING:1] token_limit_exceeded (critical)"),
            ],
        ),
        ("custom", [("slack", "danger", "[FIRING:1] custom-metric-high (warning)")]),
    ]


async def test_an_alert_triggered_by_hand_and_its_history(tmp_path: Path, database: Database) -> None:
    """`triggerAlert('test_rule', …)`: it is told as any other, and everything about it can be read afterwards."""
    async with channels() as here, world(tmp_path, database, CONFIG, env=here.environment) as router:
        alert = await router.push(
            alertname="test_rule", severity="warning", annotations={"message": "Test alert"}, ends_in=HOUR
        )
        await router.wait(MINUTE)
        await router.simulation.actions.resolve("default", alert, "ann")
        await router.wait(2 * MINUTE)
        events = await database.run(history.read, "default", fingerprint=alert)
        by_ann = await database.run(history_page, "default", actor="ann")
        why = await router.simulation.actions.why("default", alert)

    assert hooked(here.hook) == [
        ("firing", "first notification", ["test_rule:firing"]),
        ("resolved", "all alerts resolved", ["test_rule:resolved"]),
    ]
    assert here.hook.requests[0].json["commonAnnotations"] == {"message": "Test alert"}
    assert [(event.event, event.actor) for event in reversed(events)] == [
        ("fired", "test"),
        ("episode_opened", "alertd"),
        ("notification_sent", "alertd"),
        ("resolved_by_hand", "ann"),
        ("episode_closed", "alertd"),
        ("resolved_by", "ann"),
        ("notification_sent", "alertd"),
    ]
    assert [event.event for event in by_ann] == ["resolved_by", "resolved_by_hand"]
    sent = [
        (item.reason, item.status, [attempt["status_code"] for attempt in tries]) for item, tries in why.notifications
    ]
    assert sent == [("all alerts resolved", "sent", [200]), ("first notification", "sent", [200])]


async def test_the_status_names_the_channel_that_is_broken(tmp_path: Path, database: Database) -> None:
    """Well at first; when Slack's webhook was revoked, the status is degraded and the other channels say so."""
    async with channels() as here, world(tmp_path, database, CONFIG, RULES, env=here.environment) as router:
        await router.snapshot({"health": {"memory": 60}})
        await router.wait(MINUTE)
        well = await router.health()
        assert well.status is HealthStatus.OK
        assert well.checks["rules"].message == "5 rules are evaluated in time"

        here.slack.script(Answer(404, "no_service"))
        await router.snapshot({"health": {"memory": 90}})
        await router.wait(MINUTE)
        broken = await router.health()
        assert broken.status is HealthStatus.DEGRADED
        assert broken.checks["channels"].message.startswith("nobody can be told through slack/slack/0 (")
        assert here.slack.webhook_url not in broken.checks["channels"].message
        assert [alerts for _, _, alerts in hooked(here.hook)] == [
            ["High Memory Usage:firing"],
            ["AlertdChannelBroken:firing"],
        ]

        await router.wait(10 * MINUTE)
        assert (await router.health()).checks["channels"].status is HealthStatus.OK
