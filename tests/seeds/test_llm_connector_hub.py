"""LLM Connector Hub: its Prometheus rules and its alertmanager.yml as they are, and its application's thresholds."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from alertd.config.loading import load_config
from alertd.rules.loading import load_rules
from alertd.store.database import Database
from tests.peers import smtp
from tests.peers.pagerduty import PagerDutyPeer, pagerduty_peer
from tests.peers.slack import SlackPeer, slack_peer
from tests.peers.smtp import SmtpPeer, smtp_peer
from tests.peers.webhook import WebhookPeer, webhook_peer
from tests.seeds.heard import Timeline, hooked, mailed, paged, plain_text, posted
from tests.service.world import MINUTE, SECOND, world

FOLDER = Path(__file__).parent / "llm_connector_hub"
ALERTMANAGER = (FOLDER / "alertmanager.yml").read_text()
RULES = (FOLDER / "rules.yml").read_text()

METRICS = """
evaluation_interval: 15s
rule_files: [rules.yml]
sources:
  hub:
    type: snapshots
    labels: {job: llm-connector-hub, instance: "localhost:9090"}
    map:
      - path: request_duration_seconds.*
        name: llm_connector_hub_request_duration_seconds_bucket
        labels: {le: $1}
      - path: provider_latency.*.*
        name: llm_connector_hub_provider_latency_bucket
        labels: {provider: $1, le: $2}
"""


@dataclass(frozen=True)
class Peers:
    """Everybody whom the hub's configuration tells."""

    hook: WebhookPeer
    mail: SmtpPeer
    duty: PagerDutyPeer
    slack: SlackPeer

    def configured(self) -> str:
        """The alertmanager.yml with only the addresses changed."""
        text = ALERTMANAGER
        for old, new in {
            "smtp.gmail.com:587": f"127.0.0.1:{self.mail.port}",
            "http://localhost:5001/webhook": self.hook.url,
            "https://hooks.slack.com/services/YOUR/SLACK/WEBHOOK": self.slack.webhook_url,
            "- service_key:": f"- url: {self.duty.v1_url}\n        service_key:",
        }.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        return text


@pytest.fixture
def mail_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A mail server like the hub's: STARTTLS with a certificate that the system trusts, and the hub's login."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(smtp, "USERNAME", "alerts@example.com")
    monkeypatch.setattr(smtp, "PASSWORD", "password")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@asynccontextmanager
async def peers(tls: ssl.SSLContext) -> AsyncIterator[Peers]:
    async with (
        webhook_peer() as hook,
        smtp_peer(starttls=tls, auth=("LOGIN", "PLAIN")) as mail,
        pagerduty_peer() as duty,
        slack_peer() as slack,
    ):
        yield Peers(hook, mail, duty, slack)


class Hub:
    """The hub's metrics: counters that grow each minute, gauges that say how it is."""

    def __init__(self) -> None:
        self.requests = self.errors = 0
        self.provider_buckets = {"openai": [0, 0, 0], "anthropic": [0, 0, 0]}

    def minute(self, *, well: bool, up: int = 1) -> dict[str, Any]:
        """The next minute's snapshot. Not `well` is: 7 % errors, a P95 of 20 s, a cold cache, a full heap, and openai
        at 20 s."""
        self.requests += 1000
        self.errors += 5 if well else 70
        for provider, buckets in self.provider_buckets.items():
            slow = provider == "openai" and not well
            for index, count in enumerate((90, 100, 100) if slow else (100, 100, 100)):
                buckets[index] += count
        return {
            "up": up,
            "llm_connector_hub_requests_total": self.requests,
            "llm_connector_hub_errors_total": self.errors,
            "request_duration_seconds": {"10": 100 if well else 90, "30": 100, "+Inf": 100},
            "provider_latency": {
                provider: dict(zip(("10", "30", "+Inf"), buckets, strict=True))
                for provider, buckets in self.provider_buckets.items()
            },
            "llm_connector_hub_cache_hit_rate": 0.82 if well else 0.31,
            "process_heap_bytes": 40e6 if well else 95e6,
            "nodejs_heap_size_total_bytes": 100e6,
        }


def test_the_files_are_valid_as_they_are(tmp_path: Path) -> None:
    """Nothing in the alertmanager.yml or the rules needs a change, and nothing draws a warning."""
    config = load_config(FOLDER / "alertmanager.yml", {})
    assert list(config.receivers) == ["default", "email", "pagerduty", "slack"]
    assert config.warnings == ()

    rules = load_rules(RULES, "rules.yml").rules
    assert [(rule.name, rule.labels["severity"]) for rule in rules] == [
        ("HighErrorRate", "critical"),
        ("ServiceDown", "critical"),
        ("HighLatency", "critical"),
        ("ElevatedErrorRate", "warning"),
        ("LowCacheHitRate", "warning"),
        ("HighMemoryUsage", "warning"),
        ("ProviderDegradation", "warning"),
    ]


