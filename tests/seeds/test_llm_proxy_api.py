"""LLM Proxy API: its `alerting:` rules as written, over the JSON of its /metrics and /health as they answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.errors import InvalidInput
from alertd.promql import parse
from alertd.rules.loading import load_rules
from alertd.rules.models import AlertRule
from alertd.service.health import HealthStatus
from alertd.store import history
from alertd.store.database import Database
from tests.peers.pagerduty import PagerDutyPeer, pagerduty_peer
from tests.peers.slack import SlackPeer, slack_peer
from tests.peers.smtp import SmtpPeer, smtp_peer
from tests.seeds.heard import Timeline, mailed, paged, posted
from tests.service.world import HOUR, MINUTE, SECOND, World, world

FOLDER = Path(__file__).parent / "llm_proxy_api"
ALERTING = (FOLDER / "alerting.yml").read_text()
ELSEWHERE = ("alertmanager_url", "slack_webhook")
RULES = "\n".join(line for line in ALERTING.splitlines() if not line.strip().startswith(ELSEWHERE))

CONFIG = """
evaluation_interval: 30s
rule_files: [rules.yml]
global:
  pagerduty_url: ${PAGERDUTY_URL}
  smtp_smarthost: ${SMTP_HOST}
  smtp_from: llm-proxy@example.com
  smtp_require_tls: false
route:
  receiver: slack
  # Alert grouping
  group_by: ["alertname", "severity", "provider"]
  group_wait: "30s"
  group_interval: "5m"
  repeat_interval: "4h"

  # Routing
  routes:
    - match:
        severity: "critical"
      receiver: "pagerduty"
    - match:
        severity: "warning"
      receiver: "slack"
receivers:
  - name: slack
    slack_configs: [{api_url: "${SLACK_WEBHOOK_URL}", send_resolved: true}]
  - name: email
    email_configs: [{to: team@example.com}]
  - name: pagerduty
    pagerduty_configs: [{routing_key: "${PAGERDUTY_KEY}"}]
sources:
  proxy:
    type: snapshots
    map:
      - {path: metrics.application.*, name: $1}
      - {path: metrics.system.*, name: $1}
      - {path: metrics.providers.*.*, name: provider_$2, labels: {provider: $1}}
      - {path: metrics.cache.*, name: cache_$1}
      - {path: metrics.connections.*, name: connections_$1}
      - {path: checks.providers.details.*.status, name: provider_status, labels: {provider: $1}}
      - {path: checks.providers.details.*.error_rate, name: error_rate, labels: {provider: $1}}
      - {path: checks.*.status, name: check_status, labels: {check: $1}}
      - {path: provider_metrics.*.rate_limit_remaining, name: rate_limit_remaining, labels: {provider: $1}}
      - {path: cache_metrics.memory_utilization_percent, name: cache_memory_utilization_percent}
      - {path: timestamp}
"""
INHIBIT = """
# Use alert inhibition
inhibit_rules:
  - source_match:
      alertname: "high_cpu_usage"
    target_match:
      alertname: "high_response_time"
    equal: ["instance"]
"""


@dataclass(frozen=True)
class Channels:
    """The channels that the rules name."""

    slack: SlackPeer
    mail: SmtpPeer
    duty: PagerDutyPeer

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SLACK_WEBHOOK_URL": self.slack.webhook_url,
            "PAGERDUTY_URL": self.duty.v2_url,
            "PAGERDUTY_KEY": "p" * 32,
            "SMTP_HOST": f"127.0.0.1:{self.mail.port}",
        }

    def timeline(self) -> Timeline:
        return Timeline(
            lambda: [("slack", color, title) for color, title, _ in posted(self.slack)],
            lambda: [("mail", state, subject) for state, subject in mailed(self.mail)],
            lambda: [("page", action, summary) for action, summary in paged(self.duty)],
        )


@asynccontextmanager
async def channels() -> AsyncIterator[Channels]:
    async with slack_peer() as slack, smtp_peer() as mail, pagerduty_peer() as duty:
        yield Channels(slack, mail, duty)


# What the guide's collector keeps beyond what /metrics and /health show, as far as its rules look at it.
COLLECTED = {
    "provider_metrics": {
        "openai": {"total_requests": 5000, "rate_limit_remaining": 45, "models_used": ["gpt-4", "gpt-3.5-turbo"]},
        "anthropic": {"total_requests": 3000, "rate_limit_remaining": 35, "models_used": ["claude-3-opus"]},
    },
    "cache_metrics": {"entries": 500, "max_memory_mb": 100, "memory_utilization_percent": 45.2},
}


class Instance:
    """One instance of the proxy: the answers of its endpoints, of which single values are changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers: dict[str, Any] = {
            "metrics": json.loads((FOLDER / "metrics.json").read_text()),
            "health": json.loads((FOLDER / "health.json").read_text()),
            "collector": deepcopy(COLLECTED),
        }

    def set(self, path: str, value: object) -> None:
        """Change one value: `health.checks.memory.status`."""
        *way, last = path.split(".")
        node = self.answers
        for step in way:
            node = node[step]
        assert last in node
        node[last] = value

    async def push(self, here: World) -> None:
        """Push every endpoint's answer, each under its own label: a pusher's next snapshot replaces its last one."""
        for endpoint, answer in self.answers.items():
            await here.snapshot(answer, instance=self.name, endpoint=endpoint)


