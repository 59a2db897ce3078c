"""Work in sets: what comes while one transaction runs goes into the next one, together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batches(Generic[Item, Result]):
    """Calls `work` with all items that wait, one call at a time; `work` gives a result for each, in their order.

    A call that fails is done again for each of its items alone, so that one cannot take others down with it.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Result:
        """The result of `item`; raises what `work` raised for it. Who is cancelled meanwhile does not stop the work."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not await self._try(batch, last=len(batch) == 1):
                    for single in batch:
                        await self._try([single], last=True)
        finally:
            self._worker = None

    async def _try(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]], *, last: bool) -> bool:
        """Do the work for a batch; False when it failed and its items are to be tried alone."""
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits for the result
            if last and not batch[0][1].done():
                batch[0][1].set_exception(error)
            return last
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
        return True
