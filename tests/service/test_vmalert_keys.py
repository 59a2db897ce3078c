"""vmalert's keys in a service: when a group is evaluated, as of when it asks, what goes with its queries."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from alertd.clock import VirtualClock
from alertd.service.build import build_service
from alertd.service.service import Service
from tests.peers.serving import serving
from tests.service.world import MINUTE, SECOND

CONFIG = """
route: {{receiver: nobody}}
receivers: [{{name: nobody}}]
rule_files: [rules.yml]
sources:
  metrics: {{type: prometheus, url: "{url}", labels: {{cluster: a}}}}
"""
RULES = """
groups:
- name: g
  interval: 5m
  eval_offset: 30s
  eval_alignment: true
  query_offset: 10s
  params: {{nocache: ["1"], "extra[]": ["a b", "c"]}}
  headers: ["AccountID: 12"]
  concurrency: {concurrency}
  debug: {debug}
  rules:
  - {{alert: One, expr: up}}
  - {{alert: Two, expr: up}}
  - {{alert: Three, expr: up}}
"""
EMPTY = '{"status":"success","data":{"resultType":"vector","result":[]}}'
#: A multiple of five minutes.
NOW = 1_700_000_100_000


class Prometheus:
    """Keeps what it is asked, and answers when `together` requests are there."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.together = 1
        self._waiting = 0
        self._complete = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.requests.append((request.rel_url.raw_query_string, request.headers["accountid"], str(form["time"])))
        self._waiting += 1
        if self._waiting == self.together:
            self._complete.set()
        await self._complete.wait()
        return web.Response(text=EMPTY, content_type="application/json")


@pytest.fixture
async def prometheus() -> Prometheus:
    return Prometheus()


async def evaluated(folder: Path, url: str, database_url: str, *, concurrency: int = 1, debug: bool = False) -> Service:
    """A service whose one group was evaluated at its first slot."""
    (folder / "alertd.yml").write_text(CONFIG.format(url=url))
    (folder / "rules.yml").write_text(RULES.format(concurrency=concurrency, debug=str(debug).lower()))
    service = build_service(folder / "alertd.yml", database_url=database_url, clock=VirtualClock(NOW), env={})
    (group,) = service.runtime.groups
    await service.engine.evaluate(group, group.slots.after(NOW))
    await service.runtime.close()
    service.database.close()
    return service


async def test_when_and_how_a_source_is_asked(tmp_path: Path, sqlite_url: str, prometheus: Prometheus) -> None:
    """Slots lie at the offset, queries are as of the aligned instant less the offset, with parameters and headers."""
    async with serving(prometheus.handle) as url:
        service = await evaluated(tmp_path, url, sqlite_url)
    (group,) = service.runtime.groups
    assert group.slots.after(NOW) == NOW + 30 * SECOND
    assert group.slots.after(NOW + 30 * SECOND) == NOW + 5 * MINUTE + 30 * SECOND
    assert len(prometheus.requests) == 3
    for query, account, time in prometheus.requests:
        assert query == "nocache=1&extra%5B%5D=a+b&extra%5B%5D=c"
        assert account == "12"
        assert time == f"{(NOW - 10 * SECOND) / 1000:.3f}"


async def test_rules_at_the_same_time(tmp_path: Path, sqlite_url: str, prometheus: Prometheus) -> None:
    """With a concurrency of three, three rules wait for their answers together."""
    prometheus.together = 3
    async with asyncio.timeout(60), serving(prometheus.handle) as url:
        await evaluated(tmp_path, url, sqlite_url, concurrency=3)
    assert len(prometheus.requests) == 3


@pytest.mark.parametrize("debug", [True, False])
async def test_debug(
    tmp_path: Path, sqlite_url: str, prometheus: Prometheus, capsys: pytest.CaptureFixture[str], debug: bool
) -> None:
    """A group that is watched has each evaluation of each rule in the log."""
    async with serving(prometheus.handle) as url:
        await evaluated(tmp_path, url, sqlite_url, debug=debug)
    assert capsys.readouterr().out.count("rule_evaluated") == (3 if debug else 0)
