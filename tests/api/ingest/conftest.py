"""What rules see of what came in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from alertd.api.server import ApiServer
from alertd.promql import parse
from alertd.service.service import Service
from alertd.sources.series import shown

Ask = Callable[..., Awaitable[dict[str, float]]]


@pytest.fixture
def ask(service: Service) -> Ask:
    """The value of an expression, by the labels as Prometheus writes them, as of now or of an instant."""

    async def asked(expr: str, at: int | None = None) -> dict[str, float]:
        source = service.runtime.snapshots(None)
        assert source is not None
        answer = await source.query(parse(expr), service.clock.now() if at is None else at)
        return {shown(labels): value for labels, value in answer.samples}

    return asked


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    """The address of a service that is served for real."""
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    server = ApiServer(service, "127.0.0.1:0", listening.set_result)
    task = asyncio.create_task(server.run())
    try:
        yield await listening
    finally:
        server.stop()
        await task