def test_what_belongs_elsewhere_is_refused_with_its_place() -> None:
    """The section as it is in the guide names two things that are no rules; each is told where it belongs."""
    with pytest.raises(InvalidInput) as refused:
        load_rules(ALERTING, "alerting.yml")
    assert [(problem.line, problem.field, problem.message) for problem in refused.value.problems] == [
        (
            3,
            "alerting.alertmanager_url",
            "an Alertmanager that shall get the alerts is named in alertd.yml, under `alerting.alertmanagers`",
        ),
        (
            4,
            "alerting.slack_webhook",
            "'slack_webhook' belongs into alertd.yml, under `receivers`, as a value of `slack_configs`",
        ),
    ]


def test_the_rules_as_written() -> None:
    """Names, conditions, severities, channels and cooldowns (in minutes) are all there."""
    rules = load_rules(RULES, "rules.yml").rules
    assert [
        (rule.name, str(rule.parsed), rule.labels["severity"], rule.receivers, rule.cooldown // MINUTE)
        for rule in rules
        if isinstance(rule, AlertRule)
    ] == [
        ("high_response_time", "avg_response_time_ms > 1000", "warning", ("slack", "email"), 5),
        ("high_error_rate", "error_rate > 0.05", "critical", ("slack", "pagerduty"), 2),
        ("high_memory_usage", "memory_percent > 85", "warning", ("slack",), 10),
        ("high_cpu_usage", "cpu_percent > 90", "critical", ("slack", "pagerduty"), 1),
        ("provider_down", 'provider_status{state="unhealthy"}', "critical", ("slack", "pagerduty"), 1),
        ("rate_limit_approaching", "rate_limit_remaining < 10", "warning", ("slack",), 15),
        ("low_cache_hit_rate", "cache_hit_rate < 0.7", "warning", ("slack",), 10),
        ("cache_memory_high", "cache_memory_utilization_percent > 90", "warning", ("slack",), 15),
    ]


async def test_the_answers_of_the_endpoints_are_series(tmp_path: Path, database: Database) -> None:
    """Every nested value of /metrics and /health is a series with a plain name; states are labels."""
    async with channels() as peers, world(tmp_path, database, CONFIG, env=peers.environment) as here:
        await Instance("node1").push(here)
        source = here.simulation.runtime.sources["proxy"]

        async def asked(expr: str) -> dict[str, float]:
            answer = await source.query(parse(expr, states=True), here.simulation.clock.now())
            hidden = {"__name__", "instance", "endpoint"}
            return {
                " ".join(value for name, value in sorted(labels.items()) if name not in hidden): number
                for labels, number in answer.samples
            }

        assert await asked("avg_response_time_ms") == {"": 245.8}
        assert await asked("success_rate") == {"": 0.98}
        assert await asked("provider_cost_usd") == {"openai": 125.5, "anthropic": 90.25}
        assert await asked("cpu_percent") == {"": 45.2}
        assert await asked("cache_hit_rate") == {"": 0.85}
        assert await asked("connections_error_rate") == {"": 0.002}
        assert await asked("error_rate") == {"openai": 0.015, "anthropic": 0.045}
        assert await asked("provider_status") == {"openai healthy": 1, "anthropic degraded": 1}
        assert await asked("provider_status == 'degraded'") == {"anthropic degraded": 1}
        assert await asked("check_status == 'healthy'") == {
            "cache healthy": 1,
            "connections healthy": 1,
            "memory healthy": 1,
            "providers healthy": 1,
        }
        assert await asked("collection_duration_ms") == {"": 45.2}
        assert await asked("timestamp") == {}


async def test_the_eight_rules(tmp_path: Path, database: Database) -> None:
    """As the endpoints answer in the guide nothing is told; then each rule is told through its own channels."""
    trouble = {
        "metrics.metrics.application.avg_response_time_ms": 1500,
        "health.checks.providers.details.openai.error_rate": 0.08,
        "metrics.metrics.system.memory_percent": 91.5,
        "metrics.metrics.system.cpu_percent": 97,
        "health.checks.providers.details.anthropic.status": "unhealthy",
        "collector.provider_metrics.openai.rate_limit_remaining": 4,
        "metrics.metrics.cache.hit_rate": 0.41,
        "collector.cache_metrics.memory_utilization_percent": 93.5,
    }
    async with channels() as peers:
        timeline = peers.timeline()
        async with world(tmp_path, database, CONFIG, RULES, env=peers.environment) as here:
            node = Instance("node1")
            for minute in range(14):
                for path, value in trouble.items() if minute == 2 else ():
                    node.set(path, value)
                if minute == 6:
                    node = Instance("node1")
                await node.push(here)
                await here.wait(MINUTE)
                timeline.look("well" if minute < 2 else "trouble" if minute < 6 else "well again")

        subjects = {
            "high_response_time warning (metrics node1)": "slack mail",
            "high_error_rate openai critical (health node1)": "slack page",
            "high_memory_usage warning (metrics node1)": "slack",
            "high_cpu_usage critical (metrics node1)": "slack page",
            "provider_down anthropic critical (health node1 unhealthy)": "slack page",
            "rate_limit_approaching openai warning (collector node1)": "slack",
            "low_cache_hit_rate warning (metrics node1)": "slack",
            "cache_memory_high warning (collector node1)": "slack",
        }
        opened = [("slack", "danger", f"[FIRING:1] {subject}") for subject in subjects]
        opened += [("mail", "firing", f"[FIRING:1] {s}") for s, who in subjects.items() if "mail" in who]
        opened += [("page", "trigger", f"[FIRING:1] {s}") for s, who in subjects.items() if "page" in who]
        closed = [("slack", "good", f"[RESOLVED] {subject}") for subject in subjects]
        closed += [("page", "resolve", f"[RESOLVED] {s}") for s, who in subjects.items() if "page" in who]
        heard = {
            mark: sorted(e for m, entries in timeline.entries if m == mark for e in entries)
            for mark in ("trouble", "well again")
        }
        assert [mark for mark, _ in timeline.entries if mark == "well"] == []
        assert heard == {"trouble": sorted(opened), "well again": sorted(closed)}

        texts = {title: text for color, title, text in posted(peers.slack) if color == "danger"}
        assert (
            texts["[FIRING:1] high_response_time warning (metrics node1)"] == "• Average response time above 1 second"
        )
        assert (
            texts["[FIRING:1] provider_down anthropic critical (health node1 unhealthy)"] == "• Provider is unhealthy"
        )


async def test_a_cooldown_holds_back_a_page_and_nothing_else(tmp_path: Path, database: Database) -> None:
    """A limit that is near, not near and near again within 15 minutes: the end is told, the second page waits."""
    async with channels() as peers:
        timeline = peers.timeline()
        async with world(tmp_path, database, CONFIG, RULES, env=peers.environment) as here:
            node = Instance("node1")
            for minute in range(20):
                node.set("collector.provider_metrics.openai.rate_limit_remaining", 30 if 3 <= minute < 7 else 4)
                await node.push(here)
                await here.wait(MINUTE)
                timeline.look(minute)
            gates = await database.run(history.read, "default", events=["gate_closed", "gate_opened"])

    subject = "rate_limit_approaching openai warning (collector node1)"
    minutes = [minute for minute, _ in timeline.entries]
    assert [entries for _, entries in timeline.entries] == [
        [("slack", "danger", f"[FIRING:1] {subject}")],
        [("slack", "good", f"[RESOLVED] {subject}")],
        [("slack", "danger", f"[FIRING:1] {subject}")],
    ]
    assert [minutes[1] - minutes[0], minutes[2] - minutes[0]] == [5, 15]
    assert [(event.event, event.details["gate"]) for event in reversed(gates)] == [
        ("gate_closed", "cooling_down"),
        ("gate_opened", "cooling_down"),
    ]


async def test_grouping_and_routes_of_what_others_send(tmp_path: Path, database: Database) -> None:
    """Alerts without channels of their own take the routes: critical to PagerDuty, warnings to Slack, one message for
    a provider, again after four hours."""
    async with channels() as peers, world(tmp_path, database, CONFIG, env=peers.environment) as here:
        for provider, severity, model in (
            ("openai", "critical", "gpt-4"),
            ("openai", "critical", "gpt-3.5-turbo"),
            ("anthropic", "critical", "claude-3-opus"),
            ("openai", "warning", "gpt-4"),
        ):
            await here.fire(alertname="model_slow", severity=severity, provider=provider, model=model)
        await here.wait(29 * SECOND)
        assert not paged(peers.duty)
        assert not posted(peers.slack)
        await here.wait(3 * SECOND)
        pages = [
            ("trigger", "[FIRING:1] model_slow anthropic critical (claude-3-opus)"),
            ("trigger", "[FIRING:2] model_slow openai critical "),
        ]
        assert sorted(paged(peers.duty)) == pages
        assert [title for _, title, _ in posted(peers.slack)] == ["[FIRING:1] model_slow openai warning (gpt-4)"]

        await here.wait(4 * HOUR - MINUTE)
        assert len(peers.duty.events) == 2
        await here.wait(10 * MINUTE)
        assert sorted(paged(peers.duty)[2:]) == pages
        assert len(peers.slack.messages) == 2


async def test_a_busy_processor_explains_slow_answers_of_the_same_instance(tmp_path: Path, database: Database) -> None:
    """On node1 the processor is told and the slow answers are not; node2 is only slow, and that is told."""
    async with channels() as peers:
        timeline = peers.timeline()
        async with world(tmp_path, database, CONFIG + INHIBIT, RULES, env=peers.environment) as here:
            nodes = [Instance("node1"), Instance("node2")]
            for node in nodes:
                node.set("metrics.metrics.application.avg_response_time_ms", 1800)
            nodes[0].set("metrics.metrics.system.cpu_percent", 95)
            for minute in range(9):
                if minute == 3:
                    nodes[0].set("metrics.metrics.system.cpu_percent", 50)
                for node in nodes:
                    await node.push(here)
                await here.wait(MINUTE)
                timeline.look("busy" if minute < 3 else "calm")

    heard = {
        mark: sorted(e for m, entries in timeline.entries if m == mark for e in entries) for mark in ("busy", "calm")
    }
    assert heard == {
        "busy": [
            ("mail", "firing", "[FIRING:1] high_response_time warning (metrics node2)"),
            ("page", "trigger", "[FIRING:1] high_cpu_usage critical (metrics node1)"),
            ("slack", "danger", "[FIRING:1] high_cpu_usage critical (metrics node1)"),
            ("slack", "danger", "[FIRING:1] high_response_time warning (metrics node2)"),
        ],
        "calm": [
            ("mail", "firing", "[FIRING:2] high_response_time warning (metrics)"),
            ("page", "resolve", "[RESOLVED] high_cpu_usage critical (metrics node1)"),
            ("slack", "danger", "[FIRING:2] high_response_time warning (metrics)"),
            ("slack", "good", "[RESOLVED] high_cpu_usage critical (metrics node1)"),
        ],
    }


async def test_health_has_degraded_states(tmp_path: Path, database: Database) -> None:
    """Well; degraded while a rule gets no answer, named; failed when rules are not evaluated for long; well again."""
    ambiguous = """
    - name: "ambiguous"
      condition: "provider_requests / on(instance) provider_requests > 1"
      severity: "warning"
      channels: ["slack"]
"""
    async with channels() as peers, world(tmp_path, database, CONFIG, RULES + ambiguous, env=peers.environment) as here:
        await here.wait(MINUTE)
        health = await here.health()
        assert health.status is HealthStatus.OK
        checks = ["channels", "configuration", "database", "forwarding", "outbox", "rules"]
        assert sorted(health.checks) == checks

        node = Instance("node1")
        await node.push(here)
        await here.wait(MINUTE)
        health = await here.health()
        assert (health.status, health.checks["rules"].status) == (HealthStatus.DEGRADED, HealthStatus.DEGRADED)
        assert health.checks["rules"].message == "rules without an answer: ambiguous"

        here.simulation.clock.advance(10 * MINUTE)
        health = await here.health()
        assert (health.status, health.checks["rules"].status) == (HealthStatus.FAILED, HealthStatus.FAILED)
        assert health.checks["database"].status is HealthStatus.OK

        (tmp_path / "rules.yml").write_text(RULES)
        await here.simulation.reload()
        await here.wait(MINUTE)
        assert (await here.health()).status is HealthStatus.OK


async def test_two_instances_of_alertd_tell_once(tmp_path: Path, database: Database) -> None:
    """Two on one database send each message once; when one is gone, the other goes on where it was."""
    async with channels() as peers:
        node = Instance("node1")
        node.set("metrics.metrics.system.cpu_percent", 97)
        async with world(tmp_path, database, CONFIG, RULES, env=peers.environment, replica="b") as second:
            async with world(tmp_path, database, CONFIG, RULES, env=peers.environment, replica="a") as first:
                for _ in range(3):
                    await node.push(first)
                    await first.wait(MINUTE)
                    await second.wait(MINUTE)
            assert len(peers.duty.events) == len(peers.slack.messages) == 1

            node = Instance("node1")
            for _ in range(8):
                await node.push(second)
                await second.wait(MINUTE)

        assert [action for action, _ in paged(peers.duty)] == ["trigger", "resolve"]
        assert [color for color, _, _ in posted(peers.slack)] == ["danger", "good"]
