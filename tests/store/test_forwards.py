"""The rows of alerts on their way to other Alertmanagers, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alertd.alerts.alert import Report, ReportChange
from alertd.alerts.forward import Forward
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State
from alertd.store import forwards
from alertd.store.database import Database

ORG = "default"
ONE, TWO = "http://one/api/v2/alerts", "http://two/api/v2/alerts"


def report(*, state: State = State.FIRING, severity: str = "", summary: str = "", fired_at: int = 3) -> Report:
    labels = {"alertname": "A", **({"severity": severity} if severity else {})}
    instance = Instance(state, severity, active_at=1, fired_at=fired_at)
    return Report("rule", "a", labels, {"summary": summary}, instance, 3, generator_url="http://g")


def change(found: Report | None, *, rule: str | None = "rule") -> ReportChange:
    return ReportChange("rule", "a", found, rule=rule)


def follow(database: Database, *changes: ReportChange, now: int, targets: tuple[str, ...] = (ONE,)) -> None:
    database.transaction(forwards.follow, ORG, changes, targets, now)


def claim(database: Database, now: int, target: str = ONE, count: int = 64) -> list[Forward]:
    return database.transaction(forwards.claim, ORG, target, now, 15, count)


def land(database: Database, rows: list[Forward], due_at: int | None, **how: Any) -> None:
    database.transaction(forwards.landed, ORG, [(row, due_at) for row in rows], **how)


def test_the_life_of_an_alert(database: Database) -> None:
    """It is due when it begins, again as its landing says, and at once when it ends; then it is gone."""
    follow(database, change(report()), now=10)
    (row,) = claim(database, 10)
    labels = {"alertname": "A"}
    assert row == Forward(
        ONE, "rule", fingerprint(labels), "a", labels, {"summary": ""}, "http://g", 3, None, due_at=10, epoch=1
    )
    assert claim(database, 11) == []
    land(database, [row], 70, sent_at=12)
    assert claim(database, 69) == []
    follow(database, change(None), now=40)
    (ended,) = claim(database, 40)
    assert (ended.ends_at, ended.sent_at) == (40, 12)
    land(database, [ended], None, sent_at=41)
    assert claim(database, 10**6) == []


def test_what_a_dead_process_held_is_due_again(database: Database) -> None:
    """A claim ends by itself, and the one that lost it changes nothing any more."""
    follow(database, change(report()), now=0)
    (lost,) = claim(database, 0)
    assert claim(database, 14) == []
    (taken,) = claim(database, 15)
    land(database, [lost], None, sent_at=16)
    land(database, [taken], 20, sent_at=None, error="down")
    assert len(claim(database, 20)) == 1


def test_an_end_while_the_alert_is_in_the_air(database: Database) -> None:
    """The landing of what was sent before says nothing of the end, which is due."""
    follow(database, change(report()), now=0)
    (sending,) = claim(database, 0)
    follow(database, change(None), now=5)
    land(database, [sending], 60, sent_at=6)
    (ended,) = claim(database, 6)
    assert ended.ends_at == 5


def test_other_changes_wait_their_turn(database: Database) -> None:
    """New texts go with the next resend, an alert that goes on firing is not hurried."""
    follow(database, change(report()), now=0)
    land(database, claim(database, 0), 60, sent_at=1)
    follow(database, change(report(summary="new", state=State.RECOVERING)), now=30)
    assert claim(database, 59) == []
    (row,) = claim(database, 60)
    assert (row.annotations, row.starts_at, row.ends_at) == ({"summary": "new"}, 3, None)


def test_an_alert_that_comes_back(database: Database) -> None:
    """It begins anew, while its end was still being repeated."""
    follow(database, change(report()), now=0)
    follow(database, change(None), now=5)
    follow(database, change(report(fired_at=9)), now=10)
    (row,) = claim(database, 10)
    assert (row.starts_at, row.ends_at) == (9, None)


def test_a_severity_that_changes(database: Database) -> None:
    """For an Alertmanager another severity is another alert: the old one ends, the new one begins."""
    follow(database, change(report(severity="warning")), now=0)
    land(database, claim(database, 0), 60, sent_at=1)
    follow(database, change(report(severity="critical")), now=5)
    rows = {row.labels["severity"]: row.ends_at for row in claim(database, 5)}
    assert rows == {"warning": 5, "critical": None}


def test_what_is_not_forwarded(database: Database) -> None:
    """Pending alerts, alerts that others send, and anything without an Alertmanager."""
    follow(database, change(report(state=State.PENDING)), now=0)
    follow(database, change(report(), rule=None), now=0)
    follow(database, change(report()), now=0, targets=())
    assert claim(database, 10**6) == []


def test_each_alertmanager_has_its_own(database: Database) -> None:
    """What one of them took is still due for the other; a batch has at most as many as asked for."""
    follow(database, change(report()), now=0, targets=(ONE, TWO))
    land(database, claim(database, 0), 60, sent_at=1)
    assert [row.target for row in claim(database, 1, TWO)] == [TWO]
    other = replace(report(), fingerprint="b", labels={"alertname": "B"})
    follow(database, ReportChange("rule", "b", other, rule="rule"), now=60)
    assert len(claim(database, 60, count=1)) == 1
    assert len(claim(database, 60)) == 1


def test_after_a_change_of_the_configuration(database: Database) -> None:
    """A new Alertmanager hears of what fires already, one that is gone is forgotten, and what ended unseen ends."""
    follow(database, change(report()), now=0)
    database.transaction(forwards.catch_up, ORG, [report(), report(state=State.PENDING)], [ONE, TWO], 5)
    assert len(claim(database, 5, TWO)) == 1
    assert database.transaction(forwards.forget_targets, ORG, [TWO]) == 1
    assert claim(database, 10**6) == []
    database.transaction(forwards.catch_up, ORG, [], [TWO], 9)
    (ended,) = claim(database, 9, TWO)
    assert ended.ends_at == 9