async def test_seven_rules_over_pushed_metrics(tmp_path: Path, database: Database, mail_tls: ssl.SSLContext) -> None:
    """Each rule fires after its own time; critical alerts go to PagerDuty and to the team, warnings to the team alone.

    The mail server, PagerDuty (Events v1) and the templates in the mail's header are those of the alertmanager.yml.
    """
    async with peers(mail_tls) as here:
        config = here.configured() + METRICS
        timeline = Timeline(lambda: paged(here.duty), lambda: mailed(here.mail))
        async with world(tmp_path, database, config, RULES) as hub:
            metrics = Hub()
            for minute in range(36):
                well = minute < 6 or minute >= 30
                await hub.snapshot(metrics.minute(well=well, up=0 if minute == 6 or minute == 7 else 1))
                await hub.wait(MINUTE)
                timeline.look(minute)
        assert timeline.entries == [
            (7, [("firing", "ServiceDown - critical"), ("trigger", "Service is down")]),
            (8, [("resolve", "Service is down")]),
            (
                11,
                [
                    ("firing", "HighLatency - critical"),
                    ("firing", "HighMemoryUsage - warning"),
                    ("trigger", "High P95 latency"),
                ],
            ),
            (13, [("firing", "HighErrorRate - critical"), ("trigger", "High error rate detected")]),
            (16, [("firing", "ElevatedErrorRate - warning")]),
            (18, [("firing", "ProviderDegradation - warning")]),
            (21, [("firing", "LowCacheHitRate - warning")]),
            (30, [("resolve", "High P95 latency")]),
            (31, [("resolve", "High error rate detected")]),
        ]
        texts = {str(taken.mail["Subject"]): plain_text(here.mail, i) for i, taken in enumerate(here.mail.mails)}
        degraded = texts.pop("ProviderDegradation - warning")
        assert _annotation(degraded, "summary") == "Provider openai degraded"
        # The provider's quantile is made of rates, which are no whole numbers.
        number = _annotation(degraded, "description").removeprefix("P95 latency for openai is ").removesuffix("s")
        assert float(number) == pytest.approx(20)
        assert {subject: _annotation(text, "description") for subject, text in texts.items()} == {
            "ServiceDown - critical": "LLM Connector Hub instance is unreachable",
            "HighLatency - critical": "P95 latency is 20s (threshold: 10s)",
            "HighMemoryUsage - warning": "Heap usage is 95% (threshold: 90%)",
            "HighErrorRate - critical": "Error rate is 7% (threshold: 5%)",
            "ElevatedErrorRate - warning": "Error rate is 7% (threshold: 1%)",
            "LowCacheHitRate - warning": "Cache hit rate is 31% (threshold: 50%)",
        }
        assert {taken.recipients for taken in here.mail.mails} == {("team@example.com",)}
        assert {taken.sender for taken in here.mail.mails} == {"alerts@example.com"}
        assert all(taken.over_tls for taken in here.mail.mails)
        assert {name for _, name in here.mail.logins} == {"alerts@example.com"}
        assert {event["service_key"] for event in here.duty.events} == {"YOUR_PAGERDUTY_KEY"}
        assert [incident.state for incident in here.duty.incidents.values()] == ["resolved"] * 3
        assert not hooked(here.hook)
        assert not posted(here.slack)


async def test_the_receivers_that_the_rules_do_not_reach(
    tmp_path: Path, database: Database, mail_tls: ssl.SSLContext
) -> None:
    """What is neither critical nor a warning goes to the default webhook; the Slack receiver, to which no route leads,
    is told when somebody tests it."""
    async with peers(mail_tls) as here, world(tmp_path, database, here.configured()) as hub:
        await hub.fire(alertname="Deployed", severity="info")
        await hub.fire(alertname="Odd", severity="criticality")
        await hub.wait(15 * SECOND)
        await hub.resolve(alertname="Deployed", severity="info")
        await hub.wait(15 * SECOND)
        tested = await hub.simulation.actions.test_receiver("slack")

        assert sorted(hooked(here.hook)) == [
            ("firing", "first notification", ["Deployed:firing"]),
            ("firing", "first notification", ["Odd:firing"]),
            ("resolved", "all alerts resolved", ["Deployed:resolved"]),
        ]
        assert [request.path for request in here.hook.requests] == ["/hook"] * 3
        assert [(item.integration, item.delivered) for item in tested] == [("slack/slack/0", True)]
        assert posted(here.slack) == [("danger", "AlertdTest", "")]
        assert here.slack.messages[0].payload["channel"] == "#alerts"
        assert not mailed(here.mail)
        assert not paged(here.duty)


