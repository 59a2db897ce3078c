"""Alerts as Prometheus sends them, pushed as fast as a side takes them, and the webhook that counts what comes out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

BATCH = 64


def alert(number: int, group: int, began: datetime, *, ahead: int = 0) -> dict[str, object]:
    """One of many alerts with seven labels and two annotations, in a group by `alertname`."""
    return {
        "labels": {
            "alertname": f"Alert{group}",
            "cluster": f"cluster-{number % 7}",
            "instance": f"10.0.{number // 250}.{number % 250}:9100",
            "job": "node",
            "namespace": f"namespace-{number % 50}",
            "severity": "warning" if number % 3 else "critical",
            "number": str(number),
        },
        "annotations": {
            "summary": f"Instance {number} uses too much of something",
            "description": "The long story of what is wrong, with a value of 0.93 that has been there for 5m.",
        },
        "startsAt": _text(began),
        "endsAt": _text(began + timedelta(minutes=4 + ahead)),
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up%20%3D%3D%200&g0.tab=1",
    }


def bodies(count: int, groups: int, began: datetime, *, ahead: int = 0) -> list[bytes]:
    """`count` alerts in `groups` groups, one group after the other, as request bodies of `BATCH` each.

    `ahead` minutes are added to their ends, as a resend does.
    """
    alerts = [alert(number, number * groups // count, began, ahead=ahead) for number in range(count)]
    return [json.dumps(alerts[start : start + BATCH]).encode() for start in range(0, count, BATCH)]


async def push(address: str, requests: Sequence[bytes], *, connections: int = 4) -> float:
    """Post all, over some connections at once; the seconds from the first request to the last answer."""
    waiting: asyncio.Queue[bytes] = asyncio.Queue()
    for request in requests:
        waiting.put_nowait(request)
    began = time.perf_counter()
    await asyncio.gather(*(_send(address, waiting) for _ in range(connections)))
    return time.perf_counter() - began


async def _send(address: str, waiting: asyncio.Queue[bytes]) -> None:
    """One connection that posts until nothing waits; written plainly, so that the client costs little beside a side."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        while not waiting.empty():
            body = waiting.get_nowait()
            head = f"POST /api/v2/alerts HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await _read_answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), "content-length: 0")
    body = await reader.readexactly(int(length.partition(":")[2]))
    if " 200 " not in head.split("\r\n")[0] + " ":
        raise RuntimeError(f"a push was refused: {head.splitlines()[0]} {body[:200]!r}")


async def get(address: str, path: str) -> tuple[float, bytes]:
    """The seconds that one GET takes, and its body."""
    began = time.perf_counter()
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}{path}") as answer:
        body = await answer.read()
        answer.raise_for_status()
    return time.perf_counter() - began, body


async def silence(address: str, matchers: Iterable[tuple[str, str, bool]], began: datetime) -> None:
    """Post a silence of an hour; a matcher is a name, a value and whether the value is a pattern."""
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": regex, "isEqual": True} for name, value, regex in matchers
        ],
        "startsAt": _text(began),
        "endsAt": _text(began + timedelta(hours=1)),
        "createdBy": "benchmark",
        "comment": "measured",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{address}/api/v2/silences", json=body) as answer,
    ):
        answer.raise_for_status()


@dataclass
class Webhook:
    """Counts the alerts that arrive, each once; `done` is set with the last of `expected`."""

    url: str
    expected: int = 0
    last_at: float = 0.0
    requests: int = 0
    told: set[str] = field(default_factory=set)
    done: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def webhook() -> AsyncIterator[Webhook]:
    """A receiver that takes everything at once."""
    hook = Webhook("")

    async def take(request: web.Request) -> web.Response:
        message = json.loads(await request.read())
        hook.requests += 1
        hook.told.update(alert["fingerprint"] for alert in message["alerts"])
        hook.last_at = time.perf_counter()
        if hook.expected and len(hook.told) >= hook.expected:
            hook.done.set()
        return web.Response()

    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hook
    finally:
        await runner.cleanup()


def now() -> datetime:
    return datetime.now(UTC)


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
