"""LLM Config Manager: its tables of alerts, recording rules, weekly comparison, inhibition, quiet hours, runbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alertd.clock import DAY, to_rfc3339
from alertd.errors import InvalidInput
from alertd.promql import parse
from alertd.rules.loading import load_rules
from alertd.service.housekeeping import cleaning
from alertd.store import history
from alertd.store.database import Database
from tests.peers.pagerduty import pagerduty_peer
from tests.peers.slack import slack_peer
from tests.peers.smtp import smtp_peer
from tests.peers.webhook import webhook_peer
from tests.seeds.heard import hooked, mailed, paged, plain_text, posted
from tests.service.world import HOUR, MINUTE, SECOND, START, World, world

RULES = (Path(__file__).parent / "llm_config_manager" / "rules.yml").read_text()

# A Tuesday in the middle of the night; the world begins the same Tuesday at 22:13.
MORNING = START + 11 * HOUR

CONFIG = """
global: {{pagerduty_url: "{duty}"}}
route:
  receiver: team
  group_by: ['alertname', 'environment']
  group_wait: 10s
  group_interval: 5m
  routes:
    - match:
        severity: critical
      receiver: on-call
    - match:
        severity: info
      receiver: quiet-hours
      active_time_intervals:
        - weekdays-business-hours
receivers:
  - name: on-call
    pagerduty_configs: [{{routing_key: "{key}"}}]
  - name: team
    slack_configs: [{{api_url: "{slack}", send_resolved: true}}]
  - name: quiet-hours
    webhook_configs: [{{url: "{hook}"}}]
inhibit_rules:
  # If service is down, suppress all other alerts
  - source_match:
      alertname: ServiceDown
    target_match_re:
      alertname: .*
    equal: ['job']
time_intervals:
  - name: weekdays-business-hours
    time_intervals: [{{weekdays: ["monday:friday"], times: [{{start_time: "09:00", end_time: "17:00"}}]}}]
rule_files: [rules.yml]
sources:
  metrics:
    type: snapshots
    labels: {{job: llm-config-manager}}
    retention: 8d
    map:
      - {{path: http_requests_total.*, name: http_requests_total, labels: {{status: $1}}}}
      - {{path: http_request_duration_seconds.*, name: http_request_duration_seconds_bucket, labels: {{le: $1}}}}
      - {{path: config_operations_total.*, name: config_operations_total, labels: {{operation: $1}}}}
