"""What is measured beside Alertmanager and other peers: each row runs one side once and gives its numbers by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from benchmarks import ingest_samples, queries, ruletests
from benchmarks.load import bodies, get, now, push, silence, webhook
from benchmarks.sides import running

LONGEST = 600.0

_ROUTE = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: {wait}
  group_interval: 5m
  repeat_interval: 4h
{routes}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
"""

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """`measure` takes the name of a side and the scale of the work; `more_is_better` says which way a ratio is read.

    `peer` is who stands on the other side.
    """

    title: str
    measure: Callable[[str, float], Awaitable[Numbers]]
    reach: Mapping[str, float]
    more_is_better: bool = False
    peer: str = "Alertmanager"


def config(url: str, *, wait: str = "2s", routes: int = 0) -> str:
    """A configuration with `routes` routes of which the last one takes the alerts."""
    if not routes:
        return _ROUTE.format(wait=wait, routes="", url=url)
    matchers = [f'{{matchers: [team="team-{number}", area=~"(a|b){number}"]}}' for number in range(routes - 1)]
    listed = "\n".join(f"    - {matcher}" for matcher in [*matchers, '{matchers: [job="node"]}'])
    return _ROUTE.format(wait=wait, routes=f"  routes:\n{listed}", url=url)


async def ingest(side: str, scale: float) -> Numbers:
    """Alerts taken a second: new ones, then the same ones again with a later end."""
    count = int(20_000 * scale)
    began = now()
    async with running(side, config("http://127.0.0.1:9/", wait="1h")) as process:
        new = await push(process.address, bodies(count, count // 10, began))
        resent = await push(process.address, bodies(count, count // 10, began, ahead=1))
    return {"new": count / new, "resent": count / resent}


async def through(side: str, scale: float, *, silences: int = 0, routes: int = 0) -> Numbers:
    """Seconds from the first alert in to the last message out."""
    count = int(20_000 * scale)
    began = now()
    async with webhook() as hook, running(side, config(hook.url, routes=routes)) as process:
        for number in range(silences):
            await silence(process.address, [("instance", f"10.9.{number}..*", True), ("job", "node", False)], began)
        hook.expected = count
        started = time.perf_counter()
        before = process.processor_time
        await push(process.address, bodies(count, count // 10, now()))
        async with asyncio.timeout(LONGEST):
            await hook.done.wait()
        return {"seconds": hook.last_at - started, "processor": process.processor_time - before}


async def through_silences(side: str, scale: float) -> Numbers:
    return await through(side, scale, silences=int(2_000 * scale))


async def through_routes(side: str, scale: float) -> Numbers:
    return await through(side, scale, routes=int(1_000 * scale))


async def memory(side: str, scale: float) -> Numbers:
    """Megabytes with many active alerts."""
    count = int(100_000 * scale)
    async with running(side, config("http://127.0.0.1:9/", wait="1h")) as process:
        await push(process.address, bodies(count, count // 10, now()))
        await asyncio.sleep(1)
        return {"megabytes": process.memory / 1e6}


async def listing(side: str, scale: float) -> Numbers:
    """Milliseconds to list one group of many alerts, with a filter that one of them passes; the best of five."""
    count = int(20_000 * scale)
    wanted = quote(f'number="{count // 2}"')
    async with running(side, config("http://127.0.0.1:9/", wait="1h")) as process:
        await push(process.address, bodies(count, 1, now()))
        path = f"/api/v2/alerts/groups?filter={quote('alertname=Alert0')}&filter={wanted}"
        answers = [await get(process.address, path) for _ in range(5)]
        if any(body.count(b'"fingerprint"') != 1 for _, body in answers):
            raise RuntimeError(f"{side} did not list the one alert")
        return {"milliseconds": min(seconds for seconds, _ in answers) * 1000}


ROWS: Mapping[str, Row] = {
    "ingest": Row(
        "alerts accepted and committed a second, 64 a request", ingest, {"new": 1, "resent": 4}, more_is_better=True
    ),
    "through": Row("20 000 alerts in 2 000 groups, first in to last message out", through, {"seconds": 1}),
    "silences": Row("the same with 2 000 silences", through_silences, {"seconds": 0.5}),
    "routes": Row("the same with 1 000 routes", through_routes, {"seconds": 0.5}),
    "memory": Row("memory at 100 000 active alerts", memory, {"megabytes": 0.5}),
    "listing": Row("one group of 20 000 alerts, filtered", listing, {"milliseconds": 0.5}),
    "ruletests": Row(
        "unit tests of rules with windows of 28 days", ruletests.measure, {"seconds": 0.1}, peer=ruletests.PROMTOOL
    ),
    "remotewrite": Row(
        "samples of remote write accepted and committed, 2 000 a request",
        ingest_samples.remote_write,
        {},
        more_is_better=True,
        peer=ingest_samples.PROMETHEUS,
    ),
    "push": Row(
        "samples of the text format accepted, 10 000 at once",
        ingest_samples.pushed_text,
        {},
        more_is_better=True,
        peer=ingest_samples.PROMETHEUS,
    ),
    "text": Row(
        "samples of the text format read", ingest_samples.text, {}, more_is_better=True, peer=ingest_samples.CLIENT
    ),
    "queries": Row(
        "PromQL over 10 000 series, milliseconds an answer", queries.queries, {}, peer=ingest_samples.PROMETHEUS
    ),
}
