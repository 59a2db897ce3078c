"""How much others may put in."""

from __future__ import annotations

import pytest

from alertd.alerts.alert import Report
from alertd.alerts.pushed import PushedAlert, report_of
from alertd.routing.matchers import Matcher, Operator
from alertd.routing.silences import Silence, SilenceRejected
from alertd.service.limits import NameLimit, check_room, size_of
from alertd.store import silences
from alertd.store.database import Database

NOW = 1_000_000


def report(name: str, number: int, ends_at: int = NOW + 100) -> Report:
    alert = PushedAlert({"alertname": name, "number": str(number)}, starts_at=NOW - 100, ends_at=ends_at)
    return report_of(alert, "push/test", 1, NOW)


def silence(key: str = "", value: str = "b") -> Silence:
    return Silence(key, (Matcher("a", Operator.EQUAL, value),), NOW, NOW + 100, "ann", "why", NOW)


def test_alerts_of_a_name() -> None:
    """A name has so many alerts and no more; known ones are renewed, and ended ones give back their place."""
    limit = NameLimit()
    assert [limit.admits(report("A", number), 2, NOW) for number in (1, 2, 3, 1)] == [True, True, False, True]
    assert limit.admits(report("B", 1), 2, NOW)
    assert limit.admits(report("A", 2, ends_at=NOW), 2, NOW)
    assert limit.admits(report("A", 3), 2, NOW)
    assert not limit.admits(report("A", 4), 2, NOW)
    assert limit.admits(report("A", 4, ends_at=NOW + 200), 2, NOW + 100)


def test_no_limit() -> None:
    """Zero is no limit."""
    limit = NameLimit()
    assert all(limit.admits(report("A", number), 0, NOW) for number in range(10))


def test_silences(database: Database) -> None:
    """A new silence needs room, a change of one that is there does not; and none may be too large."""
    stored = database.transaction(silences.put, "default", silence(), NOW, "ann")
    assert stored is not None
    database.transaction(check_room, "default", silence(), 2, 0)
    database.transaction(check_room, "default", silence(stored.id), 1, 0)
    with pytest.raises(SilenceRejected, match=r"exceeded maximum number of silences: 1 \(limit: 1\)"):
        database.transaction(check_room, "default", silence(), 1, 0)
    size = size_of(silence())
    database.transaction(check_room, "default", silence(), 0, size)
    with pytest.raises(SilenceRejected, match=rf"maximum size: {size + 1} bytes \(limit: {size} bytes\)"):
        database.transaction(check_room, "default", silence(value="bb"), 0, size)
