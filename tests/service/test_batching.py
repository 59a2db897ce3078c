"""What comes while one piece of work runs goes into the next, together, and nobody suffers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from alertd.service.batching import Batches


class Work:
    """Doubles numbers; waits for `go` first, and refuses 13."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.calls: list[list[int]] = []

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.calls.append(list(items))
        await self.go.wait()
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]


async def test_what_waits_goes_together() -> None:
    """The first goes alone at once, those that came meanwhile together, no more than may be."""
    work = Work()
    batches: Batches[int, int] = Batches(work, most=3)
    waiting = [asyncio.create_task(batches.add(number)) for number in range(1)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(batches.add(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    work.go.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8, 10]
    assert work.calls == [[0], [1, 2, 3], [4, 5]]


async def test_a_failure_is_one_items_own() -> None:
    """A batch that fails is done again one by one; only the item that is at fault fails."""
    work = Work()
    work.go.set()
    batches: Batches[int, int] = Batches(work, most=10)
    results = await asyncio.gather(*(batches.add(number) for number in (1, 13, 2)), return_exceptions=True)
    assert [results[0], results[2]] == [2, 4]
    assert isinstance(results[1], ValueError)
    assert await batches.add(5) == 10


async def test_who_goes_away_takes_nothing_along() -> None:
    """A caller that is cancelled leaves the work and the others alone."""
    work = Work()
    batches: Batches[int, int] = Batches(work, most=10)
    gone = asyncio.create_task(batches.add(1))
    await asyncio.sleep(0)
    other = asyncio.create_task(batches.add(2))
    await asyncio.sleep(0)
    gone.cancel()
    work.go.set()
    assert await other == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert sorted(item for call in work.calls for item in call) == [1, 2]
