"""The source of pushed metrics over its rows: what one replica took, every replica and every restart sees."""

from __future__ import annotations

import asyncio
import time

import pytest

from alertd.clock import HOUR, MINUTE
from alertd.promql import parse
from alertd.service.pushgroups import InconsistentPush
from alertd.service.snapshots import Setup, StoredSnapshots
from alertd.sources.admission import SampleLimits
from alertd.sources.exposition.text import read_text
from alertd.sources.series import Identity, SeriesSamples
from alertd.sources.snapshots import SnapshotRejected
from alertd.store import pushgroups, snapshots
from alertd.store.database import Database

NOW = 1_769_860_800_000
LATER = NOW + MINUTE


def replica(database: Database, setup: Setup = Setup()) -> StoredSnapshots:
    return StoredSnapshots(database, "default", "app", setup, now=lambda: LATER)


def series(name: str, *samples: tuple[int, float]) -> SeriesSamples:
    return SeriesSamples(Identity((("__name__", name), ("job", "x"))), list(samples))


async def values(source: StoredSnapshots, text: str, at: int = LATER) -> dict[str, float]:
    answer = await source.query(parse(text), at)
    return {labels["__name__"]: value for labels, value in answer.samples}


ANY = '{__name__=~".+", __name__!~"push_.*"}'


async def test_replicas_see_what_any_took(database: Database) -> None:
    """Snapshots, groups and written series, in whichever process they came, and in one that starts later."""
    first, second = replica(database), replica(database)
    await first.push(first.read({"load": 5}, {}, NOW), NOW)
    assert await values(second, ANY) == {"load": 5.0}
    await second.write([series("a", (NOW, 1.0), (NOW + 1, 2.0))], NOW)
    await first.push_group({"job": "j"}, read_text(b"b 3\n"), NOW, replace_all=True)
    expected = {"load": 5.0, "a": 2.0, "b": 3.0}
    for source in (first, second, replica(database)):
        assert await values(source, ANY) == expected
    assert await second.remove_group({"job": "j"}, LATER - 1)
    assert not await first.remove_group({"job": "j"}, LATER)
    for source in (first, second, replica(database)):
        assert await values(source, ANY) == {"load": 5.0, "a": 2.0}


async def test_order_is_judged_by_what_others_took(database: Database) -> None:
    """A replica that has followed refuses what is older than what another one took."""
    first, second = replica(database), replica(database)
    await first.write([series("a", (NOW, 1.0))], NOW)
    await second.follow()
    admitted = await second.write([series("a", (NOW - 1, 1.0)), series("b", (NOW, 1.0))], NOW)
    assert (admitted.samples, len(admitted.refused)) == (1, 1)
    assert await values(first, ANY) == {"a": 1.0, "b": 1.0}


async def test_many_writes_at_once(database: Database) -> None:
    """What comes together is committed together, and nothing of it is lost or taken twice."""
    source, other = replica(database), replica(database)
    await asyncio.gather(*(source.write([series(f"s{n}", (NOW, float(n)))], NOW) for n in range(300)))
    assert len(await values(source, ANY)) == 300
    assert await values(other, ANY) == {f"s{n}": float(n) for n in range(300)}
    rows = database.transaction(snapshots.ids_after, "default", "app", 0)
    assert len(rows) == 300


async def test_what_is_too_much_goes(database: Database) -> None:
    """When the database has given up the oldest rows, memory does too; groups stay."""
    source = replica(database)
    await source.push_group({"job": "j"}, read_text(b"b 3\n"), NOW - HOUR, replace_all=True)
    await source.write([series("a", (NOW - 1, 1.0))], NOW - MINUTE)
    await source.write([series("c", (NOW, 1.0))], NOW)
    assert set(await values(source, ANY)) == {"a", "b", "c"}
    newest = database.transaction(
        lambda connection: snapshots.by_id(connection, snapshots.ids_after(connection, "default", "app", 0))
    )[-1]
    assert database.transaction(snapshots.shrink, "default", "app", len(newest.body)) == 2
    await source.shrink(LATER)
    assert await values(source, ANY) == {"b": 3.0, "c": 1.0}
    assert await values(replica(database), ANY) == {"b": 3.0, "c": 1.0}


async def test_what_was_late_stays(database: Database) -> None:
    """Samples older than the moment they came at are kept as long as their rows, also when it is cleaned up."""
    source = replica(database)
    late = series("late", *((NOW - n * MINUTE, 1.0) for n in range(30, 0, -1)))
    assert (await source.write([late], NOW)).samples == 30
    await source.follow()
    await source.shrink(LATER)
    for one in (source, replica(database)):
        answer = await one.query(parse("count_over_time(late[1h])"), LATER)
        assert [value for _, value in answer.samples] == [30.0]


