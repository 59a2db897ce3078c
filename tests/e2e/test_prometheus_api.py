"""alertd's answers beside a real Prometheus' that loads the same rule file and asks the same series."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from alertd.api.server import ApiServer
from alertd.service.build import build_service
from tests.peers.prometheus import Target, prometheus_peer, target

RULES = """
groups:
  - name: shop
    interval: 1s
    limit: 5
    rules:
      - alert: Queue
        expr: |
          queue_depth{job="shop"}
            > 100
        labels: {severity: "{{ $labels.instance }}", service: queue}
        annotations:
          summary: "{{ $labels }} has {{ $value }}, {{ $value | humanize }}"
          broken: "{{ humanize \\"zz\\" }}"
      - alert: Waits
        expr: sum by (job) (queue_depth) >= 0
        for: 1h
        labels: {severity: info}
      - alert: Quiet
        expr: queue_depth < 0
        keep_firing_for: 90s
      - alert: Empty
        expr: orders / queue_zero
      - alert: TooMany
        expr: count_values("n", many)
  - name: asking
    interval: 1s
    rules:
      - alert: Asks
        expr: up{job="shop"}
        labels:
          waiting: '{{ query "queue_depth" | first | value }}'
        annotations:
          loop: '{{ range query "many > 5" | sortByLabel "n" }}{{ .Labels.n }}={{ .Value }};{{ end }}'
          label: '{{ with query "queue_depth" }}{{ . | first | label "job" }}{{ end }}'
          dependent: '{{ query (printf `many{n="%.0f"}` (query "max(many)" | first | value)) | first | value }}'
          scalar: '{{ query "1 + 1" | first | value }}'
          nothing: '{{ query "nothing" | first | value }}'
          wrong: '{{ query "many{" }}'
          string: '{{ query `"text"` }}'
          twice: '{{ query "many / on(job) many" }}'
          defined: '{{ define "n" }}{{ .arg0 }}{{ end }}{{ template "n" (args (query "count(many)" | first | value)) }}'
  - name: records
    interval: 1s
    rules:
      - record: job:orders:sum
        expr: sum by(job)(orders)
        labels: {unit: "1"}
"""

CONFIG = """
route: {{receiver: nobody}}
receivers: [{{name: nobody}}]
rule_files: [own.yml]
sources:
  prometheus: {{type: prometheus, url: "{url}"}}
