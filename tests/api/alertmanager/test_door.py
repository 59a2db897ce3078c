"""The door to Alertmanager's API: other sites' pages, bounds, and what is counted."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from alertd.api.alertmanager.door import Door
from alertd.api.web import WebOptions
from alertd.service.alertmanager_metrics import AlertmanagerMetrics


class Slow:
    """Answers when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.may.wait()
        await PlainTextResponse("done")(scope, receive, send)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def open_door(app: Slow, registry: CollectorRegistry, web: WebOptions) -> httpx.AsyncClient:
    door = Door(app, web, AlertmanagerMetrics(registry, "1"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://alertd")


async def test_concurrency(registry: CollectorRegistry) -> None:
    """One GET too many is refused at once and counted; other methods are not bounded."""
    slow = Slow()
    client = open_door(slow, registry, WebOptions(get_concurrency=1))
    first = asyncio.create_task(client.get("/api/v2/alerts"))
    await slow.asked.wait()
    refused = await client.get("/api/v2/alerts")
    assert (refused.status_code, refused.text) == (
        503,
        "Limit of concurrent GET requests reached (1), try again later.\n\n",
    )
    posted = asyncio.create_task(client.post("/api/v2/alerts"))
    slow.may.set()
    assert [(await task).text for task in (first, posted)] == ["done", "done"]
    assert (await client.get("/api/v2/alerts")).text == "done"
    told = generate_latest(registry).decode()
    assert 'alertmanager_http_concurrency_limit_exceeded_total{method="get"} 1.0' in told
    assert 'alertmanager_http_requests_in_flight{method="get"} 0.0' in told
    assert 'duration_seconds_count{code="503",handler="/api/v2/alerts",method="get"} 1.0' in told


async def test_timeout(registry: CollectorRegistry) -> None:
    """A request that takes too long is answered that it did; one in time has its own answer."""
    slow = Slow()
    client = open_door(slow, registry, WebOptions(timeout=50))
    late = await client.get("/api/v2/alerts")
    assert (late.status_code, late.text) == (503, "Exceeded configured timeout of 50ms.\n")
    slow.may.set()
    assert (await client.get("/api/v2/alerts")).text == "done"


@pytest.mark.parametrize(
    ("method", "asked", "answered"),
    [
        ("GET", {"Origin": "http://x"}, {"access-control-allow-origin": "*", "vary": "Origin"}),
        ("GET", {}, {"vary": "Origin"}),
        (
            "OPTIONS",
            {
                "Origin": "http://x",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
            {
                "access-control-allow-origin": "*",
                "access-control-allow-methods": "POST",
                "access-control-allow-headers": "content-type",
            },
        ),
        ("OPTIONS", {"Origin": "http://x", "Access-Control-Request-Method": "DELETE"}, {}),
        (
            "OPTIONS",
            {
                "Origin": "http://x",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "Authorization",
            },
            {},
        ),
    ],
)
async def test_other_sites(
    registry: CollectorRegistry, method: str, asked: dict[str, str], answered: dict[str, str]
) -> None:
    """Pages of every site may read and send, as they may in Alertmanager, where that is wanted; else nobody is told."""
    slow = Slow()
    slow.may.set()
    answer = await open_door(slow, registry, WebOptions(any_page=True)).request(method, "/api/v2/x", headers=asked)
    assert answered.items() <= dict(answer.headers).items()
    if "access-control-allow-origin" not in answered:
        assert "access-control-allow-origin" not in answer.headers
    closed = await open_door(slow, CollectorRegistry(), WebOptions()).request(method, "/api/v2/x", headers=asked)
    assert not {"access-control-allow-origin", "vary"} & closed.headers.keys()


async def test_paths_are_counted_by_their_kind(registry: CollectorRegistry) -> None:
    """However many silences are asked for, they are one handler; what is unknown is another."""
    slow = Slow()
    slow.may.set()
    client = open_door(slow, registry, WebOptions())
    for path in ("/api/v2/silence/1", "/api/v2/silence/2", "/api/v2/x", "/api/v2/y", "/api/v2/alerts/groups"):
        await client.request("BREW" if path.endswith("y") else "GET", path)
    told = generate_latest(registry).decode()
    assert 'duration_seconds_count{code="200",handler="/api/v2/silence/{silenceID}",method="get"} 2.0' in told
    assert 'duration_seconds_count{code="200",handler="other",method="get"} 1.0' in told
    assert 'duration_seconds_count{code="200",handler="other",method="other"} 1.0' in told
    assert 'handler="/api/v2/alerts/groups"' in told
