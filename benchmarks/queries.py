"""PromQL over pushed samples beside Prometheus over the same ones: both are asked over HTTP in the same way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import aiohttp

from benchmarks.ingest_samples import HEADERS, receiver, requests_of, send

SERIES = 10_000
_ROUNDS = 5
_METRIC = "node_cpu_seconds_total"
_LONG = (
    "sum by (instance, job) (rate(http_requests_total{code=~'5..', job='api'}[5m] offset 1h))"
    " / ignoring (code) group_left () sum by (instance, job) (rate(http_requests_total{job='api'}[5m] offset 1h))"
    " > bool 0.05 and on (instance) (up == 1 or absent_over_time(up[10m:30s]) unless vector(1) ^ 2 ^ 3)"
)


async def queries(side: str, scale: float) -> Mapping[str, float]:
    """Milliseconds of one answer each, the best of five."""
    series = int(SERIES * scale)
    async with receiver(side) as process, aiohttp.ClientSession() as session:
        for shard in requests_of(series):
            async with aiohttp.ClientSession(headers=HEADERS) as writer:
                await send(writer, f"http://{process.address}/api/v1/write", shard)
        base = f"http://{process.address}/api/v1"
        end = time.time()
        one = f'{_METRIC}{{instance="10.0.0.0:9100",cpu="3",mode="idle"}}'
        hundred = f"topk(100, {_METRIC})"
        spanned = {"start": str(end - 120), "end": str(end), "step": "0.12"}
        asked = {
            "parse and print": ("format_query", {"query": _LONG}),
            "1 series": ("query", {"query": one}),
            "100 series": ("query", {"query": hundred}),
            "10 000 series": ("query", {"query": _METRIC}),
            "rate over 10 000 series": ("query", {"query": f"sum(rate({_METRIC}[2m]))"}),
            "1 000 steps": ("query_range", {"query": f"rate({one}[1m])", **spanned}),
        }
        return {name: await _best(session, f"{base}/{path}", form) for name, (path, form) in asked.items()}


async def _best(session: aiohttp.ClientSession, url: str, form: Mapping[str, str]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        async with session.post(url, data=form) as answer:
            body = await answer.read()
            best = min(best, time.perf_counter() - began)
        if answer.status != 200 or not json.loads(body)["data"]:
            raise RuntimeError(f"{url} was not answered: {answer.status} {body[:200]!r}")
    return best * 1000
