"""Spans as rows, on both databases."""

from __future__ import annotations

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.machine import Instance, State, Transition
from alertd.alerts.spans import Span
from alertd.store import spans
from alertd.store.database import Database

ORG = "default"


def report(state: State, *, fingerprint: str = "a", fired_at: int | None = None) -> Report:
    return Report("rule", fingerprint, {"alertname": fingerprint}, {}, Instance(state, "", 3, fired_at), 3)


def follow(database: Database, now: int, found: Report | None, fingerprint: str = "a") -> None:
    change = ReportChange("rule", fingerprint, found, (Transition.FIRED,), rule="rule")
    database.transaction(spans.follow, ORG, [change], now)


def read(database: Database, start: int, end: int) -> list[tuple[str, int, int | None]]:
    found = database.transaction(spans.read, ORG, start, end)
    return [(span.state, span.started_at, span.ended_at) for span in found]


def test_the_life_of_an_alert(database: Database) -> None:
    """Each stretch is there for the time that it took, its end included."""
    follow(database, 3, report(State.PENDING))
    follow(database, 10, report(State.FIRING))
    follow(database, 20, None)
    assert read(database, 0, 100) == [("pending", 3, 10), ("firing", 10, 20)]
    assert read(database, 0, 9) == [("pending", 3, 10)]
    assert read(database, 9, 9) == [("pending", 3, 10)]
    assert read(database, 10, 100) == [("firing", 10, 20)]
    assert read(database, 19, 19) == [("firing", 10, 20)]
    assert read(database, 20, 100) == []
    (span,) = database.transaction(spans.read, ORG, 10, 100)
    assert span == Span("rule", "a", {"alertname": "a"}, "firing", 3, 10, 20)


def test_pruning(database: Database) -> None:
    """What ended long ago goes, what lasts stays."""
    follow(database, 3, report(State.FIRING))
    follow(database, 3, report(State.FIRING, fingerprint="b"), "b")
    follow(database, 20, None)
    assert database.transaction(spans.prune, 20) == 0
    assert database.transaction(spans.prune, 21) == 1
    assert read(database, 0, 100) == [("firing", 3, None)]


def test_catching_up(database: Database) -> None:
    """What is reported and has no span gets one since it is so; one that nobody reports any more ends."""
    follow(database, 3, report(State.FIRING, fingerprint="gone"), "gone")
    follow(database, 4, report(State.FIRING, fingerprint="known"), "known")
    reported = [
        report(State.PENDING),
        report(State.RECOVERING, fingerprint="b", fired_at=7),
        report(State.FIRING, fingerprint="known", fired_at=9),
        report(State.OK, fingerprint="well"),
    ]
    for now in (50, 60):
        database.transaction(spans.catch_up, ORG, reported, now)
    assert sorted(read(database, 0, 100), key=str) == [
        ("firing", 3, 50),
        ("firing", 4, None),
        ("firing", 7, None),
        ("pending", 3, None),
    ]
    assert database.transaction(spans.read, "other", 0, 100) == []
