"""Evaluating over what was pushed and over the series of alerts, in a thread, so that nobody waits for a long query."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import anyio.to_thread

from alertd.promql import Expr, Matcher, Options, Series, Storage
from alertd.service.alertseries import AlertSeries, asks_for_alerts
from alertd.service.snapshots import StoredSnapshots
from alertd.sources.base import Answer
from alertd.sources.samples import answer
from alertd.sources.views import Layered

T = TypeVar("T")


class FromThread:
    """A storage of the event loop's thread, for another thread: each selection is made where the storage is written."""

    def __init__(self, storage: Storage, loop: asyncio.AbstractEventLoop) -> None:
        self._storage = storage
        self._loop = loop

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Series]:
        """Copies of the matching series."""

        async def selected() -> list[Series]:
            return list(self._storage.select(matchers, start, end))

        return asyncio.run_coroutine_threadsafe(selected(), self._loop).result()


async def evaluated(source: StoredSnapshots, work: Callable[[Storage, Options], T]) -> T:
    """What `work` makes, in a thread, of everything that was pushed before; raises what it raises."""
    await source.follow()
    storage = FromThread(source.storage, asyncio.get_running_loop())
    return await anyio.to_thread.run_sync(work, storage, source.options)


class SeeingAlerts:
    """A snapshot source that has the series of alerts beside what was pushed to it; `series` makes them."""

    def __init__(self, source: StoredSnapshots, series: Callable[[], Awaitable[AlertSeries]]) -> None:
        self._source = source
        self._series = series

    async def query(self, expr: Expr, at: int) -> Answer:
        """The value of `expr` at `at`, as a rule takes it. Raises SourceError."""
        if not asks_for_alerts(expr):
            return await self._source.query(expr, at)
        series = await self._series()
        return await evaluated(
            self._source, lambda storage, options: answer(expr, Layered(storage, series), at, options)
        )