THRESHOLDS = """
groups:
  - name: thresholds
    interval: 60s
    rules:
      - {name: errorRate, condition: errorRate > 0.05, severity: critical, channels: [everybody],
         description: "error rate {{ $value | humanizePercentage }}"}
      - {name: p95Latency, condition: p95Latency > 10000, severity: critical, channels: [everybody],
         description: "P95 {{ $value }} ms"}
      - {name: cacheHitRate, condition: cacheHitRate < 0.5, severity: warning, channels: [everybody],
         description: "cache hit rate {{ $value | humanizePercentage }}"}
      - {name: memoryUsage, condition: memoryUsage > 0.9, severity: warning, channels: [everybody],
         description: "memory {{ $value | humanizePercentage }}"}
"""
APPLICATION = """
global:
  smtp_smarthost: 127.0.0.1:{mail}
  smtp_from: alerts@example.com
  smtp_require_tls: false
  pagerduty_url: {duty}
route: {{receiver: everybody, group_by: [alertname], group_wait: 0s, group_interval: 10s}}
receivers:
  - name: everybody
    email_configs: [{{to: team@example.com, send_resolved: true}}]
    slack_configs:
      - {{api_url: "${{SLACK_WEBHOOK}}", send_resolved: true, text: "{{{{ .CommonAnnotations.description }}}}"}}
    pagerduty_configs: [{{routing_key: "${{PAGERDUTY_KEY}}", description: "{{{{ .CommonAnnotations.description }}}}"}}]
rule_files: [rules.yml]
"""


async def test_the_application_thresholds(tmp_path: Path, database: Database) -> None:
    """The application pushes its four numbers; they are checked each minute, and all three channels are told."""
    async with smtp_peer() as mail, slack_peer() as slack, pagerduty_peer() as duty:
        config = APPLICATION.format(mail=mail.port, duty=duty.v2_url)
        env = {"SLACK_WEBHOOK": slack.webhook_url, "PAGERDUTY_KEY": "k" * 32}
        well = {"errorRate": 0.01, "p95Latency": 900, "cacheHitRate": 0.8, "memoryUsage": 0.5}
        at_the_limit = {"errorRate": 0.05, "p95Latency": 10000, "cacheHitRate": 0.5, "memoryUsage": 0.9}
        pushes = [
            well,
            at_the_limit,
            {**well, "errorRate": 0.08, "memoryUsage": 0.93},
            {**well, "errorRate": 0.08, "p95Latency": 12500},
            {**well, "cacheHitRate": 0.25},
            well,
        ]
        timeline = Timeline(
            lambda: [("slack", color, text) for color, _, text in posted(slack)],
            lambda: [("page", *event) for event in paged(duty)],
            lambda: [("mail", state, subject) for state, subject in mailed(mail)],
        )
        async with world(tmp_path, database, config, THRESHOLDS, env=env) as here:
            assert [group.interval for group in here.simulation.runtime.groups] == [MINUTE]
            for number, numbers in enumerate(pushes):
                await here.snapshot(numbers)
                await here.wait(70 * SECOND)
                timeline.look(number)

    def opened(name: str, severity: str, text: str) -> list[tuple[str, str, str]]:
        subject = f"[FIRING:1] {name} ({severity})"
        return [("mail", "firing", subject), ("page", "trigger", text), ("slack", "danger", text)]

    def closed(name: str, severity: str, text: str) -> list[tuple[str, str, str]]:
        subject = f"[RESOLVED] {name} ({severity})"
        return [("mail", "resolved", subject), ("page", "resolve", text), ("slack", "good", text)]

    assert timeline.entries == [
        (2, sorted(opened("errorRate", "critical", "error rate 8%") + opened("memoryUsage", "warning", "memory 93%"))),
        (3, sorted(opened("p95Latency", "critical", "P95 12500 ms") + closed("memoryUsage", "warning", "memory 93%"))),
        (
            4,
            sorted(
                opened("cacheHitRate", "warning", "cache hit rate 25%")
                + closed("errorRate", "critical", "error rate 8%")
                + closed("p95Latency", "critical", "P95 12500 ms")
            ),
        ),
        (5, closed("cacheHitRate", "warning", "cache hit rate 25%")),
    ]


def _annotation(text: str, name: str) -> str:
    """One annotation of the alert that a mail is about."""
    [line] = [line for line in text.splitlines() if line.strip().startswith(f"{name}: ")]
    return line.partition(": ")[2]