retention: {{snapshots: {kept}}}
"""


def config(duty: str = "http://127.0.0.1:9", slack: str = "", hook: str = "", kept: str = "8d") -> str:
    nobody = "http://127.0.0.1:9/nobody"
    return CONFIG.format(duty=duty, slack=slack or nobody, hook=hook or nobody, kept=kept, key="k" * 32)


class Manager:
    """The manager's metrics: what a minute adds to the counters, and the gauges."""

    def __init__(self) -> None:
        self.counters = {
            "requests": 0,
            "failures": 0,
            "errors": 0,
            "operations": 0,
            "hits": 0,
            "misses": 0,
            "evictions": 0,
        }
        self.cpu = 0.0
        self.buckets = [0, 0, 0, 0]

    def minute(
        self, *, well: bool, requests: int = 600, up: int = 1, deploying: int = 0, configurations: int = 40
    ) -> dict[str, Any]:
        """The next minute's snapshot. Not `well` is: a quarter of all operations fails, one read of two misses the
        cache, P95 at 0.35 s, the processor at 95 %, memory at 97 %, storage gone and at 90 %."""
        added = {
            "requests": requests,
            "failures": 0 if well else requests // 10,
            "errors": 0 if well else 50,
            "operations": 200,
            "hits": 90 if well else 50,
            "misses": 10 if well else 50,
            "evictions": 60 if well else 1200,
        }
        for name, number in added.items():
            self.counters[name] += number
        self.cpu += 12 if well else 57
        below = (100, 100, 100, 100) if well else (0, 80, 100, 100)
        self.buckets = [total + number for total, number in zip(self.buckets, below, strict=True)]
        now = self.counters
        return {
            "up": up,
            "http_requests_total": {"200": now["requests"] - now["failures"], "503": now["failures"]},
            "http_request_duration_seconds": dict(zip(("0.1", "0.2", "0.4", "+Inf"), self.buckets, strict=True)),
            "config_errors_total": now["errors"],
            "config_operations_total": {"get": now["operations"] * 3 // 4, "set": now["operations"] // 4},
            "cache_hits_total": now["hits"],
            "cache_misses_total": now["misses"],
            "cache_evictions_total": now["evictions"],
            "process_cpu_seconds_total": self.cpu,
            "process_resident_memory_bytes": 1.5e9 if well else 3.88e9,
            "memory_limit_bytes": 4e9,
            "storage_available": well,
            "storage_size_bytes": 40e9 if well else 90e9,
            "storage_capacity_bytes": 100e9,
            "deployment_in_progress": deploying,
            "config_active_total": configurations,
        }


# The three tables, with the durations in minutes.
TABLES = {
    "critical": {"HighErrorRate": 5, "StorageFailure": 1, "OutOfMemory": 2},
    "warning": {
        "ElevatedErrorRate": 10,
        "HighLatency": 10,
        "LowCacheHitRate": 15,
        "HighCPU": 15,
        "HighMemory": 10,
        "StorageNearCapacity": 30,
    },
    "info": {"DeploymentStarted": 0, "ConfigurationChanged": 0, "UnusualAccessPattern": 5, "CacheEvictionHigh": 20},
}


async def test_the_three_tables_of_alerts(tmp_path: Path, database: Database) -> None:
    """Each alert fires after the duration of its table and is told where its severity goes, by its name and number."""
    async with pagerduty_peer() as duty, slack_peer() as slack, webhook_peer() as hook:
        text = config(duty.v2_url, slack.webhook_url, hook.url)
        async with world(tmp_path, database, text, RULES, start=MORNING + HOUR) as here:
            metrics = Manager()
            for minute in range(42):
                document = metrics.minute(
                    well=minute < 5,
                    requests=6000 if 16 <= minute < 30 else 600,
                    deploying=int(minute == 8),
                    configurations=40 if minute < 10 else 41,
                )
                await here.snapshot(document)
                await here.wait(MINUTE)
            fired = await _seconds_until_fired(database)

        durations = {name: minutes * 60 for table in TABLES.values() for name, minutes in table.items()}
        assert fired == durations
        assert sorted(event for event in paged(duty)) == [
            ("trigger", f"[FIRING:1] {name} (llm-config-manager critical)") for name in sorted(TABLES["critical"])
        ]
        assert sorted(title for color, title, _ in posted(slack) if color == "danger") == [
            f"[FIRING:1] {name} (llm-config-manager warning)" for name in sorted(TABLES["warning"])
        ]
        told = hooked(hook)
        assert sorted(alerts[0] for status, _, alerts in told if status == "firing") == [
            f"{name}:firing" for name in sorted(TABLES["info"])
        ]
        assert sorted(alerts[0] for status, _, alerts in told if status == "resolved") == [
            "ConfigurationChanged:resolved",
            "DeploymentStarted:resolved",
            "UnusualAccessPattern:resolved",
        ]


async def test_recording_rules_are_series_of_their_own(tmp_path: Path, database: Database) -> None:
    """What the guide computes ahead can be asked by its name, in this process and in one that starts later."""
    names = ("job:http_success_rate:5m", "job:cache_hit_rate:5m", "job:error_rate:5m")
    async with world(tmp_path, database, config(), RULES) as here:
        metrics = Manager()
        for _ in range(6):
            await here.snapshot(metrics.minute(well=False))
            await here.wait(MINUTE)
        values = {name: await _value(here, name) for name in names}
    async with world(tmp_path, database, config(), RULES, start=START + 6 * MINUTE) as later:
        assert {name: await _value(later, name) for name in names} == values

    assert values == {names[0]: pytest.approx(0.9), names[1]: pytest.approx(0.5), names[2]: pytest.approx(0.25)}


WEEKLY = """
groups:
  - name: trends
    interval: 1m
    rules:
      - alert: LatencyUpOnLastWeek
        expr: |
          histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))
          /
          histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m] offset 7d))
          > 1.5
        labels: {severity: warning}
        annotations: {summary: "P95 is {{ $value | humanize }} times last week's"}
"""


@pytest.mark.parametrize(("kept", "pages"), [("8d", 1), ("6d", 0)])
async def test_latency_is_compared_with_last_week(tmp_path: Path, database: Database, kept: str, pages: int) -> None:
    """A week-old push is there to be compared with as long as snapshots are kept longer than a week, and no longer."""
    async with slack_peer() as slack:
        text = config(slack=slack.webhook_url, kept=kept)
        metrics = Manager()
        for start, well in ((START, True), (START + 7 * DAY, False)):
            async with world(tmp_path, database, text, WEEKLY, start=start) as here:
                for step in cleaning(here.simulation.runtime, start):
                    await database.run(step)
                for _ in range(5):
                    await here.snapshot(metrics.minute(well=well))
                    await here.wait(MINUTE)

    told = [
        ("danger", "[FIRING:1] LatencyUpOnLastWeek (llm-config-manager warning)", "• P95 is 3.684 times last week's")
    ]
    assert posted(slack) == told * pages


async def test_alerts_of_one_name_and_environment_come_together(tmp_path: Path, database: Database) -> None:
    """One message for a name in an environment: what comes within group_wait, then what is new with group_interval."""
    async with slack_peer() as slack, world(tmp_path, database, config(slack=slack.webhook_url)) as here:
        for instance in ("a", "b"):
            await here.fire(alertname="HighLatency", environment="production", severity="warning", instance=instance)
        await here.fire(alertname="HighLatency", environment="staging", severity="warning", instance="c")
        await here.wait(9 * SECOND)
        assert posted(slack) == []
        # Slack takes one message a second.
        await here.wait(2 * SECOND)
        assert sorted(title for _, title, _ in posted(slack)) == [
            "[FIRING:1] HighLatency staging (c warning)",
            "[FIRING:2] HighLatency production (warning)",
        ]

        await here.fire(alertname="HighLatency", environment="production", severity="warning", instance="d")
        await here.wait(4 * MINUTE)
        assert len(slack.messages) == 2
        await here.wait(MINUTE)
        assert [title for _, title, _ in posted(slack)[2:]] == ["[FIRING:3] HighLatency production (warning)"]


async def test_service_down_suppresses_what_follows_from_it(tmp_path: Path, database: Database) -> None:
    """While the service is down only that is told, for its job; other jobs are told, and the rest when it is up."""
    async with pagerduty_peer() as duty, slack_peer() as slack:
        text = config(duty.v2_url, slack.webhook_url)
        async with world(tmp_path, database, text, RULES) as here:
            metrics = Manager()
            for minute in range(13):
                await here.snapshot(metrics.minute(well=False, up=int(minute >= 8)))
                if minute == 3:
                    await here.fire(alertname="HighMemory", severity="warning", job="another")
                await here.wait(MINUTE)
                if minute == 7:
                    assert paged(duty) == [("trigger", "[FIRING:1] ServiceDown (llm-config-manager critical)")]
                    assert [title for _, title, _ in posted(slack)] == ["[FIRING:1] HighMemory (another warning)"]
                    gates = await database.run(history.read, "default", events=["gate_closed"])
                    assert {event.details["gate"] for event in gates} == {"inhibited"}

    assert ("resolve", "[RESOLVED] ServiceDown (llm-config-manager critical)") in paged(duty)
    assert sorted(summary for action, summary in paged(duty)[1:] if action == "trigger") == [
        f"[FIRING:1] {name} (llm-config-manager critical)"
        for name in ("HighErrorRate", "OutOfMemory", "StorageFailure")
    ]


async def test_quiet_hours_hold_back_info_alone(tmp_path: Path, database: Database) -> None:
    """At night nobody hears of an info alert; what still holds is told when business hours begin, at 09:00."""
    async with (
        pagerduty_peer() as duty,
        slack_peer() as slack,
        webhook_peer() as hook,
        world(tmp_path, database, config(duty.v2_url, slack.webhook_url, hook.url)) as here,
    ):
        for severity in ("critical", "warning", "info"):
            await here.fire(alertname=f"At{severity.title()}", severity=severity)
        passing = await here.fire(alertname="Passing", severity="info")
        await here.wait(MINUTE)
        await here.resolve(alertname="Passing", severity="info")
        assert paged(duty) == [("trigger", "[FIRING:1] AtCritical (critical)")]
        assert [title for _, title, _ in posted(slack)] == ["[FIRING:1] AtWarning (warning)"]
        why = await here.simulation.actions.why("default", passing)
        assert [event.details["gate"] for event in why.history if event.event == "gate_closed"] == [
            "outside_active_time"
        ]

        await here.wait(10 * HOUR + 40 * MINUTE)
        assert to_rfc3339(here.simulation.clock.now()) == "2023-11-15T08:54:20.000Z"
        assert hooked(hook) == []
        await here.wait(11 * MINUTE)
        assert hooked(hook) == [("firing", "first notification", ["AtInfo:firing"])]


RUNBOOK = """
    API P95 latency is above 200ms.

    User Impact: Slow response times, poor user experience

    Common Causes:
    - High traffic (check request rate)
    - Low cache hit rate (check cache metrics)
    - Database slow (check DB query times)
    - Resource constraints (check CPU/memory)

    Investigation:
    1. Check current request rate
    2. Check cache hit rate
    3. Check database performance
    4. Check resource utilization

    Resolution:
    - If high traffic: Scale horizontally
    - If low cache hit: Increase cache size
    - If DB slow: Optimize queries
    - If resources: Increase limits

    Escalate if: Not resolved in 30 minutes
"""
DOCUMENTED = """
groups:
  - name: symptoms
    interval: 1m
    rules:
      - alert: HighLatency
        expr: p95_latency > 100ms
        for: 10m  # Sustained issue
        labels: {severity: warning}
        annotations:
          description: |
"""
TOLD_BY_ALL = """
route: {{receiver: team, group_by: [alertname], group_wait: 10s}}
receivers:
  - name: team
    slack_configs: [{{api_url: "{slack}", text: "{{{{ .CommonAnnotations.description }}}}"}}]
    email_configs:
      - {{to: ops@example.com, from: alerts@example.com, smarthost: "127.0.0.1:{mail}", require_tls: false}}
    pagerduty_configs: [{{routing_key: "{key}", url: "{duty}"}}]
rule_files: [rules.yml]
"""


async def test_the_runbook_stands_in_the_message(tmp_path: Path, database: Database) -> None:
    """The alert's documentation, lines and lists, arrives whole at whoever is told, after ten minutes above 100 ms."""
    runbook = "\n".join(line.removeprefix("    ") for line in RUNBOOK.strip("\n").splitlines())
    rules = DOCUMENTED + "\n".join(f"            {line}".rstrip() for line in runbook.splitlines())
    async with slack_peer() as slack, smtp_peer() as mail, pagerduty_peer() as duty:
        text = TOLD_BY_ALL.format(slack=slack.webhook_url, mail=mail.port, duty=duty.v2_url, key="k" * 32)
        async with world(tmp_path, database, text, rules) as here:
            for latency in (0.1, 0.15, *[0.25] * 12):
                await here.snapshot({"p95_latency": latency})
                await here.wait(MINUTE)

        assert posted(slack) == [("danger", "[FIRING:1] HighLatency (warning)", runbook)]
        assert mailed(mail) == [("firing", "[FIRING:1] HighLatency (warning)")]
        lines = [line.strip() for line in plain_text(mail).splitlines()]
        wanted = [line.strip() for line in runbook.splitlines()]
        assert [line for line in lines if line in wanted and line] == [line for line in wanted[1:] if line]
        assert f"description: {wanted[0]}" in lines
        details = duty.events[0]["payload"]["custom_details"]
        assert details["firing"][0]["annotations"]["description"].strip() == runbook


def test_a_description_beside_the_expression_is_shown_its_place() -> None:
    """The guide's own example has `description` outside `annotations` and no expression; both are said, with lines."""
    text = "groups:\n  - name: documented\n    rules:\n      - alert: HighLatency\n        description: |\n"
    with pytest.raises(InvalidInput) as refused:
        load_rules(text + RUNBOOK.replace("\n    ", "\n          "), "rules.yml")
    assert [(problem.line, problem.message) for problem in refused.value.problems] == [
        (4, "a rule needs `expr`, the expression that it evaluates"),
        (5, "`description` belongs into `annotations`"),
    ]


async def test_an_acknowledgement_stops_the_repeats(tmp_path: Path, database: Database) -> None:
    """Nobody acknowledges: the page repeats after four hours. Somebody does: it is quiet, and PagerDuty shows it."""
    async with pagerduty_peer() as duty, slack_peer() as slack:
        async with world(tmp_path, database, config(duty.v2_url, slack.webhook_url)) as here:
            taken = await here.fire(alertname="HighErrorRate", severity="critical")
            await here.fire(alertname="HighLatency", severity="warning")
            await here.wait(5 * MINUTE)
            await here.simulation.actions.acknowledge("default", taken, "ann", note="looking")
            await here.wait(4 * HOUR + 10 * MINUTE)
            await here.resolve(alertname="HighErrorRate", severity="critical")
            await here.wait(5 * MINUTE)

            why = await here.simulation.actions.why("default", taken)

        assert paged(duty) == [
            ("trigger", "[FIRING:1] HighErrorRate (critical)"),
            ("acknowledge", ""),
            ("resolve", "[RESOLVED] HighErrorRate (critical)"),
        ]
        assert [title for _, title, _ in posted(slack)] == ["[FIRING:1] HighLatency (warning)"] * 2
        assert [(event.event, event.actor) for event in why.history if event.actor == "ann"] == [
            ("acknowledged", "ann")
        ]


async def _value(here: World, name: str) -> float:
    source = here.simulation.runtime.sources["metrics"]
    [(_, value)] = (await source.query(parse(name), here.simulation.clock.now())).samples
    return value


async def _seconds_until_fired(database: Database) -> dict[str, float]:
    """For each rule, how long its condition held before its first alert."""
    events = await database.run(history.read, "default", events=["pending_started", "fired"], limit=1000)
    began: dict[str, int] = {}
    held: dict[str, float] = {}
    for event in reversed(events):
        assert event.rule is not None
        name = event.rule.split(";")[2]
        if event.event == "pending_started":
            began[name] = event.at
        else:
            held.setdefault(name, (event.at - began.get(name, event.at)) / 1000)
    return held
