"""ALERTS and ALERTS_FOR_STATE: their samples, their ends, and rules that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from alertd.alerts.spans import Span
from alertd.promql import MemoryStorage, Vector, evaluate, is_stale, parse, selectors
from alertd.rules.models import RuleGroup
from alertd.service.alertseries import AlertSeries, asks_for_alerts
from alertd.service.runtime import ReadyGroup
from alertd.service.schedule import Slots
from alertd.sources.views import Layered
from alertd.store import alerts as alert_rows
from alertd.store.database import Database
from tests.service.world import MINUTE, SECOND, world

GROUP = ReadyGroup(RuleGroup("g", "f", ()), 15 * SECOND, 0, Slots(15 * SECOND, 0), ())


def series_of(*found: Span, evaluated: int = 120 * SECOND) -> AlertSeries:
    def read(start: int, end: int) -> Sequence[Span]:
        return [span for span in found if span.started_at <= end and (span.ended_at is None or span.ended_at > start)]

    return AlertSeries(read, {"rule": GROUP}, {GROUP.key: evaluated})


def samples(series: AlertSeries, expr: str, start: int, end: int) -> dict[str, dict[float, float | str]]:
    """State (or name) → second → value of what a selector finds."""
    (selector,) = selectors(parse(expr))
    return {
        one.labels.get("alertstate", one.labels["__name__"]): {
            time / SECOND: "stale" if is_stale(value) else value
            for time, value in zip(one.times, one.values, strict=True)
        }
        for one in series.select(selector.matchers, start, end)
    }


PENDING = Span("rule", "a", {"alertname": "A", "job": "x"}, "pending", 15_500, 15_500, 45_000)
FIRING = Span("rule", "a", {"alertname": "A", "job": "x"}, "firing", 15_500, 45_000, 75_000)


def test_a_sample_at_each_evaluation() -> None:
    """From the start of a state on the group's grid; a stale marker where it ends, unless the series goes on."""
    series = series_of(PENDING, FIRING)
    assert samples(series, "ALERTS", 0, 100_000) == {
        "pending": {15.5: 1.0, 30: 1.0, 45: "stale"},
        "firing": {45: 1.0, 60: 1.0, 75: "stale"},
    }
    assert samples(series, "ALERTS_FOR_STATE", 0, 100_000) == {
        "ALERTS_FOR_STATE": {15.5: 15.0, 30: 15.0, 45: 15.0, 60: 15.0, 75: "stale"}
    }
    assert samples(series, "ALERTS", 30_000, 60_000) == {"pending": {45: "stale"}, "firing": {45: 1.0, 60: 1.0}}


def test_an_alert_that_lasts() -> None:
    """It has a sample up to the last evaluation of its group, and none in the future."""
    lasting = Span("rule", "a", {"alertname": "A"}, "firing", 0, 90_000)
    assert samples(series_of(lasting), "ALERTS", 60_000, 10**9) == {"firing": {90: 1.0, 105: 1.0, 120: 1.0}}
    unknown = Span("removed", "a", {"alertname": "A"}, "firing", 0, 90_000)
    assert samples(series_of(unknown), "ALERTS", 60_000, 10**9) == {"firing": {90: 1.0}}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ('ALERTS{alertstate="firing"}', {"firing"}),
        ('{__name__=~"ALERTS.*", job="x"}', {"firing", "pending", "ALERTS_FOR_STATE"}),
        ('{job="x"}', {"firing", "pending", "ALERTS_FOR_STATE"}),
        ('ALERTS{job="y"}', set()),
        ("up", set()),
    ],
)
def test_matchers(selector: str, names: set[str]) -> None:
    """Selectors work as on any series."""
    assert set(samples(series_of(PENDING, FIRING), selector, 0, 100_000)) == names


@pytest.mark.parametrize(
    ("expr", "asks"),
    [("up", False), ("sum(ALERTS) > 1", True), ('{job="x"}', True), ('{__name__="up"}', False), ("1", False)],
)
def test_who_asks_for_alerts(expr: str, asks: bool) -> None:
    """Only expressions that can see the two series cost a look into the database."""
    assert asks_for_alerts(parse(expr)) is asks


def test_beside_other_series() -> None:
    """The language evaluates over both."""
    storage = MemoryStorage()
    storage.append({"__name__": "up", "job": "x"}, 60_000, 7.0)
    both = Layered(storage, series_of(PENDING, FIRING))
    value = evaluate(parse('ALERTS{alertstate="firing"} * on(job) up'), both, 61_000).value
    assert isinstance(value, Vector)
    assert [sample.value for sample in value] == [7.0]


CONFIG = """
route: {receiver: nobody}
receivers: [{name: nobody}]
rule_files: [rules.yml]
"""
RULES = """
groups:
- name: g
  interval: 1m
  rules:
  - alert: Slow
    expr: response_ms > 100
    for: 1m
    labels: {severity: warning}
  - alert: Many
    expr: count(ALERTS{alertname="Slow", alertstate="firing"}) >= 2
    annotations: {names: '{{ range query "ALERTS{alertname=\\"Slow\\"}" }}{{ .Labels.instance }} {{ end }}'}
  - alert: Waiting
    expr: time() - ALERTS_FOR_STATE{alertname="Slow"} >= 60
"""


async def test_rules_that_ask_for_alerts(tmp_path: Path, database: Database) -> None:
    """A rule sees what the rules before it found in the same evaluation, and nothing when that is over."""
    async with world(tmp_path, database, CONFIG, RULES) as here:

        async def firing() -> list[str]:
            found = await here.simulation.database.run(_firing)
            return sorted(found)

        for instance in ("a", "b"):
            await here.snapshot({"response_ms": 500}, instance=instance)
        await here.wait(MINUTE)
        assert await firing() == []
        for instance in ("a", "b"):
            await here.snapshot({"response_ms": 500}, instance=instance)
        await here.wait(MINUTE)
        assert await firing() == ["Many", "Slow", "Slow", "Waiting", "Waiting"]
        await here.snapshot({"response_ms": 1}, instance="a")
        await here.snapshot({"response_ms": 500}, instance="b")
        await here.wait(MINUTE)
        assert await firing() == ["Slow", "Waiting"]


def _firing(connection: Connection) -> list[str]:
    return [alert.labels["alertname"] for alert in alert_rows.firing_alerts(connection, "default")]
