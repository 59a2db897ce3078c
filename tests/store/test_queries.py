"""Listings: whatever there is, pages show each alert once, in order, and the filters agree with plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from alertd.alerts.alert import Acknowledgement, Alert, Report, Snooze
from alertd.alerts.labels import fingerprint
from alertd.alerts.machine import Instance, State
from alertd.routing.gates import Gate
from alertd.routing.matchers import matches_all, parse_matcher
from alertd.store import alerts as alert_rows
from alertd.store import history, queries
from alertd.store.database import Database
from alertd.store.history import Event
from alertd.store.queries import AlertFilter, AlertState, ListedAlert, Position, Suppression
from alertd.store.tables import alerts, reports

NOW = 1_769_860_800_000
ORGANISATION = "acme"


def judge(alert: Alert) -> tuple[Suppression, ...]:
    """The gates of these tests: whoever has the label `quiet` is silenced."""
    return (Suppression(Gate.SILENCED, "s1"),) if "quiet" in alert.labels else ()


def make_alert(number: int, starts_at: int = NOW, ends_at: int | None = None, **labels: str) -> Alert:
    labels = {"alertname": f"A{number}", **labels}
    return Alert(
        fingerprint=fingerprint(labels),
        labels=labels,
        annotations={},
        severity=labels.get("severity", ""),
        starts_at=starts_at,
        ends_at=ends_at,
        episode="e",
        updated_at=NOW,
    )


def make_report(alert: Alert, state: State = State.PENDING, producer: str = "rule") -> Report:
    instance = Instance(state, alert.severity, alert.starts_at)
    return Report(producer, alert.fingerprint, alert.labels, {}, instance, NOW)


def write(connection: Connection, stored: Sequence[Alert], pending: Sequence[Report] = ()) -> None:
    connection.execute(alerts.delete())
    connection.execute(reports.delete())
    alert_rows.write_alerts(connection, ORGANISATION, stored, 1)
    alert_rows.write_reports(connection, ORGANISATION, pending)


def listed(database: Database, wanted: AlertFilter, stretch: int = 500) -> list[ListedAlert]:
    """All pages of the listing."""
    found: list[ListedAlert] = []
    after: Position | None = None
    while True:
        page = database.transaction(queries.alert_page, ORGANISATION, wanted, judge, NOW, after=after, stretch=stretch)
        found += page.alerts
        after = page.resume
        if after is None:
            return found


VALUES = st.sampled_from(["a", "A", "%", "_", 'q"uote', "back\\slash", "ü", "\n", "a,b"])
STORED = st.lists(
    st.builds(
        lambda number, start, end, team, severity: make_alert(
            number, NOW - start, end, team=team, **({"severity": severity} if severity else {})
        ),
        st.integers(0, 9),
        st.integers(0, 3),
        st.sampled_from([None, None, NOW]),
        VALUES,
        st.sampled_from(["", "warning", "critical"]),
    ),
    max_size=12,
    unique_by=lambda alert: alert.fingerprint,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=STORED,
    pending=STORED,
    operator=st.sampled_from(["=", "!=", "=~", "!~"]),
    value=VALUES,
    states=st.sets(st.sampled_from(AlertState)),
    severities=st.sets(st.sampled_from(["", "warning", "critical"])),
    stretch=st.integers(1, 4),
)
def test_pages(
    database: Database,
    stored: list[Alert],
    pending: list[Alert],
    operator: str,
    value: str,
    states: set[AlertState],
    severities: set[str],
    stretch: int,
) -> None:
    """However long the stretches are, the pages together are the whole, filtered and sorted, and nothing is twice."""
    database.transaction(write, stored, [make_report(alert) for alert in pending])
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    matcher = parse_matcher(f'team{operator}"{quoted}"')
    wanted = AlertFilter((matcher,), frozenset(states), frozenset(severities))

    every = {alert.fingerprint: (alert, AlertState.PENDING) for alert in pending}
    for alert in stored:
        if alert.fires:
            every[alert.fingerprint] = alert, AlertState.FIRING
        else:
            every.setdefault(alert.fingerprint, (alert, AlertState.RESOLVED))
    expected = [
        (alert.starts_at, fingerprint, state)
        for fingerprint, (alert, state) in every.items()
        if matches_all([matcher], alert.labels)
        and (not states or state in states)
        and (not severities or alert.severity in severities)
    ]
    found = [(*item.position, item.state) for item in listed(database, wanted, stretch)]
    assert found == sorted(expected, reverse=True)

    counts = database.transaction(queries.count_alerts, ORGANISATION, judge, NOW)
    for state in AlertState:
        assert counts.of(state) == sum(is_ is state for _, is_ in every.values())


@pytest.mark.parametrize(
    ("labels", "acknowledged", "snoozed", "state"),
    [
        ({}, None, None, AlertState.FIRING),
        ({"quiet": "yes"}, None, None, AlertState.SUPPRESSED),
        ({"quiet": "yes"}, NOW + 1, NOW + 1, AlertState.ACKNOWLEDGED),
        ({"quiet": "yes"}, NOW, NOW + 1, AlertState.SNOOZED),
        ({}, NOW, NOW, AlertState.FIRING),
    ],
)
def test_states(
    database: Database, labels: dict[str, str], acknowledged: int | None, snoozed: int | None, state: AlertState
) -> None:
    """Marks count before gates and until their end; listing, single alert and counts agree."""
    alert = make_alert(1, **labels)
    if acknowledged is not None:
        alert = replace(alert, acknowledgement=Acknowledgement("ann", NOW - 1, acknowledged))
    if snoozed is not None:
        alert = replace(alert, snooze=Snooze("ann", snoozed))
    database.transaction(write, [alert])
    (found,) = listed(database, AlertFilter(states=frozenset({state})))
    assert (found.state, found.alert) == (state, alert)
    assert database.transaction(queries.get_alert, ORGANISATION, alert.fingerprint, judge, NOW) == found
    assert database.transaction(queries.count_alerts, ORGANISATION, judge, NOW).of(state) == 1
    for other in set(AlertState) - {state}:
        assert listed(database, AlertFilter(states=frozenset({other}))) == []


def test_two_producers_wait(database: Database) -> None:
    """Of two pending reports of one label set, the one that has waited longer gives the start; it is shown once."""
    alert = make_alert(1)
    waiting = [make_report(replace(alert, starts_at=NOW - wait), producer=f"rule{wait}") for wait in (1, 3, 2)]
    database.transaction(write, [], waiting)
    (found,) = listed(database, AlertFilter())
    assert (found.state, found.alert.starts_at) == (AlertState.PENDING, NOW - 3)
    assert database.transaction(queries.count_reports, ORGANISATION) == {
        f"rule{wait}": {"pending": 1} for wait in (1, 2, 3)
    }


def test_other_organisations(database: Database) -> None:
    """Nothing of one organisation is in the listings, counts and history of another."""
    alert = make_alert(1)
    database.transaction(write, [alert], [make_report(make_alert(2))])
    database.transaction(history.record, ORGANISATION, [Event(NOW, "note")])

    def other(connection: Connection) -> None:
        assert queries.alert_page(connection, "other", AlertFilter(), judge, NOW).alerts == []
        assert queries.get_alert(connection, "other", alert.fingerprint, judge, NOW) is None
        assert not any(queries.count_alerts(connection, "other", judge, NOW).of(state) for state in AlertState)
        assert queries.count_reports(connection, "other") == {}
        assert queries.history_page(connection, "other") == []

    database.transaction(other)


def test_history(database: Database) -> None:
    """Every filter of the history narrows it, and the page goes on behind an id."""
    events = [
        Event(NOW, "note", "ann", fingerprint="f1"),
        Event(NOW + 1, "note", "bob", rule="r1"),
        Event(NOW + 2, "fired", "r1", notification_id="n1", details={"a": 1}),
    ]
    database.transaction(history.record, ORGANISATION, events)

    def found(**filters: object) -> list[int]:
        page = database.transaction(queries.history_page, ORGANISATION, **filters)
        return [event.at - NOW for event in page]

    assert found() == [2, 1, 0]
    assert found(events=["note"]) == [1, 0]
    assert found(actor="bob") == [1]
    assert found(rule="r1") == [1]
    assert found(fingerprint="f1") == [0]
    assert found(notification="n1") == [2]
    assert found(since=NOW + 1) == [2, 1]
    assert found(until=NOW + 1) == [0]
    first = database.transaction(queries.history_page, ORGANISATION, limit=1)
    assert first[0].details == {"a": 1}
    assert found(before_id=first[0].id) == [1, 0]