async def test_requests_at_once_are_judged_in_turn(database: Database) -> None:
    """However many come together: of one instant one value is taken, and never more series than there is room for."""
    source = replica(database, Setup(sample_limits=SampleLimits(series=5)))
    same = await asyncio.gather(*(source.write([series("a", (NOW, float(n)))], NOW) for n in range(30)))
    assert sum(admitted.samples for admitted in same) == 1
    older = await asyncio.gather(*(source.write([series("b", (NOW - n, 1.0))], NOW) for n in range(30)))
    assert sum(admitted.samples for admitted in older) == 1
    many = await asyncio.gather(*(source.write([series(f"s{n}", (NOW, 1.0))], NOW) for n in range(30)))
    assert sum(admitted.samples for admitted in many) == 3
    assert len(await values(source, ANY)) == 5


async def test_what_could_not_be_stored_is_not_known(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database fails, the sender comes again with the same samples, and they are taken."""
    source = replica(database)
    late = [series("a", (NOW - 1, 1.0), (NOW, 2.0))]
    with monkeypatch.context() as broken:
        broken.setattr(snapshots, "add_body", lambda *_args, **_values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await source.write(late, NOW)
    assert (await source.write(late, NOW)).samples == 2


async def test_all_doors_share_the_room(database: Database) -> None:
    """Series of snapshots, groups and remote write count together; a pusher's own next snapshot takes no more."""
    source = replica(database, Setup(sample_limits=SampleLimits(series=6)))
    assert (await source.write([series("a", (NOW, 1.0))], NOW)).samples == 1
    await source.push(source.read({"b": 1, "c": 2}, {}, NOW), NOW)
    await source.push(source.read({"b": 1, "c": 2}, {}, NOW + 1), NOW)
    await source.push_group({"job": "j"}, read_text(b"d 3\n"), NOW, replace_all=True)
    with pytest.raises(SnapshotRejected, match="a source may have 6 series, with these there would be 7"):
        await source.push(source.read({"e": 1}, {"app": "other"}, NOW), NOW)
    with pytest.raises(InconsistentPush, match="a source may have 6 series, with these there would be 7"):
        await source.push_group({"job": "j"}, read_text(b"d 3\nf 1\n"), NOW, replace_all=True)
    assert (await source.write([series("g", (NOW, 1.0))], NOW)).samples == 0


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (NOW + 11 * MINUTE, "more than 10 minutes in the future"),
        (NOW - 7 * HOUR, "older than the source keeps metrics"),
    ],
)
async def test_snapshots_of_another_time(database: Database, at: int, says: str) -> None:
    """They would not be seen, or be seen for too long."""
    source = replica(database)
    with pytest.raises(SnapshotRejected, match=says):
        await source.push(source.read({"b": 1}, {}, at), NOW)
    assert await values(source, ANY) == {}


async def test_room_for_series(database: Database) -> None:
    """Series that are forgotten make room for new ones."""
    source = replica(database, Setup(sample_limits=SampleLimits(series=1)))
    assert (await source.write([series("a", (NOW, 1.0))], NOW)).samples == 1
    assert (await source.write([series("b", (NOW, 1.0))], NOW)).samples == 0
    source.forget(NOW + 1)
    assert (await source.write([series("b", (NOW + 1, 1.0))], NOW)).samples == 1


async def test_groups_as_rows(database: Database) -> None:
    """What a group says last is one row, whose values are those that came, whatever numbers they are."""
    source = replica(database)
    await source.push_group(
        {"job": "j", "x": "y"}, read_text(b"# TYPE a gauge\na NaN\nb +Inf\n"), NOW, replace_all=True
    )
    await source.push_group({"x": "y", "job": "j"}, read_text(b"b -0\n"), NOW, replace_all=False)
    with pytest.raises(InconsistentPush):
        await source.push_group({"job": "other"}, read_text(b"# TYPE a counter\na 1\n"), NOW, replace_all=True)
    found, failed = sorted(
        database.transaction(pushgroups.every, "default", "app"), key=lambda group: group.pushed_at is None
    )
    assert dict(found.labels) == {"job": "j", "x": "y"}
    assert {name: (family.type, [value for _, value in family.values]) for name, family in found.families.items()} == {
        "a": ("gauge", ["nan"]),
        "b": ("untyped", ["-0.0"]),
    }
    assert (found.pushed_at, found.failed_at, found.at) == (NOW, None, NOW + 1)
    assert (failed.pushed_at, failed.failed_at, failed.families) == (None, NOW, {})


async def test_a_push_of_thousands_is_quick(database: Database) -> None:
    """Ten thousand series are written, and written again, within seconds."""
    source = replica(database)
    names = [Identity((("__name__", "a"), ("n", str(n)))) for n in range(10_000)]
    began = time.monotonic()
    for at in (NOW, NOW + 1):
        admitted = await source.write([SeriesSamples(name, [(at, 1.0)]) for name in names], NOW)
        assert admitted.samples == 10_000
    assert (await source.query(parse("count(a)"), LATER)).samples == [({}, 10_000.0)]
    assert time.monotonic() - began < 60