"""

# What differs from one to the other: only that it is there is compared.
_TIMES = ("activeAt", "evaluationTime", "lastEvaluation", "file")


class Pair:
    """A Prometheus and an alertd with the same rules."""

    def __init__(self, prometheus: str, alertd: str, shop: Target) -> None:
        self.prometheus = prometheus
        self.alertd = alertd
        self.shop = shop

    async def ask(self, base: str, path: str, **parameters: str) -> Any:
        async with ClientSession() as session, session.get(f"{base}/api/v1/{path}", params=parameters) as response:
            return await response.json()

    async def until_equal(self, path: str, shown: Callable[[Any], Any], ready: Callable[[Any], bool]) -> Any:
        """Wait until both tell the same and it is what the test waits for."""
        theirs: Any = None
        ours: Any = None
        try:
            async with asyncio.timeout(60):
                while True:
                    theirs = shown(await self.ask(self.prometheus, path))
                    ours = shown(await self.ask(self.alertd, path))
                    if theirs == ours and ready(ours):
                        return ours
                    await asyncio.sleep(0.2)
        except TimeoutError:
            assert ours == theirs
            raise


@asynccontextmanager
async def pair(folder: Path, database_url: str) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        shop = await stack.enter_async_context(target({"queue_depth": 1234567, "queue_zero": 0, "orders": 1}))
        shop.metrics.update({f'many{{n="{number}"}}': number for number in range(9)})
        rules = folder / "rules.yml"
        rules.write_text(RULES)
        url = await stack.enter_async_context(
            prometheus_peer(folder, {"shop": shop.address}, more={"rule_files": [str(rules)]})
        )
        # alertd records into its own store alone.
        (folder / "own.yml").write_text(RULES.replace("- name: records", "- name: records\n    source: snapshots"))
        (folder / "alertd.yml").write_text(CONFIG.format(url=url))
        server = ApiServer(build_service(folder / "alertd.yml", database_url=database_url, env={}), "127.0.0.1:0")
        running = asyncio.create_task(server.run())
        try:
            yield Pair(url, f"http://{server.address}", shop)
        finally:
            server.stop()
            await running


@pytest.mark.peer
async def test_rules_and_alerts(tmp_path: Path, sqlite_url: str) -> None:
    """Field by field the same rules and alerts, while they are pending, fire and fail."""
    async with pair(tmp_path, sqlite_url) as both:
        rules = await both.until_equal("rules", _shop, lambda groups: _states(groups)[:2] == ["firing", "pending"])
        assert _states(rules) == ["firing", "pending", "inactive", "firing", "inactive"]
        assert rules[0]["rules"][0]["alerts"][0]["value"] == "1.234567e+06"
        assert rules[0]["rules"][3]["alerts"][0]["value"] == "+Inf"
        assert rules[0]["rules"][4]["lastError"] == "exceeded limit of 5 with 9 alerts"

        both.shop.metrics.update({"queue_depth": 0.00001, "orders": 0})
        alerts = await both.until_equal("alerts", _alerts, lambda alerts: len(alerts) == 2)
        assert {alert["value"] for alert in alerts} == {"1e-05", "NaN"}


def _rules(answer: Any) -> Any:
    """The groups without what differs; the recording rule finds its series in one of the two alone."""
    groups = sorted(answer["data"]["groups"], key=lambda group: str(group["name"]), reverse=True)
    for group in groups:
        for rule in group["rules"]:
            if rule["type"] == "recording":
                rule.update(health="", lastError="")
                continue
            rule["alerts"] = _sorted(rule["alerts"])
            rule["state"] = rule["state"].replace("unknown", "inactive")
    return _without_times(groups)


def _shop(answer: Any) -> Any:
    return [group for group in _rules(answer) if group["name"] != "asking"]


def _alerts(answer: Any) -> Any:
    alerts = [alert for alert in answer["data"]["alerts"] if alert["labels"]["alertname"] != "Asks"]
    return _without_times(_sorted(alerts))


def _sorted(alerts: list[Any]) -> list[Any]:
    return sorted(alerts, key=lambda alert: sorted(alert["labels"].items()))


def _without_times(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_times(member) for member in value]
    if isinstance(value, dict):
        return {key: "" if key in _TIMES else _without_times(member) for key, member in value.items()}
    return value


def _states(groups: Any) -> list[str]:
    return [rule["state"] for rule in groups[0]["rules"]]


@pytest.mark.peer
async def test_alerts_as_series(tmp_path: Path, sqlite_url: str) -> None:
    """ALERTS and ALERTS_FOR_STATE have the same series and values, while alerts are pending and when they fire."""
    async with pair(tmp_path, sqlite_url) as both:
        query = 'ALERTS{alertname!~"Asks|Empty"}'
        expected = {("Queue", "firing", "1"), ("Waits", "pending", "1")}
        found = await both.until_equal(f"query?query={query}", _alert_series, expected.issubset)
        assert found == expected
        both.shop.metrics.update({"queue_depth": 0})
        await both.until_equal(
            f"query?query={query}", _alert_series, lambda found: found == {("Waits", "pending", "1")}
        )
        since = [
            float((await both.ask(base, "query?query=ALERTS_FOR_STATE"))["data"]["result"][0]["value"][1])
            for base in (both.prometheus, both.alertd)
        ]
        assert abs(since[0] - since[1]) < 60


# Requests whose answers depend on no series, which the two do not share. Left out are two complaints that Prometheus 3
# words otherwise than 2: about `time`, and about a text as a range query.
REQUESTS = [
    "query?query=1.5&time=1700000000.5",
    "query?query=vector(1e-7)&time=1700000000.25",
    "query?query=vector(1e21)-1&time=2026-01-31T12:00:00.1Z",
    "query?query=time()&time=1700000000.5",
    "query?query=%22text%22&time=5",
    "query?query=vector(0)/0&time=5",
    "query?query=sum(vector(1))%20by%20(&time=5",
    "query?query=nothing[5m]&time=5",
    "query?query=1&timeout=x",
    "query?query=",
    "query_range?query=vector(1.5)&start=0&end=10&step=2.5",
    "query_range?query=time()&start=1700000000.5&end=1700000060.5&step=30s",
    "query_range?query=1&start=0&end=10&step=5",
    "query_range?query=1&start=10&end=0&step=5",
    "query_range?query=1&start=0&end=10&step=0",
    "query_range?query=1&start=0&end=10&step=x",
    "query_range?query=1&start=x&end=10&step=1",
    "query_range?query=1&start=0&end=11001&step=1",
    "series",
    "series?match[]={}",
    "series?match[]=nothing",
    "labels?match[]=nothing",
    "label/job/values?match[]=nothing",
    "rules?type=x",
    "nothing/here",
]


@pytest.mark.peer
async def test_the_same_requests(tmp_path: Path, sqlite_url: str) -> None:
    """Status and body are the same, to the byte where it is JSON."""
    async with pair(tmp_path, sqlite_url) as both, ClientSession() as session:
        different = []
        for request in REQUESTS:
            answers = []
            for base in (both.prometheus, both.alertd):
                async with session.get(URL(f"{base}/api/v1/{request}", encoded=True)) as response:
                    answers.append((response.status, (await response.text()).strip()))
            if answers[1] != answers[0]:
                different.append((request, *answers))
    assert different == []


def _alert_series(answer: Any) -> set[tuple[str, str, str]]:
    return {
        (one["metric"]["alertname"], one["metric"]["alertstate"], one["value"][1]) for one in answer["data"]["result"]
    }


@pytest.mark.peer
async def test_texts_that_ask(tmp_path: Path, sqlite_url: str) -> None:
    """`query` in labels and annotations gives the same bytes, also where it fails."""
    async with pair(tmp_path, sqlite_url) as both:
        groups = await both.until_equal("rules", _asking, lambda groups: groups[0]["rules"][0]["alerts"])
        (alert,) = groups[0]["rules"][0]["alerts"]
        assert alert["labels"]["waiting"] == "1.234567e+06"
        texts = alert["annotations"]
        assert texts["loop"] == "6=6;7=7;8=8;"
        assert (texts["dependent"], texts["defined"], texts["scalar"]) == ("8", "9", "2")
        for name in ("nothing", "wrong", "string", "twice"):
            assert texts[name].startswith("<error expanding template: error executing template __alert_Asks: ")


def _asking(answer: Any) -> Any:
    return [group for group in _rules(answer) if group["name"] == "asking"]
